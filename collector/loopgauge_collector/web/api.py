"""The read API: every KPI of a Snapshot, one KPI at a moment, its history, the pipeline.

Routes that compute are plain functions, which FastAPI runs in a thread: the loop that
takes events in never waits for a question.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue

from loopgauge_collector.errors import Refused
from loopgauge_collector.web.answers import (
    answer,
    did_you_mean,
    find_kpi,
    from_refused,
    only,
    read_json,
    refusal,
    require_loopback,
    shown,
)
from loopgauge_collector.web.presentation import (
    Json,
    head_json,
    health_json,
    instant,
    kpi_detail_json,
    point_json,
    snapshot_json,
    source_json,
)
from loopgauge_collector.web.questions import (
    asked_period,
    asked_snapshot,
    asked_step,
    asked_window,
    filtered,
    past,
)

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector

MAX_SOURCES = 5000

Result = TypeVar("Result")


def router(collector: "Collector") -> APIRouter:
    """The routes under ``/api/v1`` that read, and the two that ask the collector to act."""
    routes = APIRouter(prefix="/api/v1")

    @routes.get("/kpis")
    def list_kpis(request: Request) -> JSONResponse:
        only(request, "snapshot", "product", "state")
        snapshot = asked_snapshot(collector, request)
        return answer(snapshot_json(snapshot, filtered(snapshot, request)))

    @routes.get("/kpis/{product}/{key}")
    def one_kpi(request: Request, product: str, key: str) -> JSONResponse:
        only(request, "window", "at", "snapshot")
        snapshot = asked_snapshot(collector, request)
        value = find_kpi(snapshot, product, key)
        window = asked_window(request, value)
        at = request.query_params.get("at")
        if at is not None or not _is_kept(value, window):
            moment = past("at", at, snapshot) if at is not None else snapshot.as_of
            value = _computed(lambda: collector.value_at(value.kpi.id, window, moment))
        return answer(head_json(snapshot) | _over(value, window))

    @routes.get("/kpis/{product}/{key}/history")
    def history(request: Request, product: str, key: str) -> JSONResponse:
        only(request, "from", "to", "step", "window")
        snapshot = asked_snapshot(collector, request)
        value = find_kpi(snapshot, product, key)
        window = asked_window(request, value)
        start, end = asked_period(request, value, snapshot)
        step = asked_step(request, start, end)
        points = _computed(lambda: collector.history(value.kpi.id, start, end, step, window))
        length = window or value.kpi.own_window
        return answer(
            head_json(snapshot)
            | {
                "id": value.kpi.id,
                "unit": value.unit,
                "window": format_duration(length) if length is not None else None,
                "from": instant(start),
                "to": instant(end),
                "step_seconds": step / 1_000_000,
                "points": [_point(point, window) for point in points],
            }
        )

    @routes.get("/sources")
    def sources(request: Request) -> JSONResponse:
        only(request)
        found = collector.sources()
        return answer(
            {
                "sources": [source_json(source) for source in found[:MAX_SOURCES]],
                "truncated": len(found) > MAX_SOURCES,
            }
        )

    @routes.get("/status")
    def status(request: Request) -> JSONResponse:
        only(request)
        return answer(_status(collector))

    @routes.post("/rebuild")
    async def rebuild(request: Request) -> JSONResponse:
        require_loopback(request)
        only(request)
        ids = _kpi_ids(await read_json(request), collector)
        try:
            await collector.rebuild(ids)
        except Refused as error:
            raise from_refused(error) from None
        every = [kpi.id for kpi in collector.catalog.kpis()]
        return answer({"rebuilding": every if ids is None else ids}, 202)

    @routes.post("/reload")
    async def reload(request: Request) -> JSONResponse:
        require_loopback(request)
        only(request)
        await read_json(request)
        try:
            said = await collector.reload()
        except CatalogError as error:
            raise refusal(422, f"the catalog stays as it was: {error}") from None
        return answer({"catalog": said})

    return routes


def _computed(read: Callable[[], Result]) -> Result:
    """What the collector computes for this question alone; its refusals become answers."""
    try:
        return read()
    except Refused as error:
        raise from_refused(error) from None


def _is_kept(value: KpiValue, window: int | None) -> bool:
    """Whether the Snapshot itself has the number over this window."""
    return window in {None, value.kpi.own_window} or format_duration(window or 0) in value.windows


def _over(value: KpiValue, window: int | None) -> Json:
    """The value as JSON; over another window than its own it has no state.

    A target is judged over the row's own window alone (KPI_SEMANTICS, section 4).
    """
    if window is None or window == value.kpi.own_window:
        return kpi_detail_json(value)
    name = format_duration(window)
    body = kpi_detail_json(replace(value, reading=value.windows[name]))
    return body | dict.fromkeys(("state", "state_since", "attainment", "sure")) | {"window": name}


def _point(value: KpiValue, window: int | None) -> Json:
    if window is None or window == value.kpi.own_window:
        return point_json(value)
    reading = value.windows[format_duration(window)]
    return point_json(replace(value, reading=reading)) | {"state": None}


def _status(collector: "Collector") -> Json:
    snapshot = collector.snapshots.latest()
    catalog = collector.catalog
    head: Json = head_json(snapshot) if snapshot is not None else {"as_of": None, "snapshot": None}
    states = Counter(value.state.value for value in snapshot.kpis) if snapshot is not None else {}
    return head | {
        "not_ready": collector.not_ready(),
        "catalog": {
            "revision": catalog.revision,
            "products": {name: one.title for name, one in catalog.products.items()},
            "kpis": sum(1 for _ in catalog.kpis()),
        },
        "states": {state.value: states.get(state.value, 0) for state in State},
        "pipeline": health_json(snapshot.health) if snapshot is not None else None,
    }


def _kpi_ids(body: Json, collector: "Collector") -> list[str] | None:
    if unknown := set(body) - {"kpis"}:
        raise refusal(400, f"unknown field {shown(min(unknown))}; the body is {{'kpis': […]}}")
    ids = body.get("kpis")
    if ids is None:
        return None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or not ids:
        raise refusal(400, "kpis must be a list of KPI ids, or left out for all")
    known = [kpi.id for kpi in collector.catalog.kpis()]
    for one in ids:
        if one not in known:
            raise refusal(404, f"there is no KPI {shown(one)}{did_you_mean(one, known)}")
    return ids
