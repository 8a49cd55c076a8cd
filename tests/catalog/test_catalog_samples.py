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

ENDS = ("fails", "excludes")

#: Row -> kind, window (else the age that is stale), target, alert; from the rows' definitions.
DEFINITIONS = {
    "A1": ("latest", "7d", "> 90%", "ticket"),
    "A2": ("quantile", "1h", "< 200ms for 95%", "ticket"),
    "A3": ("latest", "2d", "= 0", "ticket"),
    "A4": ("uptime", "28d", "≥ 99.9%", "page, burn"),
    "A5": ("ratio", "1h", "< 0.1%", "page, burn"),
    "A6": ("conversion", "24h", "> 95%", "page"),
    "A7": ("duration", "7d", "< 5m for 50%", "ticket"),
    "A8": ("subject_share", "7d", "< 5%", "ticket"),
    "A9": ("mean", "28d", "> 4.5", "ticket"),
    "A10": ("duration", "28d", "< 30m for 90%", "ticket"),
    "A11": ("duration", "28d", "< 5m for 100%", "ticket"),
    "A12": ("duration", "28d", "< 15m for 90%", "ticket"),
    "A13": ("latest", "7d", "= 100%", "info"),
    "A14": ("rate", "28d", None, None),
    "A15": ("quantile", "28d", None, None),
    "A16": ("duration", "28d", None, None),
    "A17": ("conversion", "28d", None, None),
    "A18": ("sum", "sprint", None, None),
    "A19": ("per", "28d", None, None),
    "A20": ("duration", "28d", None, None),
    "A21": ("composite", None, None, None),
    "A22a": ("latest", "2d", None, None),
    "A22b": ("latest", "2d", None, None),
    "A22c": ("latest", "2d", None, None),
    "A22d": ("latest", "2d", None, None),
    "A23a": ("in_flight", None, None, None),
    "A23b": ("in_flight", None, None, None),
    "A23c": ("in_flight", None, None, None),
    "A24a": ("latest", "14d", None, None),
    "A24b": ("latest", "14d", None, None),
    "B1": ("count", "7d", "≥ 1", "ticket"),
    "B2a": ("ratio", "24h", "> 95%", "page"),
    "B2b": ("ratio", "24h", None, None),
    "B3": ("cost_per", "7d", "< $3.00", "ticket"),
    "B4": ("duration", "7d", "< 10m for 95%", "ticket"),
    "B5": ("ratio", "7d", "< 5%", "ticket"),
    "B6a": ("count", "7d", "≥ 1", "ticket"),
    "B6b": ("conversion", "7d", None, None),
    "B7": ("in_flight", "7d", "≥ 5", "info"),
    "B8a": ("latest", "7d", "> 70%", "info"),
    "B8b": ("latest", "7d", "≥ 80%", "info"),
    "B9a": ("ratio", "7d", "≥ 95%", "ticket"),
    "B9b": ("mean", "7d", "≥ 7", None),
    "B10": ("cost", "7d", None, None),
    "B11a": ("budget", "month", "≤ 100%", "ticket"),
    "B11b": ("budget", "month", "≤ 100%", "ticket; ≤ 200% page"),
    "B12a": ("ratio", "24h", None, None),
    "B12b": ("ratio", "24h", None, None),
    "B12c": ("sum", "24h", None, None),
    "B13": ("quota", "day", "< 80%", "ticket; < 95% page"),
    "B14a": ("in_flight", None, None, None),
    "B14b": ("duration", "7d", None, None),
    "B15a": ("latest", "2d", None, None),
    "B15b": ("delta", "7d", None, None),
    "B15c": ("delta", "7d", None, None),
    "B15d": ("delta", "7d", None, None),
    "B16": ("distinct", "7d", "≤ 50", "ticket"),
    "B17": ("ratio", "1h", "< 1%", "ticket"),
    "B18": ("drift", "24h", "< 0.25", "ticket"),
    "C1": ("duration", "28d", "≤ 15m for 80%", "ticket"),
    "C2": ("conversion", "28d", "≥ 70%", "ticket"),
    "C3": ("funnel", "28d", None, None),
    "C4": ("funnel", "28d", "≥ 80%", "ticket"),
    "C5": ("duration", "1h", "≤ 5s for 95%", "ticket"),
    "C6a": ("loss", "24h", "< 5%", "ticket"),
    "C6b": ("conversion", "24h", "≥ 95%", "ticket"),
    "C7": ("count", "24h", None, None),
    "C8": ("count", "24h", None, None),
    "C9a": ("ratio", "1h", "< 1%", "page, burn"),
    "C9b": ("ratio", "1h", None, None),
    "C10": ("quantile", "1h", "< 2s for 95%", "ticket"),
    "C11": ("quantile", "1h", "< 3s for 95%", "ticket"),
    "C12": ("quantile", "1h", "< 2s for 95%", "ticket"),
    "C13": ("latest", "7d", "> 60%", "ticket"),
    "C14a": ("latest", "2d", "= 100%", "ticket"),
    "C14b": ("latest", "2d", "< 30s", "ticket"),
    "C15": ("count", "7d", None, None),
    "C16": ("count", "28d", None, None),
    "C17": ("distinct", "28d", "≥ 3", "info"),
    "C18": ("latest", "35d", None, None),
}

#: After how long a subject is lost, and what else ends it; from the rows' definitions.
LIMITS = {
    "A6": ("30m", {"generation.failed"}, {"generation.cancelled"}),
    "A7": ("7d", set(), set()),
    "A10": ("2h", set(), {"deploy.finished"}),
    "A11": ("1h", {"rollback.finished"}, set()),
    "A12": ("24h", set(), {"alert.resolved"}),
    "A17": ("3d", set(), set()),
    "B4": ("2h", set(), {"video.failed", "video.cancelled"}),
    "B6b": ("1h", {"upload.failed"}, set()),
    "B7": ("2h", set(), set()),
    "B14a": ("24h", set(), set()),
    "B14b": ("24h", set(), {"video.failed", "video.cancelled"}),
    "C1": ("7d", set(), set()),
    "C2": ("14d", set(), {"campaign.deleted"}),
    "C3": ("14d", set(), set()),
    "C4": ("15m", set(), set()),
    "C5": ("10m", set(), set()),
    "C6b": ("24h", set(), set()),
}

#: Numbers that the documents do not say, beside every window, limit and age.
ASSUMED = {
    "A4": {"every"},
    "A7": {"target.share"},
    "A9": {"min_samples"},
    "A10": {"target.share", "min_samples"},
    "A11": {"target.share", "min_samples"},
    "A12": {"target.share", "min_samples"},
    "A15": {"quantile"},
    "A24b": {"status"},
    "B4": {"target.share"},
    "B9a": {"matching", "target"},
    "B9b": {"target"},
    "B11a": {"budget"},
    "B11b": {"budget", "escalate"},
    "B13": {"limit", "target", "escalate"},
    "B17": {"target"},
    "B18": {"bins", "target", "notes"},
    "C5": {"target.share"},
    "C9a": {"target"},
    "C11": {"target.share"},
    "C12": {"target.share"},
}

#: The 15 minutes of the full loop stand in the document.
SAID = {("C4", "expires")}


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
