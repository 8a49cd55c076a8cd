"""What a row of each kind reads and measures: events, attributes, units, periods, revisions."""

import pytest
from loopgauge_catalog.builtin import BATCH_EVENT, PRODUCER_EVENT
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import (
    KINDS,
    BudgetKpi,
    Composite,
    Drift,
    DurationKpi,
    Funnel,
    InFlight,
    Kpi,
    Loss,
    Quota,
    Step,
    Uptime,
)
from loopgauge_catalog.loader import loads
from loopgauge_catalog.quantities import MICRO

MINUTE = 60 * MICRO

#: What must have come before there is a number: of each group, one.
REQUIRED = {
    "making": [("film.ordered",), ("film.done", "film.shown")],
    "closing": [("film.ordered",), ("film.closed",)],
    "finishing": [("film.ordered",), ("film.done",)],
    "path": [("film.ordered",), ("film.done", "film.closed"), ("film.shown",)],
    "waiting": [("film.ordered",), ("film.done", "film.failed")],
    "busiest": [("film.ordered",), ("film.done",)],
    "people": [("film.ordered", "film.shown")],
    "askers": [("film.shown",), ("film.ordered", "film.shown")],
    "faults_per_film": [("fault.found",), ("film.done",)],
    "spend": [("cost.incurred",)],
    "film_cost": [("cost.incurred",), ("film.done",)],
    "budget_left": [("cost.incurred",)],
    "quota": [("quota.used",)],
    "up": [("probe.checked",)],
    "drift": [("score.given",)],
    "lost": [(PRODUCER_EVENT,)],
    "views": [("stats.read",)],
    "engagement": [("stats.read",)],
    "reading_age": [("stats.read",)],
    "checked": [("probe.checked",)],
    "planned": [("plan.read",)],
    "reached": [("plan.read",)],
    "good_enough": [("score.given",)],
    "refused": [(BATCH_EVENT,)],
    "health_score": [],
}

#: Event -> what is read from it.
READS = {
    "making": {
        "film.ordered": {"film.id", "genre"},
        "film.done": {"film.id"},
        "film.failed": {"film.id"},
        "film.closed": {"film.id", "reason"},
    },
    "path": {"film.ordered": {"film.id"}, "film.closed": {"film.id"}},
    "busiest": {"film.ordered": {"film.id", "film.length"}, "film.done": {"film.id"}},
    "people": {"film.ordered": {"user.id"}, "film.shown": {"user.id", "reason"}},
    "faults_per_film": {"fault.found": {"fault.id"}, "film.done": {"film.id"}},
    "film_cost": {"film.done": {"film.id"}},
    "budget_left": {
        "cost.incurred": {
            "provider", "operation", "model", "cost.quantity", "cost.unit", "cost.amount",
            "cost.currency", "cost.kind",
        }
    },
    "up": {"probe.checked": {"outcome", "probe.location"}},
    "engagement": {"stats.read": {"likes", "comments", "views", "channel.id"}},
    "reading_age": {"stats.read": {"channel.id"}, "channel.closed": set()},
    "good_enough": {"score.given": {"score", "film.id", "model.version", "genre"}},
    "refused": {BATCH_EVENT: {"loop.events", "loop.outcome", "service.name", "loop.reason"}},
}  # fmt: skip

#: Unit, and how the metric ends.
UNITS = {
    "making": ("s", "seconds"),
    "finishing": ("share", "ratio"),
    "path": ("share", "ratio"),
    "waiting": ("1", ""),
    "busiest": ("min", "seconds"),
    "people": ("1", ""),
    "askers": ("share", "ratio"),
    "faults_per_film": ("1", ""),
    "spend": ("usd", "usd"),
    "film_cost": ("usd", "usd"),
    "budget_left": ("share", "ratio"),
    "quota": ("share", "ratio"),
    "up": ("share", "ratio"),
    "drift": ("1", ""),
    "lost": ("share", "ratio"),
    "views": ("1", ""),
    "engagement": ("share", "ratio"),
    "reading_age": ("s", "seconds"),
    "checked": ("share", "ratio"),
    "reached": ("share", "ratio"),
    "health_score": ("1", ""),
}


@pytest.fixture
def catalog(studio: str) -> Catalog:
    return loads(studio)


def kpi(catalog: Catalog, key: str) -> Kpi:
    found = catalog.kpi(f"studio.{key}")
    assert found is not None
    return found


