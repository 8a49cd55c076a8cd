"""Worked examples 11 to 17: uptime, money, scores, drift, loss, quotients."""

from collections.abc import Iterable

import pytest

from tests.oracle.events import DAY, HEARTBEAT, HOUR, MINUTE, SECOND, Event, moment
from tests.oracle.worked import ZERO, Example, at_minute

_NOON = ZERO + 12 * HOUR
_COST = """
cost.incurred:
  attributes:
    cost.amount: {type: money, unit: usd}
    cost.quantity: {type: number}
    cost.unit: {}
    cost.currency: {}
    provider: {}
    operation: {}
    model: {}
video.completed: {attributes: {video.id: {}}}
"""
_PER_VIDEO = (
    "each_video: {kind: cost_per, per: {event: video.completed, once_per: video.id}, window: 7d, "
    "target: {below: $3.00}}"
)


def _slots() -> list[Event]:
    seen = ((0, "1"), (1, "1"), (2, "0"), (3, "0"), (4, "10"), (9, "1"))
    return [
        Event("probe.checked", at_minute(slot) + n * SECOND, {"ok": found == "1"})
        for slot, probes in seen
        for n, found in enumerate(probes)
    ]


def _costs(*amounts: str | None) -> list[Event]:
    items = [
        Event("cost.incurred", _NOON - HOUR - n, {} if amount is None else {"cost.amount": amount})
        for n, amount in enumerate(amounts)
    ]
    done = ((HOUR, "v1"), (MINUTE, "v1"), (HOUR, "v3"))
    return items + [
        Event("video.completed", _NOON - age, {"video.id": video}) for age, video in done
    ]


_NOVEMBER = moment("2026-11-10 00:00")


def _budget(read: str, value: float) -> Example:
    spent = (("2026-10-20 08:00", "5"), ("2026-11-02 12:00", "6"), ("2026-11-03 00:00", "80"),
             ("2026-11-09 23:59", "4"))  # fmt: skip
    return Example(
        f"13 budget, {read}",
        f"money: {{kind: budget, budget: all, read: {read}, target: {{at_most: 100%}}}}",
        [Event("cost.incurred", moment(time), {"cost.amount": usd}) for time, usd in spent],
        _NOVEMBER,
        {
            "value": pytest.approx(value),
            "state": "ok" if value <= 1 else "breach",
            "sure": value > 1,
        },
        _COST,
        "budgets: {all: {limit: $300}}",
    )


def _score() -> Example:
    parts: dict[str, list[tuple[float, float] | None]] = {
        "one": [(10, 10), (10, 10), (0.25, 1), (5, 10), None],
        "two": [(10, 10), (5, 7), (10, 10), (14, 15)],
        "three": [(4, 5), None, None],
        "four": [(10, 10), (10, 10), (10, 10), (3, 4)],
    }
    rows, sent, blocks = [], [], []
    for part, members in parts.items():
        keys = []
        for number, member in enumerate(members):
            key, (value, target) = f"{part}_{number}", member or (0, 1)
            event = "metric.read" if member else "metric.forgotten"
            keys.append(key)
            rows.append(
                f"{key}: {{kind: latest, event: {event}, value: v, where: {{m: {key}}}, "
                f"target: {{at_least: {target}}}}}"
            )
            if member:
                sent.append(Event(event, _NOON - HOUR, {"m": key, "v": value}))
        blocks.append(f"{part}: {{title: Part, kpis: [{', '.join(keys)}]}}")
    return Example(
        "14 composite",
        "\n".join([f"score: {{kind: composite, parts: {{{', '.join(blocks)}}}}}", *rows]),
        sent,
        _NOON,
        {"value": pytest.approx(66.65, abs=0.005), "state": "ok"},
        "metric.read: {source: batch, attributes: {v: {type: number}, m: {}}}\n"
        "metric.forgotten: {source: batch, attributes: {v: {type: number}, m: {}}}",
        stats={
            "rests_on": pytest.approx(0.783, abs=5e-4),
            "best_case": pytest.approx(88.3, abs=0.05),
        },
    )


def _drift(name: str, now: Iterable[int], then: Iterable[int], **expected: object) -> Example:
    sent = [
        Event("score.given", start + n, {"score": place + 0.5, "model.version": "m"})
        for start, counts in ((_NOON - HOUR, now), (moment("2026-11-02"), then))
        for n, place in enumerate(p for p, times in enumerate(counts) for p in [p] * times)
    ]
    return Example(
        name,
        "drift: {kind: drift, event: score.given, value: score, range: [0, 5], bins: 5, "
        "per: model.version, reference: {from: 2026-11-01, to: 2026-11-08}, window: 24h, "
        "target: {below: 0.25}}",
        sent,
        _NOON,
        {"state": "ok", **expected},
        "score.given: {attributes: {score: {type: number}, model.version: {}}}",
        stats={"bound": pytest.approx(0.0190, abs=5e-5)},
    )


