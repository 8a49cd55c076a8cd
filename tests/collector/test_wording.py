"""A KPI of every kind in the words of the page and the command line."""

from dataclasses import replace
from typing import Any

import pytest
from loopgauge_catalog.states import State
from loopgauge_catalog.values import Comparison, KpiValue, Trend
from loopgauge_collector.web.presentation import kpi_json
from loopgauge_collector.web.wording import (
    stat_words,
    state_notes,
    steps_of,
    trend_words,
    value_notes,
    value_words,
    window_words,
)

from tests.support.every_kind import NOW, beyond, value_of, whole_catalog

CATALOG = whole_catalog()


def _value(kpi_id: str, **changes: Any) -> KpiValue:
    """A KPI's value; what a reading has is changed there."""
    kpi = CATALOG.kpi(kpi_id)
    assert kpi is not None
    value = value_of(kpi, CATALOG)
    of_reading = {name: given for name, given in changes.items() if hasattr(value.reading, name)}
    changes = {name: given for name, given in changes.items() if name not in of_reading}
    return replace(value, reading=replace(value.reading, **of_reading), **changes)


@pytest.mark.parametrize(
    ("kpi_id", "stat", "words", "window"),
    [
        ("campaigns.ttfv", "p80", "14 m", "28d"),
        ("musicgen.recovery_time", "mean", "14 m", "28d"),
        ("campaigns.api_latency", "p95", "250 ms", "1h"),
        ("ytempire.cost_per_video", "", "$2.10", "7d"),
        ("ytempire.budget_used", "", "93.0 %", "this month"),
        ("ytempire.quota_used", "", "93.0 %", "today"),
        ("ytempire.active_users", "", "37", "7d"),
        ("musicgen.velocity", "", "21 points", "this sprint"),
        ("musicgen.health_score", "", "66.7 of 100", "now"),
        ("musicgen.deployments", "", "2.5 per day", "28d"),
        ("musicgen.debt_items", "", "4", "now"),
        ("musicgen.test_coverage", "", "71 %", "newest"),
        ("studio.reading_age", "", "20 m", "newest"),
    ],
)
def test_a_value_has_its_unit_its_stat_and_its_time(
    kpi_id: str, stat: str, words: str, window: str
) -> None:
    shown = kpi_json(_value(kpi_id))

    assert (stat_words(shown), value_words(shown), window_words(shown)) == (stat, words, window)


@pytest.mark.parametrize(
    ("kpi_id", "notes"),
    [
        ("campaigns.ttfv", ("p50 7 m · p95 13 m 18 s", "91.0 % within target", "7 pending")),
        ("musicgen.recovery_time", ("p50 7 m", "oldest open 3 d", "7 open")),
        ("musicgen.health_score", ("rests on 78.3 of 100", "best case 88.3")),
        ("musicgen.velocity", ("last sprint 42 points",)),
        ("musicgen.uptime", ("2 % unknown",)),
        ("ytempire.cost_per_video", ("spent $4.20",)),
        ("ytempire.budget_forecast", ("31 % so far",)),
        ("ytempire.concurrent_videos", ("7 now",)),
        ("ytempire.score_drift", ("chance alone up to 0.019", "against 700 values")),
    ],
)
def test_what_stands_beside_the_value(kpi_id: str, notes: tuple[str, ...]) -> None:
    assert value_notes(kpi_json(_value(kpi_id))) == notes


def test_work_is_counted_in_hours_and_not_in_days_of_24() -> None:
    assert value_words(kpi_json(_value("musicgen.debt_estimate", value=62 * 3600.0))) == "62 h"


def test_a_score_that_rests_on_everything_says_nothing_about_that() -> None:
    whole = _value("musicgen.health_score", stats={"rests_on": 100.0, "best_case": 66.65})

    assert value_notes(kpi_json(whole)) == ()


def test_a_lower_bound_says_that_it_is_one() -> None:
    shown = kpi_json(_value("ytempire.cost_per_video", unpriced=3, state=State.UNPRICED))

    assert value_words(shown) == "≥ $2.10"
    assert "3 costs without a price" in value_notes(shown)


