"""``/``: every KPI on one page that a lead can read and an on-call engineer can trust.

Server-rendered, no script, one stylesheet of our own. The template escapes everything:
titles and label values are other people's words.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from loopgauge_collector.web.answers import HEADERS, only
from loopgauge_collector.web.page_view import page_of
from loopgauge_collector.web.questions import filtered

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector

_TEMPLATES = resources.files("loopgauge_collector.web") / "templates"

SECURITY = HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


def _now() -> datetime:
    return datetime.now(UTC)


def router(collector: "Collector", now: Callable[[], datetime] = _now) -> APIRouter:
    """The page, its stylesheet and its icon."""
    routes = APIRouter()
    template = _environment().get_template("page.html")
    style = (_TEMPLATES / "style.css").read_bytes()
    icon = (_TEMPLATES / "icon.svg").read_bytes()
    version = hashlib.sha256(style + icon).hexdigest()[:12]

    def page(status: int = 200, **context: object) -> HTMLResponse:
        text = template.render(version=version, not_ready=collector.not_ready(), **context)
        return HTMLResponse(text, status, headers=SECURITY)

    @routes.get("/")
    def overview(request: Request) -> HTMLResponse:
        snapshot = collector.snapshots.latest()
        if snapshot is None:
            return page(view=None, refresh=2)
        try:
            only(request, "product", "state")
            values = filtered(snapshot, request)
        except HTTPException as refusal:
            return page(400, view=None, message=refusal.detail)
        chosen = (request.query_params.get("product"), request.query_params.get("state"))
        return page(view=page_of(snapshot, values, *chosen, now()), refresh=10)

    @routes.get("/style.css")
    async def stylesheet() -> Response:
        return _asset(style, "text/css; charset=utf-8")

    @routes.get("/icon.svg")
    async def favicon() -> Response:
        return _asset(icon, "image/svg+xml")

    return routes


def _asset(content: bytes, media_type: str) -> Response:
    """A file whose link carries its hash, so that a browser may keep it."""
    headers = SECURITY | {"Cache-Control": "max-age=86400", "Content-Type": media_type}
    return Response(content, headers=headers)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("loopgauge_collector.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
