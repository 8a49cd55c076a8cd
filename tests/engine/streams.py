"""Hypothesis strategies: what three products might send, and in what order it might arrive."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.engine.harness import DAY, HEARTBEAT, HOUR, MINUTE, SECOND, Event, moment, product, uuid7

NOON = moment("2026-11-18 12:00")

_ORDER = {
    "attributes": {
        "amount": {"type": "number"}, "duration": {"type": "number", "unit": "ms"},
        "price": {"type": "money", "unit": "usd"}, "status": {"type": "integer"},
    }
}  # fmt: skip
_SCAN = {"source": "batch", "attributes": {"found": {"type": "integer"}}}
EVENTS = {"order.placed": _ORDER, "scan.done": _SCAN}
_ON = {"event": "order.placed"}

#: Between them every kind, every field that reduces events, and targets of both sorts.
KPIS: dict[str, dict[str, Any]] = {
    "orders": {**_ON, "kind": "count", "window": "1h", "labels": ["plan"], "target": {"at_least": 3}},
    "first_orders": {
        **_ON, "kind": "count", "window": "24h", "once_per": "order.id", "labels": ["plan", "paid"],
        "target": {"at_most": 2},
    },
    "amount": {**_ON, "kind": "sum", "value": "amount", "window": "28d", "labels": ["plan"]},
    "paid": {
        **_ON, "kind": "sum", "value": "price", "window": "7d", "once_per": "order.id",
        "where": {"status": {"not": 499}}, "target": {"below": "$4"},
    },
    "daily": {
        **_ON, "kind": "rate", "window": "7d", "once_per": "order.id", "labels": ["plan"],
        "where": {"paid": True},
    },
    "hourly": {**_ON, "kind": "rate", "per": "hour", "window": "24h", "labels": ["plan"]},
    "mean": {
        **_ON, "kind": "mean", "value": "amount", "window": "60d", "min_samples": 3,
        "target": {"above": 2}, "labels": ["paid"],
    },
    "first_mean": {
        **_ON, "kind": "mean", "value": "amount", "window": "90d", "once_per": "order.id",
    },
    "errors": {
        **_ON, "kind": "ratio", "matching": {"status": {"at_least": 500}}, "window": "24h",
        "where": {"plan": {"not_in": ["x"]}}, "target": {"at_most": "20%"}, "min_samples": 4,
        "labels": ["plan"],
    },
    "ok": {
        **_ON, "kind": "ratio", "matching": {"status": [200, 201], "paid": True}, "window": "7d",
        "target": {"at_least": "100%"},
    },
    "latency": {
        **_ON, "kind": "quantile", "value": "duration", "window": "24h", "labels": ["plan"],
        "target": {"below": "200ms", "share": "95%"}, "min_samples": 2,
    },
    "median": {
        **_ON, "kind": "quantile", "value": "duration", "quantile": 0.55, "window": "28d",
        "target": {"within": "200ms", "share": "55%"},
    },
    "found": {
        "event": "scan.done", "kind": "latest", "value": "found", "per": ["scanner", "component"],
        "target": {"equals": 0}, "stale_after": "48h", "drop_after": "30d",
        "retired_by": "component.retired",
    },
    "worst": {
        "event": "scan.done", "kind": "latest", "value": "found", "per": ["scanner"],
        "combine": "max", "where": {"component": "api"},
    },
    "last": {**_ON, "kind": "latest", "value": "amount", "target": {"at_least": 2}},
}  # fmt: skip

PRODUCTS = (
    product(KPIS, EVENTS, name="shop"),
    product(
        {key: KPIS[key] for key in ("orders", "first_orders", "latency", "found")},
        EVENTS, name="store", zone="Asia/Kathmandu",
    ),
    product({key: KPIS[key] for key in ("mean", "daily")}, EVENTS, name="stand", zone="America/Havana"),
)  # fmt: skip

#: Distances from noon that lie on and beside every grid and bound.
_AGES = st.sampled_from(
    [0, SECOND, MINUTE, 14 * MINUTE, 15 * MINUTE, 59 * MINUTE, HOUR, 23 * HOUR, DAY, 25 * HOUR,
     2 * DAY, 6 * DAY, 7 * DAY, 27 * DAY, 28 * DAY, 30 * DAY, 60 * DAY, 89 * DAY, 90 * DAY,
     110 * DAY, -MINUTE, -9 * MINUTE]
) | st.integers(0, 3 * HOUR) | st.integers(0, 100 * DAY)  # fmt: skip
_SHIFTS = st.sampled_from([0, 0, 0, 1, -1, 30 * SECOND, 7 * MINUTE])

_MISSING = object()
_NUMBERS = st.sampled_from([0, 1, 2, 5, 1.5, -3, 0.1, 2.0000005, 0.1234567, 1e-7, 123456.789])
_WRONG = st.sampled_from([_MISSING, None, "5", True, ""])
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "amount": _NUMBERS | _NUMBERS | _WRONG,
    "duration": st.sampled_from([0, 0.4, 1, 12, 80, 199.9, 200, 200.001, 350, 2e3]) | _WRONG,
    "price": st.sampled_from(["1.25", "0.000001", "3", 1_250_000, 2.5, "1,25", None, _MISSING]),
    "status": st.sampled_from([200, 200, 201, 499, 500, 503, 499.9999999]) | _WRONG,
    "paid": st.sampled_from([True, True, True, True, False, "true", 1, None, _MISSING]),
    "order.id": st.sampled_from(["o1", "o1", "o1", "o2", "o2", "o3", 7, None, _MISSING]),
    "plan": st.sampled_from(
        ["a", "a", "b", "b", "c", "d", "x", "", "__other__", 7, None, _MISSING]
    ),
    "user.internal": st.sampled_from([_MISSING] * 7 + [False, True, "true"]),
    "found": st.sampled_from([0, 0, 1, 2, "1", None, _MISSING]),
    "scanner": st.sampled_from(["t", "g", 'q"', _MISSING]),
    "component": st.sampled_from(["api", "web", _MISSING]),
}
_NAMES = st.sampled_from(
    ["order.placed"] * 9 + ["scan.done"] * 4 + ["component.retired"] * 2 + [HEARTBEAT, "page.seen"]
)


@st.composite
def _event(draw: st.DrawFn, times: st.SearchStrategy[int]) -> Event:
    name = draw(_NAMES)
    attributes = {}
    if name != HEARTBEAT:
        wanted = ["found", "scanner", "component"] if name != "order.placed" else list(_VALUES)[:7]
        drawn = {key: draw(_VALUES[key]) for key in [*wanted, "user.internal"]}
        attributes = {key: value for key, value in drawn.items() if value is not _MISSING}
    return Event(
        name,
        draw(times),
        attributes,
        product=draw(st.sampled_from(["shop"] * 7 + ["store", "store", "stand", ""])),
        service=draw(st.sampled_from(["web", "web", "worker"])),
        environment=draw(st.sampled_from([None] * 5 + ["production", "production", "staging"])),
    )


@dataclass(frozen=True)
class Stream:
    """Events in the order of arrival, and what happens after each.

    Attributes:
        events: an event that stands twice is sent twice.
        then: how many things happen after the event of the same place: 0 the next one joins
            its commit, 1 commit, 2 fold, 3 merge.
        chunk: events of one fold or step of a rebuild, about.
        looks: after how many events the KPIs are read, in ascending order.
        now: the clock at the end.
        moments: what is asked about at the end.
        ends: what must change nothing then: "rebuild" or "restart".
    """

    events: tuple[Event, ...]
    then: tuple[int, ...]
    chunk: int
    looks: tuple[int, ...]
    now: int
    moments: tuple[int, ...]
    ends: str


@st.composite
def streams(draw: st.DrawFn, most: int = 30) -> Stream:
    """A random stream."""
    pool = draw(
        st.lists(st.builds(lambda a, s: NOON - a + s, _AGES, _SHIFTS), min_size=1, max_size=4)
    )
    times = (
        st.sampled_from(pool)
        | st.sampled_from(pool)
        | st.builds(lambda a, s: NOON - a + s, _AGES, _SHIFTS)
    )
    # Lists of a drawn size: left alone, Hypothesis makes them of five or so.
    size = draw(st.integers(0, most))
    events = draw(st.lists(_event(times), min_size=size, max_size=size))
    numbers = draw(st.permutations(range(len(events))))
    known = [
        Event(e.name, e.time, e.attributes, e.product, e.service, e.environment, uuid7(e.time, n))
        for e, n in zip(events, numbers, strict=True)
    ]
    arriving = list(known)
    if known:
        arriving += draw(st.lists(st.sampled_from(known), max_size=5))
    arriving = draw(st.permutations(arriving))
    then = draw(
        st.lists(
            st.sampled_from([0, 0, 1, 2, 2, 2, 2, 3]),
            min_size=len(arriving), max_size=len(arriving),
        )
    )  # fmt: skip
    return Stream(
        tuple(arriving),
        tuple(then),
        chunk=draw(st.sampled_from([1, 3, 1000])),
        looks=tuple(sorted(draw(st.lists(st.integers(0, len(arriving)), max_size=2)))),
        now=NOON + draw(st.sampled_from([0, 0, 1, SECOND // 2, MINUTE, 9 * MINUTE, HOUR, DAY])),
        moments=tuple(
            draw(
                st.lists(st.builds(lambda t, s: t + s, st.sampled_from(pool), _SHIFTS), max_size=3)
            )
        ),
        ends=draw(st.sampled_from(["rebuild", "restart"])),
    )
