"""GET /metrics: the negotiated format, rendered once per Snapshot."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from loopgauge_catalog.values import Snapshot
from loopgauge_collector.web import metrics
from loopgauge_exporters.families import Samples
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, families, render

if TYPE_CHECKING:
    from tests.conftest import FakeCollector, Site, SnapshotBuilder


def test_a_browser_gets_text_and_prometheus_gets_openmetrics(
    site: "Site", build: "SnapshotBuilder"
) -> None:
    plain = site.get("/metrics", Accept="text/html,*/*")
    opened = site.get("/metrics", Accept="application/openmetrics-text;version=1.0.0,*/*;q=0.1")

    assert (plain.headers["Content-Type"], plain.content) == (TEXT, render(build.snapshot()))
    assert opened.headers["Content-Type"] == OPENMETRICS
    assert opened.content == render(build.snapshot(), OPENMETRICS)


def test_the_page_follows_the_newest_snapshot(
    site: "Site", collector: "FakeCollector", build: "SnapshotBuilder"
) -> None:
    assert b"loopgauge_snapshot_number 7.0\n" in site.get("/metrics").content

    collector.snapshots.publish(build.snapshot(number=8))

    assert b"loopgauge_snapshot_number 8.0\n" in site.get("/metrics").content


def test_before_the_first_evaluation_a_scrape_fails_instead_of_reading_nothing(
    make_site: Callable[[], "Site"],
) -> None:
    answer = make_site().get("/metrics")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_many_scrapes_of_one_snapshot_render_it_once_per_format(
    build: "SnapshotBuilder", monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []
    together = threading.Barrier(8)

    def counting(snapshot: Snapshot) -> Iterator[Samples]:
        rendered.append(snapshot.number)
        return families(snapshot)

    monkeypatch.setattr(metrics, "families", counting)
    pages, snapshot = metrics.RenderedPages(), build.snapshot()

    def scrape(content_type: str) -> bytes:
        together.wait(timeout=10)
        return pages.page(snapshot, content_type)

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(scrape, [TEXT, OPENMETRICS] * 4))

    assert rendered == [snapshot.number] * 2
    assert got == [render(snapshot, TEXT), render(snapshot, OPENMETRICS)] * 4
