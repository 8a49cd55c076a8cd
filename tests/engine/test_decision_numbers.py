"""The decision table of the KPI semantics, section 4, lines 5 to 11: the number and its target."""

from typing import Any

import pytest
from loopgauge_catalog.states import State

from tests.engine.decisions import COUNT, MEAN, RATIO, SUM, MakeEngine, one, seen
from tests.engine.harness import HEARTBEAT, HOUR, MINUTE, SECOND, Event, moment, product

NOON = moment("2026-11-18 12:00")
QUARTER = 15 * MINUTE


# Line 5: undefined.


@pytest.mark.parametrize("kpi", [RATIO, MEAN], ids=["ratio", "mean"])
def test_nothing_to_divide_by_is_too_few_and_no_value(
    make_engine: MakeEngine, kpi: dict[str, Any]
) -> None:
    engine = one(make_engine, kpi)
    engine.send(Event("page.seen", NOON - MINUTE, {"unrelated": 1}))

    assert seen(engine) == (State.TOO_FEW, False, None)
    assert engine.value("row").reading.ineligible == 1


# Line 6: a floor, and the source is younger than the window.


@pytest.mark.parametrize("kpi", [COUNT, SUM], ids=["count", "sum"])
def test_a_floor_is_not_judged_before_the_window_is_full(
    make_engine: MakeEngine, kpi: dict[str, Any]
) -> None:
    engine = one(make_engine, {**kpi, "target": {"at_least": 3}})
    engine.send(Event("page.seen", NOON, {"score": 1}))

    engine.now = NOON + 10 * MINUTE
    assert seen(engine) == (State.TOO_FEW, False, 1.0)
    # An hour after the first event the window is full: one is too few pages, and that is sure.
    engine.now = NOON + HOUR
    engine.send(*(Event(HEARTBEAT, NOON + minutes * MINUTE) for minutes in (50, 59)))
    assert seen(engine) == (State.BREACH, True, 1.0)
    assert seen(engine, NOON + 59 * MINUTE)[0] is State.TOO_FEW


def test_a_floor_that_is_met_early_is_met(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "target": {"at_least": 1}})
    engine.send(Event("page.seen", NOON - MINUTE))

    assert seen(engine) == (State.OK, False, 1.0)


def test_an_upper_limit_is_judged_from_the_first_event(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "target": {"at_most": 1}})
    engine.send(Event("page.seen", NOON - MINUTE), Event("page.seen", NOON - MINUTE))

    assert seen(engine) == (State.BREACH, True, 2.0)


# Line 7: no target.


def test_without_a_target_a_number_is_ok(make_engine: MakeEngine) -> None:
    engine = one(make_engine, RATIO)
    engine.send(Event("page.seen", NOON - MINUTE, {"ok": False}))

    assert seen(engine) == (State.OK, False, 1.0)


# Lines 8 to 11: the number against the target.


@pytest.mark.parametrize(
    ("bad", "n", "expected"),
    [
        (0, 99, (State.TOO_FEW, False)),
        (2, 6, (State.TOO_FEW, False)),
        (3, 6, (State.BREACH, True)),  # 8: sure, whatever n
        (5, 99, (State.TOO_FEW, False)),  # 9
        (5, 100, (State.OK, False)),  # 11: exactly at an inclusive target
        (6, 100, (State.BREACH, False)),  # 10
        (11, 100, (State.BREACH, True)),
    ],
)
def test_a_share_against_its_target(
    make_engine: MakeEngine, bad: int, n: int, expected: tuple[State, bool]
) -> None:
    engine = one(make_engine, {**RATIO, "target": {"at_most": "5%"}})
    engine.send(*(Event("page.seen", NOON - 1, {"ok": at >= bad}) for at in range(n)))

    assert seen(engine) == (*expected, bad / n)


def test_where_none_is_allowed_the_first_one_is_a_sure_breach(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**RATIO, "target": {"equals": "0%"}})
    engine.send(Event("page.seen", NOON - 1, {"ok": True}))
    assert seen(engine) == (State.OK, False, 0.0)

    engine.send(Event("page.seen", NOON - 1, {"ok": False}))
    assert seen(engine) == (State.BREACH, True, 0.5)


