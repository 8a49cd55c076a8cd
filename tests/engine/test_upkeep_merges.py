"""Rows that say nothing any more go, and no answer moves: of who closed, and of old levels."""

import random
from collections.abc import Callable

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

NOON = moment("2026-11-18 12:00")
_JOB = {"from": "job.started", "to": "job.done", "by": "job.id"}
_IN = {**_JOB, "kind": "in_flight", "expires": "3d"}
CATALOG = product(
    {
        "quick": {**_JOB, "kind": "duration", "expires": "14d", "window": "28d"},
        "now": {**_IN, "labels": ["plan"]},
        "most": {**_IN, "read": "maximum", "window": "7d", "labels": ["plan"]},
        "weighed": {**_IN, "read": "maximum", "window": "28d", "value": "weight"},
    },
    {"job.started": {"attributes": {"weight": {"type": "number"}}}},
)
KEYS = ("quick", "now", "most", "weighed")

MakeEngine = Callable[..., Engine]


def job(what: str, at: int, name: str, **more: object) -> Event:
    return Event(f"job.{what}", at, {"job.id": name, **more})


def answers(engine: Engine, *moments: int) -> list[object]:
    return [
        (value.reading, value.state, value.breakdowns)
        for key in KEYS
        for value in engine.history(key, [engine.now, *moments])
    ]


def count(engine: Engine, query: str) -> int:
    return int(engine.rows(query)[0][0])


def lives(engine: Engine, jobs: int) -> None:
    draw = random.Random(7)
    for number in range(jobs):
        start = NOON - draw.randrange(40 * DAY)
        if draw.random() < 0.5:
            start = NOON - 20 * DAY + draw.randrange(2 * HOUR)
        plan, weight = draw.choice("ab"), draw.choice([1, 2.5, -1])
        events = [job("started", start, f"j{number}", plan=plan, weight=weight)]
        if draw.random() < 0.8:
            last = draw.choice([20 * SECOND, 10 * MINUTE, 5 * HOUR, 2 * DAY])
            end = start + draw.randrange(SECOND, last)
            if end < NOON:
                events.append(job("done", end, f"j{number}"))
        engine.commit(*events[:1])
        # Its end comes with a later fold.
        engine.commit(*events[1:])
        if number % 40 == 0:
            engine.fold()
    engine.send(Event(HEARTBEAT, NOON))
    engine.merge()


def test_old_levels_become_quarter_hours_and_no_level_moves(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    lives(engine, 200)
    before = count(engine, "select count(*) from levels")
    quarter = NOON - 20 * DAY + 15 * MINUTE
    asked = [
        NOON - HOUR - SECOND, NOON - 24 * HOUR - 77 * SECOND, NOON - 5 * DAY, NOON - 9 * DAY,
        *(quarter + n * 15 * MINUTE + d for n in range(9) for d in (-SECOND, 0, SECOND, MINUTE)),
        NOON - 30 * DAY,
    ]  # fmt: skip
    expected = answers(engine, *asked)

    engine.keep_up()

    assert answers(engine, *asked) == expected
    assert count(engine, "select count(*) from levels") < before * 0.7
    assert not engine.upkeep.step()


def test_old_levels_take_late_changes(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    lives(engine, 30)
    engine.keep_up()
    late = NOON - 30 * DAY - 7 * MINUTE
    engine.send(*(job("started", late, f"late{n}", plan="a", weight=1) for n in range(100)))

    for _ in range(2):
        assert (engine.value_at("now", NOON - 30 * DAY).reading.value or 0) >= 100
        assert (engine.value_at("most", NOON - 29 * DAY).reading.value or 0) >= 100
        engine.merge()
        engine.keep_up()


def test_who_closed_leaves_no_row_of_an_open_one(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    began = NOON - 10 * DAY
    engine.send(*(job("started", began, f"j{n}", plan="a", weight=1) for n in range(20)))
    engine.merge()
    engine.send(*(job("done", began + HOUR, f"j{n}") for n in range(19)), Event(HEARTBEAT, NOON))
    engine.merge()
    open_ones = "select count(*) from subjects where outcome = 0"
    assert count(engine, open_ones) == 2
    expected = answers(engine, began + 30 * MINUTE, began + DAY)

    engine.keep_up()

    assert count(engine, open_ones) == 1
    assert count(engine, "select sum(n) from subjects where outcome = 0") == 1
    assert answers(engine, began + 30 * MINUTE, began + DAY) == expected
    assert not engine.upkeep.step()