def test_what_was_done_too_late_is_said() -> None:
    assert value_notes(kpi_json(_value("campaigns.ttfv", late=2)))[-1] == "2 done too late"


def test_what_is_not_done_before_the_limit_is_longer_than_it() -> None:
    shown = kpi_json(beyond(_value("campaigns.ttfv")))

    assert (shown["value"], shown["beyond"]) == (None, 7 * 86400.0)
    assert (stat_words(shown), value_words(shown)) == ("p80", "> 7 d")


def test_a_quantile_beyond_the_limit_beside_a_known_one_says_so() -> None:
    stats = {"p50": 420.0, "p80": 840.0, "p95": float("inf")}

    assert value_notes(kpi_json(_value("campaigns.ttfv", stats=stats)))[0] == "p50 7 m · p95 > 7 d"


def test_an_undefined_number_is_a_dash_and_keeps_what_is_known() -> None:
    shown = kpi_json(_value("ytempire.cost_per_video", value=None, state=State.TOO_FEW))

    assert (value_words(shown), value_notes(shown)) == ("–", ("spent $4.20",))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"samples": 32, "enough": 1000}, "32 of 1,000 samples"),
        ({"value": None, "samples": 0}, "nothing to judge yet"),
        ({"value": None, "samples": 40}, "not enough to tell"),
        ({"samples": 2}, "its source is younger than 28d"),
    ],
)
def test_too_few_says_why(changes: dict[str, Any], why: str) -> None:
    few = _value("campaigns.campaign_completion", state=State.TOO_FEW, **changes)

    assert state_notes(kpi_json(few)) == (why,)


def test_the_zero_of_a_silent_source_is_no_number() -> None:
    shown = kpi_json(_value("campaigns.friction", value=0.0, samples=0, state=State.STALE))
    known = kpi_json(_value("campaigns.friction", value=3.0, samples=3, state=State.STALE))

    assert value_words(shown) == "–"
    assert value_words(known) == "3"


def test_the_label_value_and_the_graver_threshold_that_decide_are_named() -> None:
    worst = kpi_json(_value("campaigns.api_latency", worst=("http.route", "a")))
    graver = kpi_json(_value("ytempire.budget_forecast", escalated=True))

    assert state_notes(worst) == ("http.route a: 250 ms",)
    assert state_notes(graver) == ("not even ≤ 200%",)


def test_a_funnel_shows_its_steps_and_where_most_are_lost() -> None:
    steps = steps_of(kpi_json(_value("campaigns.campaign_funnel")))

    assert [(step.name, step.share, step.after, step.is_worst) for step in steps] == [
        ("created", "100 %", "", False),
        ("attribution configured", "50 %", "after 1 m 30 s", True),
        ("report generated", "33.3 %", "after 1 m 30 s", False),
    ]


@pytest.mark.parametrize(
    ("arrow", "good", "sign", "side"),
    [
        ("up", True, "↑", "good"),
        ("up", False, "↑", "bad"),
        ("down", True, "↓", "good"),
        ("down", None, "↓", ""),
        ("flat", None, "→", ""),
        (None, None, "–", ""),
    ],
)
def test_a_trend_has_a_sign_and_a_side(arrow: Any, good: bool | None, sign: str, side: str) -> None:
    trend = Trend(arrow, good, 3.0, Comparison(NOW, 0.88, 0.05, 90))

    words = trend_words(kpi_json(_value("campaigns.campaign_completion", trend=trend)))

    assert (words.sign, words.side, words.note) == (sign, side, "from 88 %")


def test_without_anything_to_compare_with_there_is_no_arrow() -> None:
    unknown = Trend(None, None, None, Comparison(NOW, None, None, 0))

    for trend in (None, unknown):
        words = trend_words(kpi_json(_value("campaigns.campaign_completion", trend=trend)))
        assert (words.sign, words.side, words.note) == ("–", "", "")


def test_every_kind_can_be_said() -> None:
    for kpi in CATALOG.kpis():
        shown = kpi_json(value_of(kpi, CATALOG))
        words = [value_words(shown), window_words(shown), *value_notes(shown), *state_notes(shown)]
        assert all(word and "None" not in word for word in words), (kpi.id, words)
