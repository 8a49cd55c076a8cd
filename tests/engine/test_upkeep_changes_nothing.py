"""Compaction is invisible: whatever is asked, before and after, the answer is the same to the bit.

`LOOPGAUGE_UPKEEP_EXAMPLES=1000 pytest tests/engine/test_upkeep_changes_nothing.py` for a long look.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.values import KpiValue

from tests.engine.harness import (
    DAY,
    HEARTBEAT,
    HOUR,
    MINUTE,
    SECOND,
    Engine,
    Event,
    moment,
    product,
)

#: Some 90 days after the clocks went back in Berlin and Havana, so that days of 25 h are kept.
SHRINK = "LOOPGAUGE_ORACLE_SHRINK" in os.environ
NOON = moment("2027-02-03 12:00")

_EVENTS = {
    "order.placed": {"attributes": {"amount": {"type": "number"}, "took": {"type": "number", "unit": "ms"}}},
    "scan.done": {"source": "batch", "attributes": {"found": {"type": "integer"}}},
    "cost.incurred": {"attributes": {"cost.amount": {"type": "money", "unit": "usd"}, "plan": {}}},
}  # fmt: skip
_ORDER = {"event": "order.placed"}
_JOB = {
    "from": "job.started", "to": "job.done", "fails": "job.failed", "excludes": "job.cancelled",
    "by": "job.id",
}  # fmt: skip
_PATH = ["job.started", "order.placed", ["job.done", "job.failed"]]
#: Half of the kinds each, so that an example stays quick.
_SUMS: dict[str, dict[str, Any]] = {
    "orders": {**_ORDER, "kind": "count", "window": "24h", "labels": ["plan"]},
    "firsts": {**_ORDER, "kind": "count", "window": "100d", "once_per": "order.id", "labels": ["plan"]},
    "amount": {**_ORDER, "kind": "sum", "value": "amount", "window": "7d"},
    "daily": {**_ORDER, "kind": "rate", "window": "28d", "once_per": "order.id"},
    "mean": {**_ORDER, "kind": "mean", "value": "amount", "window": "90d", "labels": ["plan"]},
    "errors": {**_ORDER, "kind": "ratio", "matching": {"plan": "b"}, "window": "1h"},
    "latency": {
        **_ORDER, "kind": "quantile", "value": "took", "window": "28d", "labels": ["plan"],
        "target": {"below": "200ms", "share": "95%"},
    },
    "found": {
        "event": "scan.done", "kind": "latest", "value": "found", "per": ["scanner", "component"],
        "stale_after": "48h", "drop_after": "30d", "retired_by": "component.retired",
    },
    "cost": {"kind": "cost", "window": "24h", "labels": ["plan"]},
    "unit_cost": {"kind": "cost_per", "per": {**_ORDER, "once_per": "order.id"}, "window": "7d"},
    "spent": {"kind": "budget", "budget": "all"},
    "forecast": {"kind": "budget", "budget": "all", "read": "forecast"},
    "used": {
        **_ORDER, "kind": "quota", "value": "took", "per": ["plan"], "limit": 10,
        "timezone": "America/Los_Angeles",
    },
    "drift": {
        **_ORDER, "kind": "drift", "value": "took", "range": [0, 1], "bins": 3, "per": "plan",
        "window": "24h",
    },
    "moved": {
        **_ORDER, "kind": "drift", "value": "took", "range": [0, 1], "bins": 3, "per": "plan",
        "reference": {"from": "2026-10-20", "to": "2026-10-28"}, "window": "28d",
    },
    "jobs_per_order": {
        "kind": "per", "numerator": {"event": "job.started", "once_per": "job.id"},
        "denominator": {**_ORDER, "once_per": "order.id"}, "window": "24h",
    },
    "up": {**_ORDER, "kind": "uptime", "up": {"plan": ["a", "b"]}, "every": "1h", "window": "24h"},
    "places": {
        **_ORDER, "kind": "uptime", "up": {"plan": "a"}, "location": "order.id", "every": "24h",
        "window": "7d",
    },
    "grown": {
        "event": "scan.done", "kind": "delta", "value": "found", "per": ["scanner", "component"],
        "window": "24h",
    },
    "month": {
        "event": "scan.done", "kind": "delta", "value": "found", "per": ["component"],
        "window": "month",
    },
    "age": {"event": "scan.done", "kind": "age", "per": ["component"]},
}  # fmt: skip
_SUBJECTS: dict[str, dict[str, Any]] = {
    "orders": _SUMS["orders"],
    "found": _SUMS["found"],
    "quick": {
        **_JOB, "kind": "duration", "expires": "20m", "window": "24h", "labels": ["plan"],
        "target": {"within": "5m", "share": "80%"},
    },
    "slow": {**_JOB, "kind": "duration", "expires": "14d", "window": "28d"},
    "mended": {**_JOB, "kind": "duration", "anchor": "end", "window": "28d"},
    "finished": {**_JOB, "kind": "conversion", "expires": "3d", "window": "7d", "labels": ["plan"]},
    "soon": {**_JOB, "kind": "conversion", "expires": "10m", "window": "1h"},
    "path": {
        "kind": "funnel", "steps": _PATH, "by": "job.id", "expires": "20m", "window": "24h",
        "labels": ["plan"],
    },
    "way": {"kind": "funnel", "steps": _PATH, "by": "job.id", "expires": "14d", "window": "week"},
    "users": {
        "kind": "distinct", "events": ["order.placed", "job.done"], "by": "job.id",
        "window": "24h", "labels": ["plan"],
    },
    "month": {"kind": "distinct", "events": "order.placed", "by": "job.id", "window": "28d"},
    "askers": {
        "kind": "subject_share", "having": "job.failed", "among": "job.started", "by": "job.id",
        "window": "7d",
    },
    "newest": {
        **_ORDER, "kind": "ratio", "matching": {"plan": "a"}, "last_per": "job.id",
        "window": "7d", "labels": ["plan"],
    },
    "open": {"kind": "in_flight", "from": "job.started", "to": "job.done", "by": "job.id"},
    "most": {
        "kind": "in_flight", "from": "job.started", "to": "job.done", "by": "job.id",
        "expires": "90m", "read": "maximum", "window": "24h", "labels": ["plan"],
    },
}  # fmt: skip
KPIS = {"sums": _SUMS, "subjects": _SUBJECTS}
_ZONES = ("Europe/Berlin", "Asia/Kathmandu", "America/Havana", "UTC")


def products(half: str, zone: str) -> list[dict[str, Any]]:
    """One with every KPI, and one in another zone that shares its days."""
    few = {key: _SUBJECTS[key] for key in ("orders", "found", "slow")}
    budgets = {"budgets": {"all": {"limit": "$10", "timezone": "Europe/Berlin"}}}
    return [
        product(KPIS[half], _EVENTS, name="shop", zone=zone) | budgets,
        product(few, _EVENTS, name="store", zone="America/Los_Angeles"),
    ]


#: Local midnights of the three zones, and the days on which their clocks changed.
_MIDNIGHTS = [
    moment(text)
    for text in (
        "2026-10-24 22:00", "2026-10-25 23:00", "2026-10-20 18:15", "2026-11-01 04:00",
        "2026-11-02 05:00", "2026-11-01 05:30", "2026-10-25 01:00", "2026-11-05 12:00",
    )
]  # fmt: skip
_NEAR = st.sampled_from([0, -1, SECOND, -MINUTE, 3 * MINUTE, 14 * MINUTE, 15 * MINUTE, 50 * MINUTE])
_TIMES = (
    st.builds(lambda a: NOON - a, st.integers(0, 120 * DAY))
    | st.builds(
        lambda a, d: NOON - a - d,
        st.sampled_from([0, HOUR, 23 * HOUR, 25 * HOUR, 26 * HOUR, 28 * DAY, 90 * DAY, 91 * DAY]),
        _NEAR,
    )
    | st.builds(lambda a, d: a + d, st.sampled_from(_MIDNIGHTS), _NEAR)
)


_OWNERS = st.sampled_from(["shop"] * 5 + ["store"])


@st.composite
def _orders(draw: st.DrawFn) -> list[Event]:
    attributes = {
        "amount": draw(st.sampled_from([0, 1, 2.5, -3, "x"])),
        "took": draw(st.sampled_from([0, 80, 199.9, 200, 2e3])),
        "plan": draw(st.sampled_from(["a", "a", "b", "c", "d"])),
        "order.id": draw(st.sampled_from(["o1", "o2", "o3"])),
        "job.id": draw(st.sampled_from(["j0", "j1", "j2"])),
        "cost.amount": draw(st.sampled_from(["1.25", "0.000001", "x"])),
    }
    name = draw(st.sampled_from(["order.placed"] * 4 + ["cost.incurred"]))
    return [Event(name, draw(_TIMES), attributes, product=draw(_OWNERS))]


@st.composite
def _jobs(draw: st.DrawFn) -> list[Event]:
    """A job from its beginning to all that may come of it, in any order."""
    began, owner = draw(_TIMES), draw(_OWNERS)
    attributes = {"job.id": draw(st.sampled_from([f"j{n}" for n in range(12)])), "plan": "a"}
    lasts = st.integers(-SECOND, 20 * MINUTE) | st.integers(0, 20 * DAY) | _NEAR
    ends = draw(
        st.lists(
            st.tuples(st.sampled_from(["done", "done", "failed", "cancelled"]), lasts), max_size=3
        )
    )
    return [
        Event(f"job.{name}", min(began + after, NOON + 5 * MINUTE), attributes, product=owner)
        for name, after in [("started", 0), *ends]
    ]  # fmt: skip


@st.composite
def _scans(draw: st.DrawFn) -> list[Event]:
    parts = {"scanner": "t", "component": draw(st.sampled_from(["api", "web"]))}
    if draw(st.sampled_from([True, True, True, False])):
        name, more = "scan.done", {"found": draw(st.integers(0, 3))}
    else:
        name, more = "component.retired", {}
        parts = draw(st.sampled_from([parts, {"component": "api"}]))
    return [Event(name, draw(_TIMES), {**parts, **more}, product=draw(_OWNERS))]


@dataclass(frozen=True)
class Life:
    """What a store sees.

    Attributes:
        zone: of the product that most events belong to.
        turns: events that arrive together, and how much later the next ones do.
        moments: what is asked about.
    """

    zone: str
    turns: tuple[tuple[tuple[Event, ...], int], ...]
    moments: tuple[int, ...]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A random life of about 120 days, whose last turns lie an hour to some weeks after noon."""
    made = draw(
        st.lists(_orders() | _orders() | _jobs() | _jobs() | _scans(), min_size=5, max_size=40)
    )
    events = draw(st.permutations([event for group in made for event in group]))
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), min_size=1, max_size=2)))
    parts = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    waits = st.sampled_from([0, MINUTE, HOUR, 7 * HOUR + 11 * MINUTE, 2 * DAY, 30 * DAY])
    near = st.sampled_from([event.time for event in events])
    moments = draw(
        st.lists(st.builds(lambda a, d: a + d, near, _NEAR) | _TIMES, min_size=1, max_size=4)
    )
    return Life(
        draw(st.sampled_from(_ZONES)),
        tuple((tuple(part), draw(waits)) for part in parts),
        tuple(moments),
    )