def test_where_all_are_wanted_the_first_that_fails_is_a_sure_breach(
    make_engine: MakeEngine,
) -> None:
    good = {**RATIO, "matching": {"ok": True}}
    engine = make_engine(
        product(
            {
                "floor": {**good, "target": {"at_least": "100%"}},
                "exact": {**good, "target": {"equals": "100%"}},
            }
        )
    )
    engine.send(Event("page.seen", NOON - 1, {"ok": True}))
    assert [engine.value(key).state for key in ("floor", "exact")] == [State.OK, State.OK]

    engine.send(Event("page.seen", NOON - 1, {"ok": False}))
    values = [engine.value(key) for key in ("floor", "exact")]
    assert [(v.state, v.sure) for v in values] == [(State.BREACH, True)] * 2


def test_the_row_may_ask_for_other_min_samples(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**RATIO, "target": {"at_most": "5%"}, "min_samples": 7})
    engine.send(*(Event("page.seen", NOON - 1, {"ok": True}) for _ in range(6)))
    assert seen(engine)[0] is State.TOO_FEW
    assert engine.value("row").enough == 7

    engine.send(Event("page.seen", NOON - 1, {"ok": True}))
    assert seen(engine)[0] is State.OK
    assert engine.value("row").enough is None


def test_what_is_too_few_for_another_reason_names_no_number_of_samples(
    make_engine: MakeEngine,
) -> None:
    young = one(make_engine, {**COUNT, "target": {"at_least": 3}})
    young.send(Event("page.seen", NOON - MINUTE))

    assert seen(young)[0] is State.TOO_FEW
    assert young.value("row").enough is None


@pytest.mark.parametrize(
    ("kpi", "target", "expected"),
    [
        (COUNT, {"at_most": 0}, (State.OK, False)),
        (COUNT, {"below": 1}, (State.OK, False)),
        (COUNT, {"equals": 0}, (State.OK, False)),
        (COUNT, {"at_least": 1}, (State.BREACH, True)),
        (SUM, {"at_most": 10}, (State.OK, False)),
        ({**COUNT, "kind": "rate"}, {"at_most": 10}, (State.OK, False)),
    ],
)
def test_a_zero_from_a_live_source_is_judged_like_any_number(
    make_engine: MakeEngine, kpi: dict[str, Any], target: dict[str, Any], expected: Any
) -> None:
    engine = one(make_engine, {**kpi, "target": target})
    engine.send(Event("page.seen", NOON - 3 * HOUR, {"score": 1}), Event(HEARTBEAT, NOON - MINUTE))

    assert seen(engine) == (*expected, 0.0)


def test_a_mean_needs_20_samples_to_be_judged(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**MEAN, "target": {"above": 4.5}})
    engine.send(
        *(Event("page.seen", NOON - n * SECOND - 1, {"score": 5 - n % 2}) for n in range(19))
    )
    assert seen(engine)[0] is State.TOO_FEW

    engine.send(Event("page.seen", NOON - MINUTE, {"score": 4}))
    # Half fives, half fours: 4.5 is not above 4.5, and the interval holds it.
    assert seen(engine) == (State.BREACH, False, 4.5)


def test_only_the_own_window_is_judged(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "target": {"at_most": 1}})
    engine.send(*(Event("page.seen", NOON - 90 * MINUTE) for _ in range(5)))
    engine.send(Event(HEARTBEAT, NOON - MINUTE))

    value = engine.value("row")

    assert (value.state, value.reading.value) == (State.OK, 0)
    assert {name: reading.value for name, reading in value.windows.items()} == {
        "24h": 5.0, "7d": 5.0, "28d": 5.0,
    }  # fmt: skip


def test_internal_users_and_other_environments_do_not_count(make_engine: MakeEngine) -> None:
    engine = one(make_engine, COUNT)
    engine.send(
        Event("page.seen", NOON - 1, {"user.internal": True}),
        Event("page.seen", NOON - 1, {"user.internal": False}),
        Event("page.seen", NOON - 1, {}, environment="production"),
        Event("page.seen", NOON - 1, {}, environment="staging"),
        Event("page.seen", NOON - 1, {"user.internal": "true"}),
    )

    # The text "true" is no boolean, so it says nothing.
    assert seen(engine)[2] == 3
