"""Worked examples 6 to 10: durations, conversions, funnels, distinct subjects, levels."""

import pytest

from tests.oracle.events import SECOND, Event
from tests.oracle.worked import Example, at_minute, at_second, told

_BOTH = "a.began: {attributes: {user.id: {}}}\na.ended: {attributes: {user.id: {}}}"
_FAILS = _BOTH + "\na.failed: {attributes: {user.id: {}}}"


def _duration(limit: str) -> str:
    return (
        "ttfv: {kind: duration, from: a.began, to: a.ended, by: user.id, "
        f"expires: {limit}, window: 1h, target: {{within: 15m, share: 80%}}}}"
    )


def _pair(subject: str, starts: list[float], ends: list[float]) -> list[Event]:
    return told("a.began", subject, *starts) + told("a.ended", subject, *ends)


PAIRS = [
    *_pair("a", [0], [4]), *_pair("b", [1], [30]), *_pair("c", [2], []), *_pair("d", [50], []),
    *_pair("e", [5], [3, 9]), *_pair("f", [20, 10], [26, 24]), *_pair("g", [12], [27]),
    *_pair("h", [13], [28 + 1 / 60]), *_pair("i", [14], [13 + 59.5 / 60]), *_pair("j", [], [7]),
]  # fmt: skip
DURATION = Example(
    "6 duration",
    _duration("7d"),
    PAIRS,
    at_minute(60),
    {
        "samples": 8, "share": pytest.approx(0.625), "pending": 2, "state": "too_few", "sure": False,
        "interval": pytest.approx((0.3057, 0.8632), abs=5e-5), "value": pytest.approx(29.24 * 60, abs=0.3),
    },
    _BOTH,
    stats={"p50": pytest.approx(15.11 * 60, abs=0.3), "p80": pytest.approx(29.24 * 60, abs=0.3), "p95": None},
)  # fmt: skip


def _funnel() -> list[Event]:
    steps = dict(zip("rcavg", ("registered", "created", "added", "viewed", "got"), strict=True))
    users = {
        "u1": "r0 c2 a5 v3 v6 g7", "u2": "r1 c3 a4 v2", "u3": "r2 c2 a2 v2 g2",
        "u4": "r3 c5 a9 v10 g18.5", "u5": "r4 g5", "u6": "r5 c6",
    }  # fmt: skip
    return [
        Event(f"user.{steps[word[0]]}", at_minute(float(word[1:])), {"user.id": user})
        for user, words in users.items()
        for word in words.split()
    ]


_STEPS = ("registered", "created", "added", "viewed", "got")
#: On a minute, so that the level at 120 s can be asked; see the example.
_JOBS = ((0, 300), (10.2, 10.9), (60, 120), (120, 180), (90, None), (119.5, 120), (100, 9000))


def jobs() -> list[Event]:
    """The seven jobs of example 10."""
    found = []
    for number, (start, end) in enumerate(_JOBS):
        found.append(Event("job.began", at_second(start), {"job.id": str(number)}))
        if end is not None:
            found.append(Event("job.ended", at_second(end), {"job.id": str(number)}))
    return found


_JOB_EVENTS = "job.began: {attributes: {job.id: {}}}\njob.ended: {attributes: {job.id: {}}}"


def _level(second: int, expected: int) -> Example:
    return Example(
        f"10 in flight at {second} s",
        "jobs: {kind: in_flight, from: job.began, to: job.ended, by: job.id, expires: 600s}",
        [event for event in jobs() if event.time <= at_second(second) + 600 * SECOND],
        at_second(second),
        {"value": expected},
        _JOB_EVENTS,
    )


EXAMPLES = [
    DURATION,
    Example(
        "6 with a limit of 30 minutes", _duration("30m"), PAIRS, at_minute(60),
        {"samples": 8, "share": pytest.approx(0.625), "pending": 1}, _BOTH, stats={"p95": float("inf")},
    ),
    # Of those that began before minute 5 three had their full chance: a is done within 15.
    Example(
        "6 as of minute 20", _duration("7d"), PAIRS, at_minute(20),
        {"samples": 3, "share": pytest.approx(1 / 3), "pending": 5}, _BOTH,
    ),
    Example(
        "7 conversion",
        "done: {kind: conversion, from: a.began, to: a.ended, fails: a.failed, by: user.id, "
        "expires: 30m, window: 1h, target: {at_least: 95%}}",
        [
            *told("a.began", "1", 31), *told("a.ended", "1", 33),
            *told("a.began", "2", 40), *told("a.failed", "2", 41),
            *told("a.began", "3", 45), *told("a.ended", "3", 76),
            *told("a.began", "4", 50), *told("a.ended", "4", 80),
            *told("a.began", "5", 60),
            *told("a.began", "6", 70), *told("a.failed", "6", 71), *told("a.ended", "6", 72),
            *told("a.began", "7", 89), *told("a.ended", "7", 95),
            *told("a.began", "8", 95), *told("a.ended", "8", 96),
            *told("a.began", "9", 110),
            *told("a.began", "10", 29), *told("a.ended", "10", 35),
        ],
        at_minute(120),
        {
            "samples": 7, "value": pytest.approx(4 / 7), "pending": 1, "state": "breach", "sure": True,
            "interval": pytest.approx((0.2505, 0.8418), abs=5e-5),
        },
        _FAILS,
        stats={"done": 4, "failed": 1, "expired": 2},
    ),
    Example(
        "8 funnel",
        "path: {kind: funnel, steps: [" + ", ".join(f"user.{step}" for step in _STEPS) + "], "
        "by: user.id, expires: 15m, window: 1h}",
        _funnel(),
        at_minute(60),
        {"samples": 6, "value": pytest.approx(1 / 3), "state": "ok"},
        "\n".join(f"user.{step}: {{attributes: {{user.id: {{}}}}}}" for step in _STEPS),
        stats={
            "reached_1": 6, "reached_2": 5, "reached_3": 4, "reached_4": 3, "reached_5": 2,
            "median_1": 120, "median_2": 60, "median_3": 60, "median_4": 0, "worst": "1",
        },
    ),
    Example(
        "9 distinct",
        "people: {kind: distinct, events: page.seen, by: user.id, window: 1h}",
        [
            *told("page.seen", "u1", 659, 660, 690), *told("page.seen", "u2", 719),
            *told("page.seen", "u3", 720),
        ],
        at_minute(720),
        {"value": 2},
        "page.seen: {attributes: {user.id: {}}}",
    ),
    Example(
        "9 subject share",
        "askers: {kind: subject_share, having: ticket.opened, among: page.seen, by: user.id, window: 1h}",
        [
            *told("ticket.opened", "u2", 700), *told("ticket.opened", "u4", 701),
            *told("page.seen", "u1", 690), *told("page.seen", "u2", 691),
        ],
        at_minute(720),
        {"value": pytest.approx(2 / 3), "samples": 3},
        "page.seen: {attributes: {user.id: {}}}\nticket.opened: {attributes: {user.id: {}}}",
    ),
    _level(100, 4), _level(119, 4), _level(120, 4), _level(690, 1), _level(700, 0),
    Example(
        "10 most in flight",
        "jobs: {kind: in_flight, from: job.began, to: job.ended, by: job.id, expires: 600s, "
        "read: maximum, window: 1h}",
        jobs(), at_minute(20), {"value": 4}, _JOB_EVENTS,
    ),
]  # fmt: skip
