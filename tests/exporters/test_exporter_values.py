"""What each KPI value becomes: absent where it is not known, exact where it is."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog import names
from loopgauge_catalog.states import State
from loopgauge_catalog.values import AccountingRow, KpiValue, Snapshot
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, render
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.support.every_kind import beyond, snapshot_of, value_of, whole_catalog

if TYPE_CHECKING:
    from tests.conftest import SnapshotBuilder


def _samples(snapshot: Snapshot, content_type: str = TEXT) -> list[Sample]:
    page = render(snapshot, content_type).decode()
    parse = (
        openmetrics_parser.text_string_to_metric_families
        if content_type == OPENMETRICS
        else text_string_to_metric_families
    )
    return [sample for family in parse(page) for sample in family.samples]


def _find(samples: list[Sample], name: str, **labels: str) -> list[float]:
    wanted = labels.items()
    return [s.value for s in samples if s.name == name and wanted <= s.labels.items()]


def _of_kpi(samples: list[Sample], prefix: str) -> list[Sample]:
    return [sample for sample in samples if sample.name.startswith(prefix)]


def test_a_kpi_without_data_has_a_state_and_no_number(build: "SnapshotBuilder") -> None:
    value = build.value("campaigns.beta_score", windows={"7d": build.reading(0.0)})

    samples = _samples(build.snapshot(value))

    assert _of_kpi(samples, "campaigns_beta_score") == []
    assert _find(samples, names.STATE, kpi="campaigns.beta_score", state="no_data") == [1.0]
    assert _find(samples, names.LAST_EVENT) == []
    assert _find(samples, names.ATTAINMENT) == []


def test_an_undefined_number_over_one_window_leaves_the_others(build: "SnapshotBuilder") -> None:
    value = build.value(
        "campaigns.api_errors",
        state=State.TOO_FEW,
        windows={"1h": build.reading(None), "24h": build.reading(0.02, 400)},
    )

    samples = _samples(build.snapshot(value))

    assert _find(samples, "campaigns_api_errors_ratio", window="1h") == []
    assert _find(samples, "campaigns_api_errors_ratio", window="24h") == [0.02]


def test_a_true_zero_is_a_number(build: "SnapshotBuilder") -> None:
    samples = _samples(build.snapshot(build.value("campaigns.new_campaigns", 0.0)))

    assert _find(samples, "campaigns_new_campaigns", window="24h") == [0.0]


def test_the_zero_of_a_silent_source_is_left_out_and_what_it_sent_before_stays(
    build: "SnapshotBuilder",
) -> None:
    silent = build.value(
        "campaigns.new_campaigns",
        0.0,
        state=State.STALE,
        reading=build.reading(0.0, 0),
        windows={"28d": build.reading(12.0, 12)},
        attainment=0.0,
    )

    samples = _samples(build.snapshot(silent))

    assert _find(samples, "campaigns_new_campaigns", window="24h") == []
    assert _find(samples, "campaigns_new_campaigns", window="28d") == [12.0]
    assert _find(samples, names.ATTAINMENT) == []
    assert _find(samples, names.STATE, state="stale") == [1.0]


@pytest.mark.parametrize("state", list(State))
def test_exactly_one_state_is_on(build: "SnapshotBuilder", state: State) -> None:
    samples = _samples(build.snapshot(build.value("campaigns.api_errors", 0.5, state=state)))

    on = {s.labels["state"]: s.value for s in samples if s.name == names.STATE}
    assert set(on) == set(State)
    assert {name for name, value in on.items() if value == 1.0} == {state}
    assert sum(on.values()) == 1.0


def test_the_own_window_is_exported_once_and_from_the_own_reading(
    build: "SnapshotBuilder",
) -> None:
    value = build.value("campaigns.api_errors", 0.5, windows={"1h": build.reading(0.25)})

    samples = _samples(build.snapshot(value))

    assert _find(samples, "campaigns_api_errors_ratio", window="1h") == [0.5]


def test_a_quantile_has_its_own_stat_even_without_further_ones(build: "SnapshotBuilder") -> None:
    samples = _samples(build.snapshot(build.value("campaigns.api_latency", 0.7)))

    assert _find(samples, "campaigns_api_latency_seconds", stat="p95", window="1h") == [0.7]
    assert len(_of_kpi(samples, "campaigns_api_latency")) == 1


def test_a_kind_without_window_has_no_window_label(build: "SnapshotBuilder") -> None:
    samples = _samples(build.snapshot(build.value("campaigns.coverage", 0.71)))

    (sample,) = _of_kpi(samples, "campaigns_coverage")
    assert (sample.name, sample.labels, sample.value) == ("campaigns_coverage_ratio", {}, 0.71)


def test_the_target_stands_in_the_unit_of_the_value(build: "SnapshotBuilder") -> None:
    samples = _samples(build.snapshot())

    found = {
        (s.labels["kpi"], s.labels["comparator"]): s.value
        for s in samples
        if s.name == names.TARGET
    }
    assert found == {
        ("campaigns.api_latency", "below"): 2.0,
        ("campaigns.api_errors", "below"): 0.01,
        ("campaigns.beta_score", "at_least"): 4.5,
        ("campaigns.coverage", "above"): 0.6,
    }


def test_a_value_beyond_all_limits_is_infinity(build: "SnapshotBuilder") -> None:
    samples = _samples(build.snapshot(build.value("campaigns.api_latency", float("inf"))))

    assert _find(samples, "campaigns_api_latency_seconds") == [float("inf")]


def test_events_of_unknown_products_share_one_label_value(build: "SnapshotBuilder") -> None:
    rows = build.health().accounting
    strangers = tuple(replace(rows[3], product=f"made-up-{n}", events=1) for n in range(1000))

    samples = _samples(build.snapshot(health=build.health(accounting=rows[:1] + strangers)))

    products = {s.labels["product"] for s in samples if s.name == names.EVENTS}
    assert products == {"campaigns", "ytempire", names.OTHER_VALUE}
    assert _find(samples, names.EVENTS, product=names.OTHER_VALUE) == [1000.0]


def test_every_outcome_of_every_product_starts_at_zero(build: "SnapshotBuilder") -> None:
    samples = _samples(build.snapshot(health=build.health(accounting=())))

    assert _find(samples, names.EVENTS) == [0.0] * 8
    assert _find(samples, names.REPLAYED) == [0.0] * 4


def test_a_replay_lowers_no_counter_and_what_came_still_adds_up(build: "SnapshotBuilder") -> None:
    before = build.health().accounting
    after = (
        *before,
        AccountingRow("campaigns", "campaign-api", "replayed", "stored", 5),
        AccountingRow("campaigns", "campaign-api", "replayed", "duplicate", 2),
    )

    first = _samples(build.snapshot(health=build.health(accounting=before)))
    then = _samples(build.snapshot(health=build.health(accounting=after, quarantined=1)))

    assert _find(then, names.EVENTS) == _find(first, names.EVENTS)
    assert sum(_find(then, names.EVENTS, product="campaigns")) == 1508
    assert _find(then, names.EVENTS, outcome="quarantined", product="campaigns") == [8]
    assert _find(then, names.REPLAYED, outcome="stored", product="campaigns") == [5]
    assert _find(then, names.REPLAYED, outcome="duplicate", product="campaigns") == [2]
    assert _find(then, names.QUARANTINED) == [1]


def test_refused_requests_have_their_bytes_beside_them(build: "SnapshotBuilder") -> None:
    health = build.health(refused={"too_large": 2}, refused_bytes={"too_large": 40_000_000})

    samples = _samples(build.snapshot(health=health))

    assert _find(samples, names.REFUSED, reason="too_large") == [2]
    assert _find(samples, names.REFUSED_BYTES, reason="too_large") == [40_000_000]


def _broken_down(build: "SnapshotBuilder", by_value: dict[str, float]) -> KpiValue:
    readings = {label: build.reading(number, 1) for label, number in by_value.items()}
    return build.value("campaigns.api_errors", 0.5, breakdowns={"http.route": readings})


@pytest.mark.parametrize("content_type", [TEXT, OPENMETRICS])
@given(
    by_value=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.floats(allow_nan=False, min_value=-1e300, max_value=1e300),
        max_size=5,
    )
)
def test_any_label_value_comes_back_as_it_was(
    content_type: str, by_value: dict[str, float]
) -> None:
    build = _builder()

    samples = _samples(build.snapshot(_broken_down(build, by_value)), content_type)

    family = "campaigns_api_errors_by_http_route_ratio"
    assert {s.labels["http_route"]: s.value for s in samples if s.name == family} == by_value


def test_a_lone_surrogate_does_not_lose_the_page(build: "SnapshotBuilder") -> None:
    value = _broken_down(build, {"/\ud800": 0.5})

    samples = _samples(build.snapshot(value))

    (route,) = [s.labels["http_route"] for s in samples if "by_http_route" in s.name]
    assert route == "/?"


@pytest.mark.parametrize("attribute", ["window", "stat", "le", "quantile", "job", "instance"])
def test_a_label_that_is_taken_gets_a_prefix(attribute: str) -> None:
    assert names.breakdown_label(attribute) == f"exported_{attribute}"


def test_a_breakdown_by_an_attribute_called_window_keeps_its_values_apart(
    build: "SnapshotBuilder",
) -> None:
    by_value = {"front": build.reading(0.1), "back": build.reading(0.2)}
    value = build.value("campaigns.api_errors", 0.5, breakdowns={"window": by_value})

    samples = _samples(build.snapshot(value))

    family = "campaigns_api_errors_by_window_ratio"
    assert _find(samples, family, exported_window="front", window="1h") == [0.1]
    assert _find(samples, family, exported_window="back", window="1h") == [0.2]


def test_a_hostile_title_stays_inside_its_line(build: "SnapshotBuilder") -> None:
    hostile = 'a"b\\c\n# TYPE x counter\nx 1 <script>'
    value = build.value("campaigns.api_errors", 0.5)
    renamed = value.kpi.model_copy(update={"title": hostile, "means": hostile})
    value = replace(value, kpi=renamed)

    samples = _samples(build.snapshot(value))

    assert [s.labels["title"] for s in samples if s.name == names.INFO] == [hostile]
    assert _find(samples, "x") == []


def test_a_funnel_has_the_share_of_each_step() -> None:
    samples = _samples(_of("campaigns.campaign_funnel"))

    family = "campaigns_campaign_funnel_step_ratio"
    assert {s.labels["step"]: s.value for s in samples if s.name == family} == {
        "created": 1.0, "attribution configured": 0.5, "report generated": 1 / 3,
    }  # fmt: skip
    assert {s.labels["window"] for s in samples if s.name == family} == {"28d"}
    assert _find(samples, "campaigns_campaign_funnel_ratio", window="28d") == [1 / 3]


@pytest.mark.parametrize(
    ("kpi_id", "family", "window", "stats"),
    [
        ("campaigns.ttfv", "campaigns_ttfv_seconds", "28d", {"p50", "p80", "p95"}),
        ("musicgen.recovery_time", "musicgen_recovery_time_seconds", "28d",
         {"mean", "p50", "oldest_open"}),
        ("musicgen.health_score", "musicgen_health_score", None,
         {"value", "rests_on", "best_case"}),
        ("ytempire.cost_per_video", "ytempire_cost_per_video_usd", "7d", {"value", "spend"}),
        ("ytempire.budget_forecast", "ytempire_budget_forecast_ratio", "month",
         {"value", "used"}),
        ("musicgen.uptime", "musicgen_uptime_ratio", "28d", {"value", "unknown"}),
        ("musicgen.velocity", "musicgen_velocity_points", "sprint", {"value", "last_complete"}),
    ],
)  # fmt: skip
def test_numbers_beside_the_value_have_a_stat_of_their_own(
    kpi_id: str, family: str, window: str | None, stats: set[str]
) -> None:
    found = [s for s in _samples(_of(kpi_id)) if s.name == family]

    own = [s.labels["stat"] for s in found if s.labels.get("window") == window]
    assert (set(own), len(own)) == (stats, len(stats))


def test_a_series_keeps_its_labels_when_what_stands_beside_it_is_not_known() -> None:
    (value,) = _of("musicgen.velocity").kpis
    bare = replace(value, reading=replace(value.reading, stats={}), windows={})

    samples = _samples(snapshot_of(whole_catalog(), bare))

    assert _find(samples, "musicgen_velocity_points", stat="value", window="sprint") == [21.0]


def test_what_stands_beside_an_undefined_number_is_there_without_it() -> None:
    (value,) = _of("ytempire.cost_per_video").kpis
    unfinished = replace(value, reading=replace(value.reading, value=None), windows={})

    samples = _samples(snapshot_of(whole_catalog(), unfinished))

    assert _find(samples, "ytempire_cost_per_video_usd", stat="value") == []
    assert _find(samples, "ytempire_cost_per_video_usd", stat="spend") == [4.2]


def test_a_quantile_beyond_the_limit_is_infinity_for_every_stat() -> None:
    (value,) = _of("campaigns.ttfv").kpis

    samples = _samples(snapshot_of(whole_catalog(), beyond(value, windows={}, breakdowns={})))

    assert _find(samples, "campaigns_ttfv_seconds") == [float("inf")] * 3


@pytest.mark.parametrize("escalated", [False, True])
def test_only_rows_with_a_graver_threshold_say_whether_it_is_missed(escalated: bool) -> None:
    values = [replace(value, escalated=escalated) for value in _of().kpis]

    samples = _samples(snapshot_of(whole_catalog(), *values))

    assert {
        s.labels["kpi"]: s.value for s in samples if s.name == names.ESCALATED
    } == dict.fromkeys(
        ("ytempire.budget_forecast", "ytempire.quota_used", "studio.making", "studio.budget_left"),
        float(escalated),
    )


def test_the_calendar_period_is_the_window_of_the_row() -> None:
    samples = _samples(_of("ytempire.budget_used"))

    assert [s.labels["window"] for s in samples if s.name == names.INFO] == ["month"]
    assert _find(samples, "ytempire_budget_used_ratio", window="month", stat="value") == [0.93]


def _of(*kpi_ids: str) -> Snapshot:
    """A Snapshot of every kind, or of these KPIs."""
    catalog = whole_catalog()
    kpis = [kpi for kpi in catalog.kpis() if not kpi_ids or kpi.id in kpi_ids]
    return snapshot_of(catalog, *(value_of(kpi, catalog) for kpi in kpis))


_kept: list["SnapshotBuilder"] = []


@pytest.fixture(autouse=True)
def _keep_builder(build: "SnapshotBuilder") -> None:
    """Hypothesis refuses fixtures that are made once per test; the builder has no state."""
    _kept[:] = [build]


def _builder() -> "SnapshotBuilder":
    return _kept[0]
