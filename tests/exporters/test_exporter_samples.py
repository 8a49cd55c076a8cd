"""The shipped catalogs at their fullest: names that Prometheus likes, and not too many series."""

import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.handbook import handbook
from loopgauge_catalog.kpis import KINDS
from loopgauge_catalog.loader import samples
from loopgauge_catalog.values import Snapshot
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, render
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from tests.support.every_kind import snapshot_of, value_of, whole_catalog

#: DESIGN, "Metrics": the most that the shipped catalogs may make.
MOST_SERIES = 4000
#: As many values of a label as are admitted.
LABEL_VALUES = (*(f"v{number}" for number in range(20)), "__other__", "__none__")


def _fullest(catalog: Catalog) -> Snapshot:
    """Every KPI with a number everywhere, and as many label values as are admitted."""
    values = [value_of(kpi, catalog, LABEL_VALUES) for kpi in catalog.kpis()]
    return snapshot_of(catalog, *values)


@pytest.fixture(scope="module")
def fullest() -> Snapshot:
    """The shipped catalogs."""
    return _fullest(samples())


def test_promtool_likes_the_names_of_every_kind(promtool: str) -> None:
    snapshot = _fullest(whole_catalog())
    assert {value.kpi.kind for value in snapshot.kpis} == set(KINDS)

    judged = subprocess.run(
        [promtool, "check", "metrics"], input=render(snapshot), capture_output=True, check=False
    )

    assert (judged.stdout + judged.stderr).decode() == ""
    assert judged.returncode == 0


def test_the_series_that_the_handbook_names_are_there(fullest: Snapshot) -> None:
    page = render(fullest).decode()

    named = re.findall(r"`([^`]+)` on `/metrics`", handbook(fullest.catalog))

    assert len(named) == 80
    for series in named:
        assert f"\n{series} " in page


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
