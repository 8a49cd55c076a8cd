"""The shipped catalogs and the template, against what the documents' definitions say."""

from decimal import Decimal
from pathlib import Path

import pytest
from loopgauge_catalog.builtin import BUILT_IN
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.checks import rows_covered
from loopgauge_catalog.kpis import KINDS, Composite, DurationKpi, QuantileKpi, Ratio
from loopgauge_catalog.loader import init_template, load, loads, sample_paths, samples
from loopgauge_catalog.quantities import format_duration

from tests.catalog.definitions import ASSUMED, DEFINITIONS, LIMITS, SAID

ENDS = ("fails", "excludes")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return samples()


def test_the_shipped_catalogs_have_no_errors_and_no_warnings(catalog: Catalog) -> None:
    assert catalog.warnings == ()
    assert list(catalog.products) == ["campaigns", "musicgen", "ytempire"]
    assert [path.name for path in sample_paths()] == [
        "campaigns.yaml",
        "musicgen.yaml",
        "ytempire.yaml",
    ]


def test_every_row_is_defined_as_the_documents_mean_it(catalog: Catalog) -> None:
    found = {}
    for kpi in catalog.kpis():
        age = kpi.own_window or kpi.stale_after
        alert = kpi.alert and kpi.alert.severity + (", burn" if kpi.alert.burn else "")
        if kpi.escalate is not None:
            alert = f"{alert}; {kpi.escalate.target.words()} {kpi.escalate.alert.severity}"
        found[kpi.row] = (
            kpi.kind,
            kpi.period or (age and format_duration(age)),
            kpi.target and kpi.target.words(),
            alert,
        )
    assert found == DEFINITIONS
    assert len(found) == 80


def test_every_subject_has_the_limit_and_the_other_ends_of_its_definition(
    catalog: Catalog,
) -> None:
    found = {}
    for kpi in catalog.kpis():
        if (expires := getattr(kpi, "expires", None)) is not None:
            ends = ({step.event for step in getattr(kpi, field, ())} for field in ENDS)
            found[kpi.row] = (format_duration(expires), *ends)
    assert found == LIMITS


