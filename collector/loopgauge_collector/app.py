"""The application: the gate, the receivers' routes, and everything that is read."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from loopgauge_collector import intake
from loopgauge_collector.gate.door import Gate
from loopgauge_collector.web import api, health, metrics, pages, quarantine_api, sql_api

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector


def create_app(collector: "Collector") -> FastAPI:
    """The HTTP interface of a collector that somebody else starts and stops."""
    app = FastAPI(
        title="LoopGauge",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Gate, collector=collector)
    app.router.routes.extend(intake.routes(collector))
    for part in (api, quarantine_api, sql_api, metrics, health, pages):
        app.include_router(part.router(collector))
    return app
