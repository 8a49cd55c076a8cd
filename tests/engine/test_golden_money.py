"""Worked examples 12 and 13: what a video costs, and how a month's budget goes."""

from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_catalog.states import State

from tests.engine.costs import COST_EVENTS, cost
from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")

MakeEngine = Callable[..., Engine]


def video(name: str, at: int, video_id: str, amount: str | None = None) -> list[Event]:
    """An event of a video and, before it, what it has cost."""
    subject: dict[str, Any] = {"video.id": video_id}
    spent = [] if amount is None else [cost(at - 1, amount, **subject)]
    return [*spent, Event(name, at, subject)]


def per_video(**more: Any) -> dict[str, Any]:
    return product(
        {
            "video_cost": {
                "kind": "cost_per", "window": "7d", "target": {"below": "$3.00"},
                "per": {"event": "video.completed", "once_per": "video.id"}, **more,
            }
        },
        COST_EVENTS,
    )  # fmt: skip


WEEK = [
    *video("video.completed", NOON - 3 * DAY, "v1", "1.20"),
    *video("video.completed", NOON - 2 * DAY, "v1", "0.40"),
    *video("video.failed", NOON - DAY, "v2", "0.90"),
    *video("video.completed", NOON - HOUR, "v3", "1.10"),
    cost(NOON - 30 * MINUTE, "0.60", operation="server"),
]


def test_all_costs_are_divided_by_the_videos_that_finished(make_engine: MakeEngine) -> None:
    engine = make_engine(per_video())
    engine.send(*WEEK)

    reading = engine.read("video_cost", NOON)

    assert (reading.value, reading.samples, reading.stats) == (2.10, 2, {"spend": 4.20})
    assert engine.value("video_cost").state is State.OK


def test_an_item_without_a_price_makes_the_value_a_lower_bound(make_engine: MakeEngine) -> None:
    engine = make_engine(per_video())
    engine.send(*WEEK, cost(NOON - MINUTE, quantity=5, unit="token"))

    value = engine.value("video_cost")

    assert (value.reading.value, value.reading.unpriced) == (2.10, 1)
    assert (value.state, value.sure) == (State.UNPRICED, False)
    engine.read("video_cost", NOON)

    # $6.60 for two videos is too much, whatever the other item costs.
    engine.send(cost(NOON - 5 * MINUTE, "2.40"))

    value = engine.value("video_cost")
    assert (value.reading.value, value.state, value.sure) == (3.30, State.BREACH, True)
    # Ten minutes earlier neither of the two had happened.
    past = engine.value_at("video_cost", NOON - 10 * MINUTE)
    assert (past.reading.value, past.state) == (2.10, State.OK)


def test_a_floor_is_not_missed_while_items_have_no_price(make_engine: MakeEngine) -> None:
    engine = make_engine(per_video(target={"at_least": "$3.00"}))
    engine.send(*WEEK)
    assert engine.value("video_cost").state is State.BREACH

    engine.send(cost(NOON - MINUTE, quantity=5, unit="token"))

    assert engine.value("video_cost").state is State.UNPRICED