_NUMBERED = [
    *(("i1", number, 9.5) for number in range(1, 101) if number != 7),
    *(("i1", number, 10.5) for number in (100, *range(101, 149))),
    *(("i2", number, 11.9) for number in range(1, 11)),
]


def _loss(name: str, more: list[tuple[str, int, float]], lost: int) -> Example:
    sent = [
        Event("a.happened", ZERO + round(hour * HOUR) + number, producer=who, sequence=number)
        for who, number, hour in (*_NUMBERED, *more)
    ]
    reports = (("i1", 100, 10 * HOUR), ("i1", 150, 11 * HOUR), ("i2", 10, 12 * HOUR - 5 * MINUTE))
    sent += [
        Event(HEARTBEAT, ZERO + time, {"loop.sequence.high": high}, producer=who)
        for who, high, time in reports
    ]
    return Example(
        name,
        "lost: {kind: loss, window: 24h, target: {below: 5%}}",
        sent,
        _NOON,
        {"value": pytest.approx(lost / 150), "samples": 150, "state": "ok"},
        "a.happened: {}",
    )


def _backfill() -> Example:
    """Ten events, told today with the times of last week; three never came.

    A number was given when the event was told, and only a report says when that was: the event's
    time is what its service says happened then.
    """
    told = [
        Event("a.happened", _NOON - 7 * DAY + number, producer="i3", sequence=number)
        for number in (1, 2, 4, 5, 6, 8, 10)
    ]
    report = Event(HEARTBEAT, _NOON - HOUR, {"loop.sequence.high": 10}, producer="i3")
    return Example(
        "16 loss of events that were told a week after they happened",
        "lost: {kind: loss, window: 24h, min_samples: 5, target: {below: 5%}}",
        [*told, report],
        _NOON,
        {"value": pytest.approx(3 / 10), "samples": 10, "state": "breach", "sure": True},
        "a.happened: {}",
    )


def _per(name: str, releases: int, **expected: object) -> Example:
    found = [Event("defect.found", _NOON - n - HOUR, {"defect.id": str(n)}) for n in range(7)]
    repeated = [Event("defect.found", _NOON - MINUTE, {"defect.id": "3"})]
    # One release of long ago, so that the event is known.
    times = [_NOON - 60 * DAY, *(_NOON - n * DAY - 1 for n in range(releases))]
    released = [
        Event("release.published", time, {"release.id": str(n)}) for n, time in enumerate(times)
    ]
    return Example(
        name,
        "defects: {kind: per, numerator: {event: defect.found, once_per: defect.id}, "
        "denominator: {event: release.published, once_per: release.id}, window: 28d}",
        [*found, *repeated, *released],
        _NOON,
        expected,
        "defect.found: {source: batch, attributes: {defect.id: {}}}\n"
        "release.published: {source: batch, attributes: {release.id: {}}}",
    )


EXAMPLES = [
    Example(
        "11 uptime",
        "up: {kind: uptime, event: probe.checked, up: {ok: true}, window: 10m}",
        _slots(),
        at_minute(10),
        {"value": None, "samples": 7, "state": "too_few"},
        "probe.checked: {attributes: {ok: {type: boolean}}}",
        stats={"up": pytest.approx(4 / 7), "unknown": pytest.approx(0.3)},
    ),
    Example(
        "12 cost per video", _PER_VIDEO, _costs("1.20", "0.40", "0.90", "1.10", "0.60"), _NOON,
        {"value": pytest.approx(2.10), "samples": 2, "state": "ok"}, _COST,
    ),
    Example(
        "12 with an item that nobody can price", _PER_VIDEO,
        _costs("1.20", "0.40", "0.90", "1.10", "0.60", None), _NOON,
        {"value": pytest.approx(2.10), "state": "unpriced"}, _COST,
    ),
    Example(
        "12 when the priced part alone is too much", _PER_VIDEO, _costs("6.60", None), _NOON,
        {"value": pytest.approx(3.30), "state": "breach", "sure": True}, _COST,
    ),
    _budget("used", 0.3),
    _budget("forecast", 1.14),
    _score(),
    _drift("15 drift", (100, 200, 300, 250, 150), (200, 300, 250, 150, 100), value=pytest.approx(0.1893, abs=5e-5)),
    _drift("15 no drift", (100, 200, 300, 250, 150), (100, 200, 300, 250, 150), value=0),
    _loss("16 loss", [], 3),
    _loss("16 loss after a spool has drained", [("i1", 149, 10.5)], 2),
    _backfill(),
    _per("17 per", 2, value=pytest.approx(3.5), samples=2),
    _per("17 per nothing", 0, value=None, state="too_few"),
]  # fmt: skip
