"""The shipped catalogs at their fullest: names that Prometheus likes, and not too many series."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.loader import samples
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, PipelineHealth, Reading, Snapshot
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, render
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)

#: DESIGN, "Metrics": the most that the shipped catalogs may make.
MOST_SERIES = 4000
LABEL_CAP = 20


def _fullest(kpi: Kpi, catalog: Catalog) -> KpiValue:
    """The KPI with a number everywhere, and as many label values as are admitted."""
    is_quantile = kpi.kind == "quantile"
    reading = Reading(
        start=NOW - timedelta(hours=1),
        end=NOW,
        value=0.5,
        samples=100,
        stats={"p50": 0.1, "p95": 0.5, "p99": 0.9} if is_quantile else {},
        share=0.99 if is_quantile else None,
    )
    label_values = [f"v{number}" for number in range(LABEL_CAP)] + ["__other__", "__none__"]
    return KpiValue(
        kpi=kpi,
        unit=catalog.unit(kpi),
        state=State.OK,
        sure=False,
        state_since=NOW,
        reading=reading,
        windows=dict.fromkeys(("1h", "24h", "7d", "28d"), reading),
        breakdowns={label: dict.fromkeys(label_values, reading) for label in kpi.labels},
        needs=(),
        last_event=NOW,
        age_seconds=0.0,
        revision="0",
        attainment=1.0,
        pending=1,
    )


@pytest.fixture(scope="module")
def fullest() -> Snapshot:
    catalog = samples()
    return Snapshot(
        number=1,
        as_of=NOW,
        end=NOW,
        catalog=catalog,
        kpis=tuple(_fullest(kpi, catalog) for kpi in catalog.kpis()),
        health=PipelineHealth(),
    )


def test_promtool_likes_every_name_of_the_shipped_catalogs(
    fullest: Snapshot, promtool: str
) -> None:
    judged = subprocess.run(
        [promtool, "check", "metrics"], input=render(fullest), capture_output=True, check=False
    )

    assert (judged.stdout + judged.stderr).decode() == ""
    assert judged.returncode == 0


def test_the_openmetrics_of_the_shipped_catalogs_is_valid(fullest: Snapshot) -> None:
    page = render(fullest, OPENMETRICS).decode()

    parse: Callable[[str], Iterator[Metric]] = openmetrics_parser.text_string_to_metric_families

    families = list(parse(page))

    assert len(families) > len(fullest.kpis)


def test_no_family_of_the_shipped_catalogs_stands_twice(fullest: Snapshot) -> None:
    page = render(fullest, TEXT).decode()

    names = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE ")]

    assert len(names) == len(set(names))


def test_the_shipped_catalogs_stay_within_their_series(fullest: Snapshot) -> None:
    families = text_string_to_metric_families(render(fullest).decode())

    assert sum(len(family.samples) for family in families) <= MOST_SERIES