def plain(value: KpiValue) -> Any:
    return (
        value.state, value.sure, value.reading, value.windows, value.breakdowns, value.last_event,
        value.worst, value.attainment,
    )  # fmt: skip


def answers(engine: Engine, moments: Sequence[int]) -> dict[tuple[str, int | None], Any]:
    """Every KPI now and at these moments, over its own and the standard windows."""
    snapshot = engine.snapshot()
    found: dict[tuple[str, int | None], Any] = {
        (value.kpi.id, None): plain(value) for value in snapshot.kpis
    }
    asked = (engine.now, *moments)
    for owner, key in (value.kpi.id.split(".") for value in snapshot.kpis):
        for at, value in zip(asked, engine.history(key, asked, owner), strict=True):
            found[f"{owner}.{key}", at] = plain(value)
        long = engine.value_at(key, moments[0], owner, 60 * DAY)
        found[f"{owner}.{key} 60d", moments[0]] = plain(long)
    return found


def same(one: dict[Any, Any], other: dict[Any, Any]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert value == other[key], key


def test_compaction_leaves_a_funnel_the_minutes_that_its_pending_subjects_began_in(
    tmp_path: Path,
) -> None:
    path = {"kind": "funnel", "steps": ["a.one", "a.two"], "by": "x.id", "expires": "20m"}
    asked = NOON - 2 * DAY
    engine = Engine(tmp_path, product({"path": {**path, "window": "24h"}}), now=asked)
    try:
        engine.send(
            Event("a.one", asked - 18 * MINUTE, {"x.id": "1"}),
            Event("a.one", asked - 2 * MINUTE, {"x.id": "2"}),
            Event("a.two", asked - 3 * HOUR, {"x.id": "9"}),
        )
        engine.merge()
        engine.now = NOON
        engine.keep_up()
        assert engine.value_at("path", asked).pending == 2
    finally:
        engine.close()


@pytest.mark.parametrize("half", sorted(KPIS))
@settings(
    max_examples=int(os.environ.get("LOOPGAUGE_UPKEEP_EXAMPLES", "5")),
    deadline=None,  # each example opens real stores
    # Shrinking opens hundreds of stores, so it is asked for.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if SHRINK else [])],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(life=lives())
def test_no_answer_changes_by_compaction_nor_by_a_rebuild_after_it(half: str, life: Life) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        kept = {"label_cap": 2, "events_keep_days": 400}
        engine, untouched = (
            Engine(Path(folder), *products(half, life.zone), now=NOON, **kept)
            for folder in (one, two)
        )
        try:
            for events, wait in life.turns:
                for each in (engine, untouched):
                    each.send(*events, Event(HEARTBEAT, each.now - HOUR))
                    each.merge()
                # What the evaluator keeps in memory has to stay right too.
                engine.snapshot()
                engine.keep_up()
                same(answers(engine, life.moments), answers(untouched, life.moments))
                engine.now += wait
                untouched.now += wait
            engine.keep_up()
            same(answers(engine, life.moments), answers(untouched, life.moments))
            engine.rebuild()
            same(answers(engine, life.moments), answers(untouched, life.moments))
        finally:
            engine.close()
            untouched.close()