def test_without_a_finished_video_there_is_the_spend_and_no_value(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(per_video())
    engine.send(
        *video("video.completed", NOON - 8 * DAY, "v0"), *video("video.failed", NOON - DAY, "v2"),
        cost(NOON - HOUR, "0.90"),
    )  # fmt: skip

    reading = engine.read("video_cost", NOON)

    assert (reading.value, reading.samples, reading.stats) == (None, 0, {"spend": 0.90})
    # The source is alive; there is nothing to judge.
    engine.send(cost(NOON - MINUTE, "0.10"), Event("video.completed", NOON, {"video.id": "v9"}))
    assert engine.value("video_cost").state is State.TOO_FEW


def budgets(zone: str | None = "UTC", limit: str = "$300", **more: Any) -> dict[str, Any]:
    raw = product(
        {
            "used": {"kind": "budget", "budget": "month", "target": {"at_most": "100%"}},
            "forecast": {
                "kind": "budget", "budget": "month", "read": "forecast",
                "target": {"at_most": "100%"},
                "alert": {"severity": "ticket", "team": "crew"},
                "escalate": {
                    "target": {"at_most": "200%"}, "alert": {"severity": "page", "team": "crew"},
                },
            },
        },
        COST_EVENTS,
    )  # fmt: skip
    plan = {"limit": limit, "period": "month", **({"timezone": zone} if zone else {}), **more}
    return {**raw, "teams": {"crew": {}}, "budgets": {"month": plan}}


TENTH = moment("2026-11-10 00:00")


def test_a_forecast_takes_the_last_seven_days_for_the_rest_of_the_month(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(budgets(), now=TENTH)
    engine.send(
        cost(TENTH - 60 * DAY, "500"),
        cost(TENTH - 8 * DAY, "6"),
        *(cost(TENTH - day * DAY + HOUR, "12") for day in range(1, 8)),
    )

    used, forecast = engine.read("used", TENTH), engine.read("forecast", TENTH)

    assert used.value == 0.30
    assert (forecast.value, forecast.stats) == (1.14, {"used": 0.30})
    assert engine.value("used").state is State.OK
    value = engine.value("forecast")
    assert (value.state, value.sure, value.escalated) == (State.BREACH, True, False)


def test_on_the_first_day_the_forecast_looks_across_the_start_of_the_month(
    make_engine: MakeEngine,
) -> None:
    start = moment("2026-11-01 00:00")
    engine = make_engine(budgets(), now=start + HOUR)
    engine.send(*(cost(start - day * DAY + HOUR, "7") for day in range(9)))

    # $7 were spent at E, which is not in the window; the six days before it and the rest of
    # the seventh are.
    assert engine.read("used", start + HOUR).value == 0
    forecast = engine.read("forecast", start + HOUR)
    assert forecast.value == pytest.approx((30 * 24 - 1) / 24 * 7 / 300, rel=1e-12)


def test_a_forecast_needs_a_day_of_data_and_takes_what_there_is(make_engine: MakeEngine) -> None:
    engine = make_engine(budgets(), now=TENTH)
    engine.send(cost(TENTH - 23 * HOUR, "10"))
    assert engine.read("forecast", TENTH).value is None
    assert engine.value("forecast").state is State.TOO_FEW

    engine.send(cost(TENTH - 48 * HOUR, "10"))

    # $20 in two days, and 21 days to go.
    assert engine.read("forecast", TENTH).value == pytest.approx((20 + 21 * 10) / 300, rel=1e-12)


def test_a_loop_that_spends_twice_the_budget_is_graver(make_engine: MakeEngine) -> None:
    engine = make_engine(budgets(), now=TENTH)
    engine.send(*(cost(TENTH - day * DAY, "30") for day in range(1, 8)))

    value = engine.value("forecast")

    assert value.reading.value == pytest.approx((210 + 21 * 30) / 300)
    assert value.escalated


def test_unpriced_items_of_the_last_week_count_for_the_forecast_alone(
    make_engine: MakeEngine,
) -> None:
    start = moment("2026-11-01 00:00")
    engine = make_engine(budgets(), now=start + 2 * DAY)
    engine.send(
        *(cost(start - day * DAY, "1") for day in range(-1, 9)),
        cost(start - HOUR, quantity=1, unit="clip"),
    )

    assert (engine.value("used").state, engine.value("forecast").state) == (
        State.OK, State.UNPRICED,
    )  # fmt: skip
    assert engine.read("forecast", start + 2 * DAY).unpriced == 1


@pytest.mark.parametrize(
    ("first", "before", "end"),
    [
        # March begins at 23:00Z of 28 February and has 743 hours, October 745.
        ("2026-02-28 23:00", "2026-02-28 22:59", "2026-03-31 22:00"),
        ("2026-09-30 22:00", "2026-09-30 21:59", "2026-10-31 23:00"),
    ],
)
def test_a_budget_month_is_a_local_one(
    make_engine: MakeEngine, first: str, before: str, end: str
) -> None:
    at = moment(first) + 10 * DAY
    engine = make_engine(budgets("Europe/Berlin"), now=at)
    engine.send(
        cost(moment(before), "100"), cost(moment(first), "6"),
        *(cost(at - day * DAY, "12") for day in range(1, 8)),
    )  # fmt: skip

    assert engine.read("used", at).value == 0.30
    left = (moment(end) - at) / DAY
    assert engine.read("forecast", at).value == pytest.approx((90 + left * 12) / 300, rel=1e-12)


def test_a_budget_is_for_the_costs_that_its_filter_picks(make_engine: MakeEngine) -> None:
    engine = make_engine(budgets(where={"operation": "render"}), now=TENTH)
    engine.send(cost(TENTH - DAY, "30", operation="render"), cost(TENTH - DAY, "90"))

    assert engine.read("used", TENTH).value == 0.10