def test_two_small_catalogs_have_every_kind(catalog: Catalog, shop: str) -> None:
    kinds = {each.kind for each in (*catalog.kpis(), *loads(shop).kpis())}
    assert kinds == set(KINDS)


def test_a_row_needs_one_event_of_each_group(catalog: Catalog) -> None:
    assert {each.key: list(each.required) for each in catalog.kpis()} == REQUIRED


def test_the_events_of_a_row_are_all_that_it_may_need(catalog: Catalog) -> None:
    for each in catalog.kpis():
        assert set(each.events) == {name for group in each.required for name in group}
        assert len(set(each.events)) == len(each.events)


@pytest.mark.parametrize("key", READS)
def test_a_row_reads_from_each_event_what_it_needs_there(catalog: Catalog, key: str) -> None:
    row = kpi(catalog, key)
    assert {name: set(row.attributes_of(name)) for name in READS[key]} == READS[key]
    assert set().union(*READS[key].values()) <= set(row.attributes)
    assert row.attributes_of("somebody.else") == ()


def test_what_is_added_up_is_told_from_what_is_only_asked(catalog: Catalog) -> None:
    assert kpi(catalog, "engagement").values_of("stats.read") == ("likes", "comments", "views")
    assert kpi(catalog, "busiest").values_of("film.ordered") == ("film.length",)
    assert kpi(catalog, "busiest").values_of("film.done") == ()
    assert kpi(catalog, "refused").values_of(BATCH_EVENT) == ("loop.events",)


@pytest.mark.parametrize("key", UNITS)
def test_a_number_has_its_unit(catalog: Catalog, key: str) -> None:
    measure = catalog.measure(kpi(catalog, key))
    assert (measure.unit, measure.suffix) == UNITS[key]
    assert catalog.unit(kpi(catalog, key)) == UNITS[key][1]


def test_costs_are_counted_in_the_products_own_currency(studio: str) -> None:
    euros = studio.replace("currency: USD\n", "currency: EUR\n").replace("  EUR: {", "  USD: {")
    euros = euros.replace("below: $3.00", "below: €3.00")
    catalog = loads(euros)
    assert catalog.unit(kpi(catalog, "spend")) == catalog.unit(kpi(catalog, "film_cost")) == "eur"


def test_a_window_is_a_length_or_a_calendar_period(catalog: Catalog) -> None:
    def about(key: str) -> tuple[int | None, str | None]:
        return kpi(catalog, key).own_window, kpi(catalog, key).period

    assert about("making") == (7 * 24 * 60 * MINUTE, None)
    assert about("people") == (None, "week")
    assert about("busiest") == (None, "month")
    assert about("faults_per_film") == (None, "sprint")
    assert about("quota") == (None, "day")
    assert about("budget_left") == (None, "month")
    assert about("waiting") == about("checked") == about("health_score") == (None, None)


def test_a_step_is_a_name_or_a_name_with_a_filter(catalog: Catalog, studio: str) -> None:
    making = kpi(catalog, "making")
    assert isinstance(making, DurationKpi)
    assert making.from_ == Step(event="film.ordered")
    assert [step.event for step in making.to] == ["film.done", "film.shown"]
    assert making.excludes[0].where.root["reason"].equals == "withdrawn"
    longer = studio.replace("fails: film.failed", "fails: [{event: film.failed}]")
    assert kpi(loads(longer), "making").revision() == making.revision()


def test_the_value_of_a_duration_is_the_quantile_that_is_judged(studio: str) -> None:
    def shown(edit: str, key: str = "making") -> object:
        row = kpi(loads(studio.replace("expires: 2h\n", f"expires: 2h\n        {edit}\n")), key)
        assert isinstance(row, DurationKpi)
        return row.shown, row.stats

    assert shown("") == (0.8, (0.5, 0.8, 0.95))
    assert shown("quantiles: [0.99]") == (0.8, (0.8, 0.99))
    assert shown("show: 0.5") == (0.5, (0.5, 0.8, 0.95))
    assert shown("", "closing") == ("mean", (0.5, 0.8, 0.95))


def test_subjects_are_counted_within_the_target_and_the_notes(catalog: Catalog) -> None:
    making = kpi(catalog, "making")
    assert isinstance(making, DurationKpi)
    assert making.thresholds == (("<=", 15 * MINUTE), ("<", 5 * MINUTE))