def test_numbers_that_the_documents_leave_open_are_marked(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        ours = {
            field
            for field in ("window", "expires", "stale_after", "drop_after")
            if isinstance(getattr(kpi, field, None), int) and (kpi.row, field) not in SAID
        }
        assert isinstance(kpi.assumed, tuple)
        assert set(kpi.assumed) == ours | ASSUMED.get(kpi.row, set()), kpi.id


def test_the_catalogs_say_how_many_rows_they_carry(catalog: Catalog) -> None:
    assert [str(covered) for covered in rows_covered(catalog)] == [
        "A: 24 of 24 rows",
        "B: 18 of 18 rows",
        "C: 18 of 18 rows",
    ]


def test_every_kind_is_in_use_but_the_one_that_no_row_asks_for(catalog: Catalog) -> None:
    assert {kpi.kind for kpi in catalog.kpis()} == set(KINDS) - {"age"}


def test_an_hour_holds_five_minutes_and_all_else_an_hour(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        graver = None if kpi.escalate is None else kpi.escalate.alert
        for alert in filter(None, (kpi.alert, graver)):
            wanted = "5m" if kpi.own_window == 3_600_000_000 else "1h"
            assert alert.hold is not None
            assert format_duration(alert.hold) == wanted, kpi.id


def test_rows_about_an_api_leave_out_probes_and_clients_that_went_away(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        if isinstance(kpi, Ratio | QuantileKpi) and kpi.event == "api.request":
            routes = kpi.where.root["http.route"].not_in or ()
            assert {"/healthz", "/readyz", "/metrics"} <= set(routes), kpi.id
            if isinstance(kpi, Ratio):
                assert kpi.where.root["http.response.status_code"].not_equals == 499


def test_the_shown_quantile_is_the_one_that_is_judged(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        share = None if kpi.target is None else kpi.target.share
        if isinstance(kpi, QuantileKpi) and share is not None:
            assert share.value == kpi.quantile
        if isinstance(kpi, DurationKpi) and share is not None and share.value < 1:
            assert share.value == kpi.shown


def test_the_target_also_holds_for_each_value_where_the_definition_says_so(
    catalog: Catalog,
) -> None:
    assert {kpi.row: kpi.each for kpi in catalog.kpis() if kpi.each} == {
        "B2a": ("provider",),
        "B5": ("stage.name",),
        "C9a": ("http.route",),
        "C10": ("http.route",),
    }


def test_the_parts_of_the_health_score_have_the_members_of_its_definition(
    catalog: Catalog,
) -> None:
    score = catalog.kpi("musicgen.health_score")
    assert isinstance(score, Composite)
    rows = {kpi.key: kpi.row for kpi in catalog.products["musicgen"].kpis()}
    members = {
        key: [rows[member.kpi] + (f"/{rows[member.against]}" if member.against else "")
              for member in part.kpis]
        for key, part in score.parts.items()
    }  # fmt: skip
    assert members == {
        "technical": ["A1", "A2", "A3", "A4", "A5"],
        "team": ["A24b/A24a"],
        "process": ["A10", "A11", "A12", "A13"],
        "business": ["A6", "A7", "A8", "A9"],
    }
    assert {part.weight for part in score.parts.values()} == {25}


def test_every_price_and_budget_is_in_a_currency_that_can_be_added_up(catalog: Catalog) -> None:
    product = catalog.products["ytempire"]
    codes = {price.code for price in product.prices} | {b.code for b in product.budgets.values()}
    assert codes == {"USD", "EUR"}
    assert product.currencies["EUR"][0].factor == Decimal("1.08")
    clip = next(price for price in product.prices if price.unit == "clip")
    assert (clip.amount, clip.per, clip.code) == (Decimal("0.40"), 1, "EUR")


def test_the_metrics_of_the_shipped_catalogs_end_in_base_units(catalog: Catalog) -> None:
    assert {catalog.unit(kpi) for kpi in catalog.kpis()} == {
        "", "ratio", "seconds", "usd", "points", "per_day"
    }  # fmt: skip
    work = catalog.kpi("musicgen.debt_estimate")
    assert work is not None
    assert (catalog.measure(work).unit, catalog.unit(work)) == ("h", "seconds")


def test_every_kpi_says_what_it_means_and_what_it_decides(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        assert kpi.means, kpi.id
        assert kpi.decides, kpi.id
        assert kpi.target is not None or kpi.better is not None or kpi.row in (
            "A24a", "B12b", "C16"
        ), kpi.id  # fmt: skip


def test_every_event_that_a_row_reads_says_how_often_it_comes(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        for use in kpi.uses:
            event = catalog.event(kpi.product, use.event)
            assert event is not None
            is_known = event.expect is not None or event.source == "batch"
            assert is_known or use.event in BUILT_IN, f"{kpi.id} {use.event}"


def test_people_are_marked_wherever_they_occur(catalog: Catalog) -> None:
    for product in catalog.products.values():
        for event in product.events.values():
            for name, attribute in event.attributes.items():
                assert attribute.personal == (name == "user.id")


def test_our_own_people_can_be_told_apart_wherever_a_user_is_named(catalog: Catalog) -> None:
    for product in catalog.products.values():
        for name, event in product.events.items():
            if "user.id" in event.attributes:
                assert "user.internal" in event.attributes, f"{product.product} {name}"
                assert event.attributes["user.internal"].type == "boolean"


def test_shares_are_bounded_so_that_87_is_not_taken_for_87_percent(catalog: Catalog) -> None:
    for product in catalog.products.values():
        for event in product.events.values():
            for attribute in event.attributes.values():
                if attribute.unit == "share":
                    assert (attribute.minimum, attribute.maximum) == (0, 1)


def test_reading_the_same_files_again_gives_the_same_revision(catalog: Catalog) -> None:
    assert samples().revision == catalog.revision
    assert load(sample_paths()[:1]).revision != catalog.revision


def test_the_template_is_a_catalog_with_three_kpis_and_nothing_to_complain_about(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(init_template(), encoding="utf-8")
    catalog = load([path])
    assert [kpi.kind for kpi in catalog.kpis()] == ["count", "ratio", "quantile"]
    assert catalog.warnings == ()
    assert all(kpi.means and kpi.try_ and kpi.alert for kpi in catalog.kpis())


def test_the_template_can_stand_beside_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(init_template(), encoding="utf-8")
    assert load([*sample_paths(), path]).warnings == ()
    assert loads(init_template()).products.keys() == {"shop"}
