"""Worked examples 1 to 5: windows, means, shares, quantiles, what was reported last."""

import pytest

from tests.oracle.events import DAY, HOUR, MINUTE, SECOND, Event, moment
from tests.oracle.worked import ZERO, Example

_NOON = ZERO + 12 * HOUR
_COUNT = "seen: {kind: count, event: page.seen, window: 1h}"
_SEEN = "page.seen: {}"
_AROUND = [
    Event("page.seen", moment(f"2026-11-18 {time}"), id=f"0191e5c0-0000-7000-8000-{n:012x}")
    for n, time in enumerate(("10:59:59.999999", "11:00", "11:59:59.999999", "12:00"))
]


def _mean(name: str, scores: dict[int, int], **expected: object) -> Example:
    sent = [
        Event("survey.answered", _NOON - n * SECOND - 1, {"score": score})
        for n, score in enumerate(s for score, times in scores.items() for s in [score] * times)
    ]
    return Example(
        name,
        "score: {kind: mean, event: survey.answered, value: score, window: 28d, target: {above: 4.5}}",
        sent,
        _NOON,
        expected,
        "survey.answered: {attributes: {score: {type: number}}}",
    )


def _ratio(bad: int, n: int, allowed: str, state: str, sure: bool, *interval: float) -> Example:
    sent = [
        Event("call.ended", _NOON - number * SECOND - 1, {"ok": number >= bad})
        for number in range(n)
    ]
    # A fresh source that has sent nothing inside the window.
    sent = sent or [Event("call.ended", _NOON - 2 * HOUR, {"ok": True})]
    expected: dict[str, object] = {"samples": n, "state": state, "sure": sure}
    if n:
        expected["value"] = pytest.approx(bad / n)
    if interval:
        expected["interval"] = pytest.approx(interval, abs=5e-5)
    return Example(
        f"3 ratio {bad} of {n}",
        f"bad: {{kind: ratio, event: call.ended, matching: {{ok: false}}, window: 1h, target: {{at_most: {allowed}}}}}",
        sent,
        _NOON,
        expected,
        "call.ended: {attributes: {ok: {type: boolean}}}",
    )


def _scan(hour: float, scanner: str, found: int, id_: str = "") -> Event:
    time = ZERO + round(hour * HOUR)
    return Event(
        "scan.done", time, {"scanner": scanner, "component": "api", "found": found}, id=id_
    )


_SCANS = [_scan(10, "trivy", 2), _scan(11, "trivy", 0), _scan(9, "grype", 1)]
_FOUND = (
    "found: {kind: latest, event: scan.done, value: found, per: [scanner, component], "
    "target: {equals: 0}}"
)
_SCAN = (
    "scan.done: {source: batch, attributes: {found: {type: integer}, scanner: {}, component: {}}}"
)
_DURATIONS = (0.012, 0.020, 0.035, 0.050, 0.080, 0.110, 0.150, 0.180, 0.1999, 0.350)

EXAMPLES = [
    Example("1 at the hour", _COUNT, _AROUND, _NOON, {"value": 2, "end": _NOON, "start": _NOON - HOUR}, events=_SEEN),
    Example(
        "1 half a second later", _COUNT, _AROUND, _NOON + SECOND // 2,
        {"value": 2, "end": _NOON + MINUTE, "start": _NOON - HOUR + MINUTE}, events=_SEEN,
    ),
    Example("1 the same id twice", _COUNT, [*_AROUND, _AROUND[1]], _NOON, {"value": 2}, events=_SEEN),
    Example(
        "1 a story that was reopened",
        "points: {kind: sum, event: story.done, value: points, once_per: story.id, window: 24h}",
        [
            Event("story.done", _NOON - HOUR, {"story.id": "s1", "points": 5}),
            Event("story.done", _NOON - MINUTE, {"story.id": "s1", "points": 8}),
        ],
        _NOON,
        {"value": 5, "samples": 1},
        "story.done: {attributes: {points: {type: number}, story.id: {}}}",
    ),
    _mean(
        "2 above the target", {5: 14, 4: 5, 3: 1}, samples=20, value=pytest.approx(4.65),
        interval=pytest.approx((4.393, 4.907), abs=5e-4), state="ok",
    ),
    _mean(
        "2 below the target", {4: 12, 3: 4, 5: 4}, samples=20, value=pytest.approx(4.0),
        interval=pytest.approx((3.716, 4.284), abs=5e-4), state="breach", sure=True,
    ),
    _ratio(1, 6, "5%", "too_few", False, 0.0301, 0.5635),
    _ratio(6, 6, "5%", "breach", True, 0.6097, 1),
    _ratio(1, 100, "0.1%", "too_few", False, 0.0018, 0.0545),
    _ratio(2, 100, "0.1%", "breach", True),
    _ratio(12, 200, "5%", "breach", False),
    _ratio(17, 200, "5%", "breach", True),
    _ratio(0, 0, "5%", "too_few", False),
    Example(
        "4 quantile",
        "fast: {kind: quantile, event: api.request, value: duration, window: 1h, "
        "target: {below: 0.2s, share: 95%}}",
        [Event("api.request", _NOON - n - 1, {"duration": s}) for n, s in enumerate(_DURATIONS)],
        _NOON,
        {"share": pytest.approx(0.9), "samples": 10, "value": pytest.approx(0.34992, abs=5e-6)},
        "api.request: {attributes: {duration: {type: number, unit: s}}}",
        stats={"p50": pytest.approx(0.07966, abs=5e-6), "p95": pytest.approx(0.34992, abs=5e-6)},
    ),
    Example("5 latest", _FOUND, _SCANS, _NOON, {"value": 1, "state": "breach"}, _SCAN),
    Example("5 a late report", _FOUND, [*_SCANS, _scan(10.5, "trivy", 5)], _NOON, {"value": 1}, _SCAN),
    Example(
        "5 a second report of the same time", _FOUND,
        [*_SCANS, _scan(11, "trivy", 3, id_="ffffffff-ffff-7fff-bfff-ffffffffffff")],
        _NOON, {"value": 4}, _SCAN,
    ),
    Example(
        "5 delta",
        "views: {kind: delta, event: stats.read, value: views, per: [channel.id], window: 7d}",
        [
            Event("stats.read", _NOON - age, {"views": views, "channel.id": "c"})
            for age, views in ((8 * DAY, 1000), (3 * DAY, 1400), (DAY, 1350))
        ],
        _NOON,
        {"value": 350, "samples": 1},
        "stats.read: {source: batch, attributes: {views: {type: integer}, channel.id: {}}}",
    ),
    Example(
        "5 age",
        "age: {kind: age, event: feed.read, per: [feed.id], target: {within: 15m}}",
        [
            Event("feed.read", _NOON - age * MINUTE, {"feed.id": feed})
            for feed, age in (("one", 10), ("two", 20), ("two", 90))
        ],
        _NOON,
        {"value": 20 * 60, "samples": 2, "state": "breach", "sure": True},
        "feed.read: {attributes: {feed.id: {}}}",
    ),
]  # fmt: skip
