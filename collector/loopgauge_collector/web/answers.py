"""What every route of the API checks and how it says no: one sentence, as JSON.

A refusal here is ``{"detail": "…"}``. The receivers have their own gate: they count
what they turn away, a wrong question loses nothing.
"""

import ipaddress
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from loopgauge_catalog.errors import closest
from loopgauge_catalog.values import KpiValue, Snapshot

from loopgauge_collector.errors import Refused

#: Headers of every answer: never kept by a cache, never taken for another type.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

#: Bytes that a body of the API may have; the longest is a query.
MAX_BODY = 64 * 1024

_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def answer(body: object, status: int = 200, **headers: str) -> JSONResponse:
    """A JSON answer with our headers."""
    return JSONResponse(body, status, headers=HEADERS | headers)


def refusal(status: int, sentence: str, **headers: str) -> HTTPException:
    """The exception that becomes ``{"detail": sentence}``."""
    return HTTPException(status, sentence, headers=HEADERS | headers)


def from_refused(error: Refused) -> HTTPException:
    """The collector's own refusal as an answer."""
    retry = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    return refusal(error.status, error.detail, **retry)


def only(request: Request, *names: str) -> None:
    """Refuse a query parameter that the route does not know: a typo must not be ignored."""
    for given in request.query_params:
        if given not in names:
            takes = ", ".join(names) or "none"
            raise refusal(
                400,
                f"unknown parameter {shown(given)}{did_you_mean(given, names)} "
                f"(this route takes {takes})",
            )


def shown(text: str) -> str:
    """What the sender wrote, short and quoted, for a message."""
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``, did you mean 'x'?`` or nothing."""
    close = closest(given, known)
    return f", did you mean {close!r}?" if close is not None else ""


def present(snapshot: Snapshot | None) -> Snapshot:
    """The Snapshot; 503 while there is none yet."""
    if snapshot is None:
        raise refusal(
            503,
            "nothing is evaluated yet; try again in a second, /readyz says what is missing",
            **{"Retry-After": "1"},
        )
    return snapshot


def find_kpi(snapshot: Snapshot, product: str, key: str) -> KpiValue:
    """The value of a KPI; 404 with the nearest name when there is none."""
    kpi_id = f"{product}.{key}"
    value = snapshot.by_id.get(kpi_id)
    if value is None:
        raise refusal(
            404,
            f"there is no KPI {shown(kpi_id)}{did_you_mean(kpi_id, snapshot.by_id)} "
            "(GET /api/v1/kpis lists all)",
        )
    return value


def read_time(name: str, text: str) -> datetime:
    """A moment of a query: RFC 3339, with its zone."""
    try:
        # A plus sign that was not encoded arrives as a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise refusal(
        400,
        f"{name}={shown(text)} is no moment; write RFC 3339 with the zone, "
        "such as 2026-11-21T10:30:00Z",
    )


def require_loopback(request: Request) -> None:
    """403 for everybody who is not on this machine, or who came through a proxy."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        is_local = False
    else:
        mapped = getattr(address, "ipv4_mapped", None)
        is_local = (mapped or address).is_loopback
    if not is_local or any(name in request.headers for name in _PROXY_HEADERS):
        raise refusal(
            403,
            f"{request.url.path} answers on loopback only; call it on the collector's machine, "
            "not through a proxy",
        )


async def read_json(request: Request) -> dict[str, Any]:
    """The body as a JSON object.

    Only `application/json` is read: a browser sends that to another origin only after
    asking, and we never say yes.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise refusal(415, "send the body as JSON, with Content-Type: application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise refusal(413, f"the body is longer than {MAX_BODY} bytes, the limit of this route")
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise refusal(400, "the body is not JSON") from None
    if not isinstance(content, dict):
        raise refusal(400, "the body must be a JSON object, such as {}")
    return content
