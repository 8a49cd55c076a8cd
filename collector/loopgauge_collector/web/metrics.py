"""``/metrics``: the newest Snapshot for Prometheus, rendered once however many scrape it."""

import threading
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from loopgauge_catalog.values import Snapshot
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, Pages, families, negotiate

from loopgauge_collector.web.answers import HEADERS, present

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector


class RenderedPages:
    """The pages of the newest Snapshot, by format."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number: int | None = None
        self._pages: dict[str, bytes] = {}
        self._writers = {each: Pages(each) for each in (TEXT, OPENMETRICS)}

    def page(self, snapshot: Snapshot, content_type: str) -> bytes:
        """The Snapshot in this format; a second caller waits for the first instead of working."""
        with self._lock:
            if self._number != snapshot.number:
                self._number, self._pages = snapshot.number, {}
            if content_type not in self._pages:
                page = self._writers[content_type].write(families(snapshot))
                self._pages[content_type] = page
            return self._pages[content_type]


def router(collector: "Collector") -> APIRouter:
    """The one route."""
    routes = APIRouter()
    pages = RenderedPages()

    @routes.get("/metrics")
    def metrics(request: Request) -> Response:
        snapshot = present(collector.snapshots.latest())
        content_type = negotiate(request.headers.get("accept"))
        page = pages.page(snapshot, content_type)
        return Response(page, headers=HEADERS | {"Content-Type": content_type, "Vary": "Accept"})

    return routes
