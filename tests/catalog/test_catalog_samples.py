"""The shipped catalogs and the template, against what the documents' definitions say."""

from pathlib import Path

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.checks import rows_covered
from loopgauge_catalog.kpis import KINDS, Latest, QuantileKpi
from loopgauge_catalog.loader import init_template, load, loads, sample_paths, samples
from loopgauge_catalog.quantities import format_duration

#: Row -> kind, window (or age that is stale), target, alert; from the rows' definitions.
DEFINITIONS = {
    "A1": ("latest", "7d", "> 90%", "ticket"),
    "A2": ("quantile", "1h", "< 200ms for 95%", "ticket"),
    "A3": ("latest", "2d", "= 0", "ticket"),
    "A5": ("ratio", "1h", "< 0.1%", "page, burn"),
    "A9": ("mean", "28d", "> 4.5", "ticket"),
    "A13": ("latest", "7d", "= 100%", "info"),
    "A14": ("rate", "28d", None, None),
    "A15": ("quantile", "28d", None, None),
    "A22a": ("latest", "2d", None, None),
    "A22b": ("latest", "2d", None, None),
    "A22c": ("latest", "2d", None, None),
    "A22d": ("latest", "2d", None, None),
    "A24a": ("latest", "14d", None, None),
    "A24b": ("latest", "14d", None, None),
    "B1": ("count", "7d", "≥ 1", "ticket"),
    "B2a": ("ratio", "24h", "> 95%", "page"),
    "B2b": ("ratio", "24h", None, None),
    "B5": ("ratio", "7d", "< 5%", "ticket"),
    "B6a": ("count", "7d", "≥ 1", "ticket"),
    "B8a": ("latest", "7d", "> 70%", "info"),
    "B8b": ("latest", "7d", "≥ 80%", "info"),
    "B9b": ("mean", "7d", "≥ 7", None),
    "B12a": ("ratio", "24h", None, None),
    "B12b": ("ratio", "24h", None, None),
    "B12c": ("sum", "24h", None, None),
    "B15a": ("latest", "2d", None, None),
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
    "C18": ("latest", "35d", None, None),
}

#: Numbers that the documents do not say, beside every window and age.
ASSUMED = {
    "A9": {"min_samples"},
    "A15": {"quantile"},
    "B9b": {"target"},
    "C9a": {"target"},
    "C11": {"target.share"},
    "C12": {"target.share"},
}


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
        found[kpi.row] = (
            kpi.kind,
            age and format_duration(age),
            kpi.target and kpi.target.words(),
            alert,
        )
    assert found == DEFINITIONS


def test_numbers_that_the_documents_leave_open_are_marked(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        ours = {"window"} if kpi.own_window else {"stale_after"}
        if isinstance(kpi, Latest) and kpi.drop_after:
            ours.add("drop_after")
        assert isinstance(kpi.assumed, tuple)
        assert set(kpi.assumed) == ours | ASSUMED.get(kpi.row, set()), kpi.id


def test_the_catalogs_say_how_many_rows_they_carry(catalog: Catalog) -> None:
    assert [str(covered) for covered in rows_covered(catalog)] == [
        "A: 10 of 24 rows",
        "B: 5 of 18 rows, 3 in part (B6, B9, B15)",
        "C: 11 of 18 rows",
    ]


def test_every_simple_kind_is_in_use(catalog: Catalog) -> None:
    assert {kpi.kind for kpi in catalog.kpis()} <= set(KINDS)


def test_an_hour_holds_five_minutes_and_all_else_an_hour(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        if kpi.alert is not None:
            wanted = "5m" if kpi.own_window == 3_600_000_000 else "1h"
            assert kpi.alert.hold is not None
            assert format_duration(kpi.alert.hold) == wanted, kpi.id


def test_rows_about_an_api_leave_out_probes_and_clients_that_went_away(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        if kpi.events == ("api.request",):
            routes = kpi.where.root["http.route"].not_in or ()
            assert {"/healthz", "/readyz", "/metrics"} <= set(routes), kpi.id
            if kpi.kind == "ratio":
                assert kpi.where.root["http.response.status_code"].not_equals == 499


def test_the_shown_quantile_is_the_one_that_is_judged(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        if isinstance(kpi, QuantileKpi) and kpi.target is not None and kpi.target.share:
            assert kpi.target.share.value == kpi.quantile


def test_every_kpi_says_what_it_means(catalog: Catalog) -> None:
    for kpi in catalog.kpis():
        assert kpi.means, kpi.id
        assert kpi.decides or kpi.alert is None or kpi.row == "B8b", kpi.id
        assert kpi.target is not None or kpi.better is not None or kpi.row in (
            "A24a", "B12b", "C16"
        ), kpi.id  # fmt: skip


def test_people_are_marked_wherever_they_occur(catalog: Catalog) -> None:
    for product in catalog.products.values():
        for event in product.events.values():
            for name, attribute in event.attributes.items():
                assert attribute.personal == name.startswith("user.id")


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
