"""The numbers of producers become few rows with age, and no loss moves."""

import random
from collections.abc import Callable

from tests.engine.harness import DAY, HEARTBEAT, HOUR, MINUTE, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
CATALOG = product({"lost": {"kind": "loss", "window": "24h"}}, zone="Europe/Berlin")

MakeEngine = Callable[..., Engine]


def told(days: int, lost: float) -> list[Event]:
    """Two producers that number an event every three minutes and report every quarter hour."""
    draw = random.Random(11)
    events = []
    for producer in ("p1", "p2"):
        for number, at in enumerate(range(NOON - days * DAY, NOON, 3 * MINUTE), start=1):
            if draw.random() >= lost:
                events.append(Event("job.done", at, producer=producer, sequence=number))
            if number % 5 == 0:
                report = {"loop.sequence.high": number}
                events.append(Event(HEARTBEAT, at + MINUTE, report, producer=producer))
    draw.shuffle(events)
    return events


def losses(engine: Engine) -> list[object]:
    asked = [NOON - 3 * HOUR, NOON - 30 * HOUR, NOON - 9 * DAY, NOON - 91 * DAY, NOON - 92 * DAY]
    return [value.reading for value in engine.history("lost", [NOON, *asked])]


def rows(engine: Engine) -> int:
    return int(engine.rows("select count(*) from sequences")[0][0])


def test_numbers_of_old_days_are_few_rows_and_no_loss_moves(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG, now=NOON, events_keep_days=400)
    engine.send(*told(93, lost=0.0))
    engine.merge()
    expected, before = losses(engine), rows(engine)

    engine.keep_up()

    assert losses(engine) == expected
    assert rows(engine) < before / 2
    assert not engine.upkeep.step()


def test_what_was_lost_stays_lost(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG, now=NOON, events_keep_days=400)
    events = told(30, lost=0.2)
    engine.send(*events[: len(events) // 2])
    engine.merge()
    engine.keep_up()
    engine.send(*events[len(events) // 2 :])
    engine.merge()
    expected = losses(engine)

    engine.keep_up()

    assert losses(engine) == expected
    reading = engine.value_at("lost", NOON - 9 * DAY).reading
    assert reading.value is not None
    assert 0.1 < reading.value < 0.3
