"""Is the process alive, and can it take events? For supervisors and load balancers."""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from loopgauge_collector.web.answers import answer

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector


def router(collector: "Collector") -> APIRouter:
    """``/healthz`` and ``/readyz``."""
    routes = APIRouter()

    # Neither waits for a thread: they must answer while every thread is busy.
    @routes.get("/healthz")
    async def healthz() -> JSONResponse:
        return answer({"status": "ok"})

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        reasons = collector.not_ready()
        if reasons:
            return answer({"ready": False, "reasons": reasons}, 503, **{"Retry-After": "2"})
        return answer({"ready": True, "reasons": []})

    return routes