def test_fields_that_are_not_written_have_the_defaults_of_the_definition(catalog: Catalog) -> None:
    up, lost, drift = kpi(catalog, "up"), kpi(catalog, "lost"), kpi(catalog, "drift")
    waiting, quota, path = kpi(catalog, "waiting"), kpi(catalog, "quota"), kpi(catalog, "path")
    assert isinstance(up, Uptime)
    assert up.every == MINUTE
    assert isinstance(lost, Loss)
    assert lost.grace == 15 * MINUTE
    assert isinstance(drift, Drift)
    assert (drift.bins, drift.bounds) == (10, (0, 10))
    assert isinstance(waiting, InFlight)
    assert (waiting.read, waiting.expires) == ("current", None)
    assert isinstance(quota, Quota)
    assert (quota.window, quota.timezone) == ("day", "America/Los_Angeles")
    assert isinstance(path, Funnel)
    assert path.step_names == ("ordered", "made", "shown")
    assert path.model_copy(update={"names": ()}).step_names == (
        "film.ordered", "film.done", "film.shown"
    )  # fmt: skip


def test_a_budget_knows_its_plan(catalog: Catalog) -> None:
    row = kpi(catalog, "budget_left")
    assert isinstance(row, BudgetKpi)
    assert (row.plan.limit.micro, row.plan.code) == (500 * MICRO, "USD")
    assert row.plan.timezone == "Europe/Berlin"


def test_a_part_of_a_score_weighs_25_unless_it_says_otherwise(studio: str) -> None:
    text = studio.replace("weight: 60, ", "weight: 75, ").replace("weight: 40, ", "")
    score = kpi(loads(text), "health_score")
    assert isinstance(score, Composite)
    assert [part.weight for part in score.parts.values()] == [75, 25]


PRESENTED = [
    ("making", "share: 80%}", "share: 70%}"),
    ("making", "each: [genre]\n        window: 7d", "window: 14d"),
    ("making", "expires: 2h\n", "expires: 2h\n        quantiles: [0.9]\n"),
    ("making", "share: 50%}, alert", "share: 40%}, alert"),
    ("path", "names: [ordered, made, shown]", "names: [a, b, c]"),
    ("budget_left", "limit: $500", "limit: $600"),
    ("budget_left", "read: forecast", "read: used"),
    ("quota", "limit: 10000", "limit: 20000"),
    ("quota", "timezone: America/Los_Angeles", "timezone: UTC"),
    ("reached", "at_risk: 15%", "at_risk: 20%"),
    ("drift", "{at_least: 0.1}", "{at_least: 0.2}"),
]
REDUCED = [
    ("making", "expires: 2h\n", "expires: 3h\n"),
    ("making", "share_below: 5m", "share_below: 6m"),
    ("making", "where: {reason: withdrawn}", "where: {reason: sold}"),
    ("finishing", "expires: 30m", "expires: 31m"),
    ("path", "[film.done, film.closed]", "film.done"),
    ("busiest", "value: film.length\n        ", ""),
    ("people", "by: user.id\n        window: week", "by: film.id\n        window: week"),
    ("film_cost", "{event: film.done, once_per: film.id}\n        window: 7d", "{event: film.shown, once_per: film.id}\n        window: 7d"),
    ("budget_left", "[render, voice]", "[render]"),
    ("up", "up: {outcome: ok}", "up: {outcome: failed}"),
    ("drift", "range: [0, 10]", "range: [1, 10]"),
    ("engagement", "over: views", "over: likes"),
    ("good_enough", "        last_per: film.id\n", ""),
    ("good_enough", "split: [genre]", "split: []"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "old", "new"), PRESENTED)
def test_what_is_shown_and_judged_otherwise_keeps_its_partials(
    studio: str, key: str, old: str, new: str
) -> None:
    assert studio.count(old) == 1
    assert (
        kpi(loads(studio), key).revision() == kpi(loads(studio.replace(old, new)), key).revision()
    )


@pytest.mark.parametrize(("key", "old", "new"), REDUCED)
def test_what_is_counted_otherwise_is_rebuilt(studio: str, key: str, old: str, new: str) -> None:
    assert studio.count(old) == 1
    before, after = loads(studio), loads(studio.replace(old, new))
    assert kpi(before, key).revision() != kpi(after, key).revision()
    others = [each.key for each in before.kpis() if each.key != key]
    assert all(kpi(before, one).revision() == kpi(after, one).revision() for one in others)
