"""What a question to the API asks for: which Snapshot, which KPIs, which window and period."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fastapi import Request
from loopgauge_catalog.quantities import format_duration, parse_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Snapshot

from loopgauge_collector.evaluation.past import MAX_STEPS
from loopgauge_collector.web.answers import did_you_mean, present, read_time, refusal, shown
from loopgauge_collector.web.presentation import instant

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector

DEFAULT_POINTS = 200
_DURATION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?[a-z]{1,3}")
MINUTE = 60_000_000
MAX_WINDOW = 400 * 24 * 60 * MINUTE


def filtered(snapshot: Snapshot, request: Request) -> list[KpiValue]:
    """The Snapshot's values of the asked product and state, in the catalog's order."""
    product = request.query_params.get("product")
    state = request.query_params.get("state")
    products, states = list(snapshot.catalog.products), [one.value for one in State]
    if product is not None and product not in products:
        raise refusal(
            400,
            f"there is no product {shown(product)}{did_you_mean(product, products)} "
            f"(there are {', '.join(products)})",
        )
    if state is not None and state not in states:
        raise refusal(
            400,
            f"there is no state {shown(state)}{did_you_mean(state, states)} "
            f"(there are {', '.join(states)})",
        )
    return [
        value
        for value in snapshot.kpis
        if product in {None, value.kpi.product} and state in {None, value.state.value}
    ]


def asked_snapshot(collector: "Collector", request: Request) -> Snapshot:
    """The newest Snapshot, or the numbered one that is asked for; 404 when that is gone."""
    latest = present(collector.snapshots.latest())
    asked = request.query_params.get("snapshot")
    if asked is None:
        return latest
    if not asked.isascii() or not asked.isdigit() or len(asked) > 18:
        raise refusal(400, f"snapshot={shown(asked)} is no number; the newest is {latest.number}")
    found = collector.snapshots.numbered(int(asked))
    if found is None:
        raise refusal(
            404,
            f"snapshot {int(asked)} is not kept; the newest is {latest.number}, "
            "and the last ten can be read",
        )
    return found


def _duration(name: str, text: str) -> int:
    # The catalog's parser also takes 1e999999999, which its author has to wait for himself.
    if not _DURATION.fullmatch(text):
        raise refusal(400, f"{name}={shown(text)} is no duration; write 30m, 24h or 28d")
    try:
        return parse_duration(text)
    except ValueError as error:
        raise refusal(400, f"{name}: {str(error)[:200]}") from None


def asked_window(request: Request, value: KpiValue) -> int | None:
    """The asked window in microseconds; None for the KPI's own."""
    text = request.query_params.get("window")
    if text is None:
        return None
    if value.kpi.own_window is None:
        raise refusal(
            400, f"{value.kpi.id} is a {value.kpi.kind} KPI and has no window; leave window out"
        )
    window = _duration("window", text)
    if not MINUTE <= window <= MAX_WINDOW:
        raise refusal(400, f"window={shown(text)} is out of range; ask for 1m to 400d")
    return window


def past(name: str, text: str, snapshot: Snapshot) -> datetime:
    """A moment that is not ahead of us."""
    moment = read_time(name, text)
    if moment > max(snapshot.as_of, datetime.now(UTC)):
        raise refusal(400, f"{name}={shown(text)} is in the future")
    return moment


def asked_period(
    request: Request, value: KpiValue, snapshot: Snapshot
) -> tuple[datetime, datetime]:
    """From when to when, by default the last own window, at least a day, until now."""
    given = request.query_params
    end = past("to", given["to"], snapshot) if "to" in given else snapshot.as_of
    if "from" in given:
        start = past("from", given["from"], snapshot)
    else:
        start = end - max(
            timedelta(days=1), timedelta(microseconds=value.kpi.own_window or 7 * 1440 * MINUTE)
        )
    if start >= end:
        raise refusal(400, f"from ({instant(start)}) must lie before to ({instant(end)})")
    return start, end


def asked_step(request: Request, start: datetime, end: datetime) -> int:
    """The step in microseconds; without one, about 200 points in whole minutes."""
    length = (end - start) // timedelta(microseconds=1)
    text = request.query_params.get("step")
    if text is None:
        return max(MINUTE, -(-length // (DEFAULT_POINTS * MINUTE)) * MINUTE)
    step = _duration("step", text)
    if step < MINUTE:
        raise refusal(400, f"step={shown(text)} is too fine; the finest is 1m")
    if length // step + 1 > MAX_STEPS:
        coarse = format_duration(-(-length // ((MAX_STEPS - 1) * MINUTE)) * MINUTE)
        raise refusal(
            400,
            f"that would be {length // step + 1} points and {MAX_STEPS} is the limit; "
            f"use step={coarse} or a shorter period",
        )
    return step
