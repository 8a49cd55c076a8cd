"""The earlier value of a trend, while the past is still coming in."""

import logging

import pytest
from loopgauge_collector.evaluation.faults import Faults

from tests.engine.decisions import COUNT, MakeEngine, one
from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment

NOON = moment("2026-11-18 12:00")
WEEK = 7 * DAY


def pages(number: int, before: int) -> list[Event]:
    return [Event("page.seen", before - MINUTE) for _ in range(number)]


def against(engine: Engine) -> float | None:
    trend = engine.value("row").trend
    return None if trend is None else trend.against.value


def told(make_engine: MakeEngine) -> Engine:
    """200 events now, 100 a week before; the trend is known."""
    engine = one(make_engine, {**COUNT, "window": "24h"}, now=NOON)
    engine.send(*pages(200, NOON), *pages(100, NOON - WEEK))
    engine.compare()
    assert against(engine) == 100
    return engine


def test_a_past_that_is_told_afterwards_is_compared_with_only_once_it_is_read_again(
    make_engine: MakeEngine,
) -> None:
    engine = told(make_engine)

    engine.send(*pages(300, NOON - WEEK))

    assert against(engine) is None
    engine.compare()
    assert against(engine) == 400


def test_a_few_late_events_take_no_trend_away(make_engine: MakeEngine) -> None:
    engine = told(make_engine)

    engine.send(*pages(3, NOON - WEEK))

    assert against(engine) == 100
    engine.compare()
    assert against(engine) == 103


def test_what_comes_now_does_not_change_the_past(make_engine: MakeEngine) -> None:
    engine = told(make_engine)

    engine.send(*pages(500, NOON), *pages(500, NOON - HOUR))

    assert against(engine) == 100


def test_what_was_stored_before_the_start_is_not_late(make_engine: MakeEngine) -> None:
    engine = told(make_engine)

    assert engine.activity.arrivals("shop").events == 300
    assert engine.activity.arrivals("shop").old == 100
    again = type(engine.activity)(engine.store.connection, NOON)
    assert again.arrivals("shop").events == 300
    assert again.arrivals("shop").old == 0


def test_a_fault_in_a_thread_is_counted_each_time_and_logged_with_its_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults = Faults("the past could not be read")
    for _ in range(3):
        with faults:
            raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), faults:
        raise KeyboardInterrupt

    assert faults.count == 3
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "the past could not be read")
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
