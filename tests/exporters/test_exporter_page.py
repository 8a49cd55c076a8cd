"""The whole page: as a literal file, read back by the parsers, and judged by promtool."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from loopgauge_catalog import names
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, negotiate, render
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from tests.conftest import SnapshotBuilder

GOLDEN = Path(__file__).parent / "golden"

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
    "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "text/plain;version=1.0.0;q=0.4,*/*;q=0.1"
)

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def _series(families: list[Metric]) -> Series:
    found: Series = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} stands twice"
            found[key] = sample.value
    return found


def _parse_text(page: bytes) -> list[Metric]:
    return list(text_string_to_metric_families(page.decode()))


def _parse_openmetrics(page: bytes) -> list[Metric]:
    parse: Callable[[str], Iterator[Metric]] = openmetrics_parser.text_string_to_metric_families
    return list(parse(page.decode()))


@pytest.mark.parametrize(
    ("content_type", "file"), [(TEXT, "metrics.txt"), (OPENMETRICS, "metrics.openmetrics")]
)
def test_a_snapshot_renders_to_exactly_the_committed_page(
    build: "SnapshotBuilder", content_type: str, file: str
) -> None:
    expected = (GOLDEN / file).read_text(encoding="utf-8")

    assert render(build.snapshot(), content_type).decode() == expected


def test_both_formats_carry_the_same_series(build: "SnapshotBuilder") -> None:
    snapshot = build.snapshot()

    text = _series(_parse_text(render(snapshot, TEXT)))
    openmetrics = _series(_parse_openmetrics(render(snapshot, OPENMETRICS)))

    assert text == openmetrics
    assert len(text) > 100


def test_no_series_of_the_page_is_a_creation_time(build: "SnapshotBuilder") -> None:
    series = _series(_parse_openmetrics(render(build.snapshot(), OPENMETRICS)))

    assert not [name for name, _ in series if name.endswith("_created")]


def test_only_counters_end_in_total_and_nothing_ends_in_count(build: "SnapshotBuilder") -> None:
    for family in _parse_text(render(build.snapshot())):
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            assert not sample.name.endswith("_count"), sample.name


def test_every_family_says_what_it_is(build: "SnapshotBuilder") -> None:
    for family in _parse_text(render(build.snapshot())):
        assert len(family.documentation) > 10, family.name


def test_promtool_finds_nothing_to_say(build: "SnapshotBuilder", promtool: str) -> None:
    judged = subprocess.run(
        [promtool, "check", "metrics"],
        input=render(build.snapshot()),
        capture_output=True,
        check=False,
    )

    assert (judged.returncode, judged.stdout, judged.stderr) == (0, b"", b"")


def test_an_empty_catalog_still_says_how_the_pipeline_is(build: "SnapshotBuilder") -> None:
    snapshot = build.snapshot(build.value("campaigns.beta_score"), number=1)

    series = _series(_parse_text(render(snapshot)))

    assert series[names.SNAPSHOT_NUMBER, frozenset()] == 1
    assert series[names.LAG, frozenset()] == 0.25


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain;version=0.0.4;q=0.5", TEXT),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=0.0.1", TEXT),
        ("application/openmetrics-text; version=abc", TEXT),
        ("application/openmetrics-text; version", OPENMETRICS),
        (";;,;=,=", TEXT),
        ("\x00\xff" * 500, TEXT),
    ],
)
def test_the_format_is_what_the_scraper_asks_for(accept: str | None, expected: str) -> None:
    assert negotiate(accept) == expected
