"""The decision table of the KPI semantics, section 4, lines 1 and 2: who feeds a number."""

from typing import Any

import pytest
from loopgauge_catalog.states import State

from tests.engine.decisions import BATCH, COUNT, MEAN, RATIO, SUM, MakeEngine, one, seen
from tests.engine.harness import DAY, HEARTBEAT, HOUR, MINUTE, Event, moment, product

NOON = moment("2026-11-18 12:00")
QUARTER = 15 * MINUTE


# Line 1: a required event never came.


@pytest.mark.parametrize(
    "kpi", [COUNT, RATIO, MEAN, SUM, {**COUNT, "kind": "rate"},
            {"kind": "quantile", "event": "page.seen", "value": "score", "window": "1h"},
            {"kind": "latest", "event": "page.seen", "value": "score"}],
    ids=lambda kpi: kpi["kind"],
)  # fmt: skip
def test_without_a_feed_there_is_no_number_and_the_event_is_named(
    make_engine: MakeEngine, kpi: dict[str, Any]
) -> None:
    engine = one(make_engine, {**kpi, "labels": [] if kpi["kind"] == "latest" else ["plan"]})
    engine.send(Event("page.left", NOON - MINUTE, {"score": 3, "ok": True, "plan": "a"}))

    value = engine.value("row")

    assert value.state is State.NO_DATA
    assert any("page.seen" in need for need in value.needs)
    assert [r.value for r in (value.reading, *value.windows.values())] == [None] * (
        1 + len(value.windows)
    )
    assert not value.breakdowns
    assert (value.last_event, value.age_seconds) == (None, None)


@pytest.mark.parametrize(
    "stranger", [{"product": "other"}, {"environment": "staging"}, {"product": ""}]
)
def test_events_of_others_feed_nothing(make_engine: MakeEngine, stranger: dict[str, Any]) -> None:
    engine = make_engine(product({"row": COUNT}), product({"row": COUNT}, name="other"), now=NOON)
    engine.send(Event("page.seen", NOON - MINUTE, {}, **stranger))

    assert seen(engine) == (State.NO_DATA, False, None)
    assert engine.value("row", "other").state is (
        State.OK if stranger.get("product") == "other" else State.NO_DATA
    )


def test_it_had_not_come_yet_at_an_earlier_moment(make_engine: MakeEngine) -> None:
    engine = one(make_engine, COUNT)
    engine.send(Event("page.seen", NOON - MINUTE))

    assert seen(engine, NOON - HOUR) == (State.NO_DATA, False, None)
    assert seen(engine, NOON) == (State.OK, False, 1.0)


def test_zero_ok_makes_a_zero_of_what_never_came(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "zero_ok": True, "target": {"at_most": 3}})

    assert seen(engine) == (State.OK, False, 0.0)


# Line 2: the source is silent.


def test_a_silent_source_is_stale_after_15_minutes_and_keeps_its_value(
    make_engine: MakeEngine,
) -> None:
    engine = one(make_engine, COUNT)
    engine.send(Event("page.seen", NOON))

    engine.now = NOON + QUARTER
    assert seen(engine) == (State.OK, False, 1.0)
    engine.now = NOON + QUARTER + 1
    assert seen(engine) == (State.STALE, False, 1.0)
    assert engine.value("row").age_seconds == 900.000001
    engine.now = NOON + 2 * HOUR
    assert seen(engine) == (State.STALE, False, 0.0)


def test_heartbeats_keep_an_idle_source_alive_and_its_zero_true(make_engine: MakeEngine) -> None:
    engine = one(make_engine, COUNT)
    engine.send(Event("page.seen", NOON - 3 * HOUR), Event(HEARTBEAT, NOON - MINUTE))

    assert seen(engine) == (State.OK, False, 0.0)
    assert engine.value("row").age_seconds == 3 * 3600


@pytest.mark.parametrize(
    ("heartbeat", "state"),
    [
        ({"service": "web"}, State.OK),
        ({"service": "cron"}, State.STALE),
        ({"product": "other"}, State.STALE),
        ({"environment": "production"}, State.OK),
        ({"environment": "staging"}, State.STALE),
    ],
)
def test_only_a_service_that_has_sent_the_event_speaks_for_it(
    make_engine: MakeEngine, heartbeat: dict[str, str], state: State
) -> None:
    engine = one(make_engine, COUNT)
    engine.send(
        Event("page.seen", NOON - 3 * HOUR, service="web"),
        Event("job.done", NOON - MINUTE, service="cron"),
        Event(HEARTBEAT, NOON - MINUTE, **heartbeat),  # type: ignore[arg-type]
    )

    assert seen(engine)[0] is state


def test_one_of_two_senders_alive_is_enough(make_engine: MakeEngine) -> None:
    engine = one(make_engine, COUNT)
    engine.send(
        Event("page.seen", NOON - 3 * HOUR, service="web-1"),
        Event("page.seen", NOON - 2 * HOUR, service="web-2"),
        Event(HEARTBEAT, NOON - MINUTE, service="web-2"),
    )
    assert seen(engine) == (State.OK, False, 0.0)


def test_any_event_of_a_sender_is_a_sign_of_life(make_engine: MakeEngine) -> None:
    engine = one(make_engine, COUNT)
    engine.send(Event("page.seen", NOON - 3 * HOUR), Event("page.left", NOON - 10 * MINUTE))

    assert seen(engine) == (State.OK, False, 0.0)


def test_the_row_may_say_how_long_silence_may_last(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "stale_after": "2h"})
    engine.send(Event("page.seen", NOON - 2 * HOUR))
    assert seen(engine)[0] is State.OK

    engine.now += MINUTE
    assert seen(engine)[0] is State.STALE


def test_a_batch_source_is_silent_only_by_its_own_time(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "window": "7d"}, events=BATCH)
    engine.send(Event("page.seen", NOON - 6 * DAY))
    assert seen(engine) == (State.OK, False, 1.0)

    engine = one(make_engine, {**COUNT, "window": "7d", "stale_after": "2d"}, events=BATCH)
    engine.send(Event("page.seen", NOON - 3 * DAY), Event(HEARTBEAT, NOON - MINUTE))
    # That the machine lives does not say that the report came.
    assert seen(engine) == (State.STALE, False, 1.0)
    assert seen(engine, NOON - 2 * DAY)[0] is State.OK


def test_a_dead_source_is_stale_even_where_the_number_is_a_sure_breach(
    make_engine: MakeEngine,
) -> None:
    engine = one(make_engine, {**RATIO, "target": {"at_most": "5%"}})
    engine.send(*(Event("page.seen", NOON, {"ok": False}) for _ in range(200)))

    engine.now = NOON + MINUTE
    assert seen(engine) == (State.BREACH, True, 1.0)
    engine.now = NOON + 20 * MINUTE
    assert seen(engine) == (State.STALE, False, 1.0)
