"""Page after page, each is byte for byte what prometheus_client writes of the same samples."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.states import State
from loopgauge_catalog.values import Reading
from loopgauge_exporters.families import Family, Samples
from loopgauge_exporters.prometheus import OPENMETRICS, TEXT, Pages, families, render
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest as write_text
from prometheus_client.openmetrics.exposition import generate_latest as write_openmetrics
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from tests.conftest import SnapshotBuilder

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "a b", 'a"b', "a\\nb", "a\nb", "a\r\u2028b", "# EOF", "} 1", "é"]
)
_NUMBERS = (
    st.floats()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, 1, 1e6, 999999.5, 1e16, 1e21, -1e21, 1e-7, True])
)
_LABELS = {
    "shop_orders_per_day": ("window",),
    "shop_orders_by_region_per_day": ("region", "window"),
    "loopgauge_events_total": ("product", "outcome"),
    "loopgauge_commits_total": (),
    "loopgauge_kpi_info": ("kpi", "title", "unit"),
    "loopgauge_lag_seconds": (),
}


def _kind(name: str) -> Literal["gauge", "counter", "info"]:
    if name.endswith("_total"):
        return "counter"
    return "info" if name.endswith("_info") else "gauge"


@st.composite
def _samples(draw: st.DrawFn, name: str) -> Samples:
    labels = _LABELS[name]
    kind = _kind(name)
    keys = st.lists(st.tuples(*[_TEXTS for _ in labels]), max_size=4, unique=True)
    label_values = draw(keys)
    numbers = [1.0 if kind == "info" else draw(_NUMBERS) for _ in label_values]
    return Samples(Family(name, kind, labels, draw(_TEXTS)), label_values, numbers)


@st.composite
def _pages(draw: st.DrawFn) -> list[list[Samples]]:
    """Pages of which each takes over most of the one before, with new numbers or new series."""
    pages: list[list[Samples]] = []
    kept: dict[str, Samples] = {}
    for _ in range(draw(st.integers(1, 4))):
        page = []
        for name in draw(st.lists(st.sampled_from(sorted(_LABELS)), unique=True)):
            if name not in kept or draw(st.booleans()):
                kept[name] = draw(_samples(name))
            elif kept[name].family.type != "info":
                of = kept[name]
                numbers = [draw(_NUMBERS) for _ in of.numbers]
                kept[name] = Samples(of.family, list(of.label_values), numbers)
            page.append(kept[name])
        pages.append(page)
    return pages


class _AsTheyAre(Collector):
    """The samples as somebody who uses prometheus_client alone would collect them."""

    def __init__(self, page: list[Samples]) -> None:
        self._page = page

    def collect(self) -> Iterator[Metric]:
        for samples in self._page:
            name, about, labels = samples.family.name, samples.family.help, samples.family.labels
            rows = zip(samples.label_values, samples.numbers, strict=True)
            if samples.family.type == "info":
                info = InfoMetricFamily(name.removesuffix("_info"), about)
                for values, _ in rows:
                    info.add_metric([], dict(zip(labels, values, strict=True)))
                yield info
                continue
            own = CounterMetricFamily if samples.family.type == "counter" else GaugeMetricFamily
            metric = own(name, about, labels=labels)
            for values, number in rows:
                metric.add_metric(values, number)
            yield metric


def _by_prometheus_client(page: list[Samples], content_type: str) -> bytes:
    registry = CollectorRegistry()
    registry.register(_AsTheyAre(page))
    written: bytes = (write_openmetrics if content_type == OPENMETRICS else write_text)(registry)
    return written


@pytest.mark.parametrize("content_type", [TEXT, OPENMETRICS])
@given(pages=_pages())
def test_every_page_is_what_prometheus_client_writes(
    content_type: str, pages: list[list[Samples]]
) -> None:
    writer = Pages(content_type)

    for page in pages:
        assert writer.write(page) == _by_prometheus_client(page, content_type)


@pytest.mark.parametrize("content_type", [TEXT, OPENMETRICS])
def test_the_pages_before_leave_no_trace_on_a_page(
    build: "SnapshotBuilder", content_type: str
) -> None:
    def broken_down(**by_value: float) -> dict[str, dict[str, Reading]]:
        return {"http.route": {name: build.reading(each, 1) for name, each in by_value.items()}}

    errors = build.value("campaigns.api_errors", 0.5, breakdowns=broken_down(a=0.1, b=0.2))
    renamed = errors.kpi.model_copy(update={"title": "Other words"})
    snapshots = [
        build.snapshot(),
        build.snapshot(number=8),
        build.snapshot(errors),
        build.snapshot(replace(errors, breakdowns=broken_down(a=0.3, b=0.4))),
        build.snapshot(replace(errors, breakdowns=broken_down(b=0.2))),
        build.snapshot(replace(errors, breakdowns=broken_down(b=0.2, c=0.2))),
        build.snapshot(replace(errors, kpi=renamed, state=State.BREACH)),
        build.snapshot(build.value("campaigns.api_errors")),
        build.snapshot(),
    ]
    writer = Pages(content_type)

    for snapshot in snapshots:
        assert writer.write(families(snapshot)) == render(snapshot, content_type)


def test_a_sample_without_all_its_labels_is_an_error() -> None:
    family = Family("shop_orders_per_day", "gauge", ("region", "window"), "Orders a day.")

    with pytest.raises(ValueError, match="shop_orders_per_day"):
        Pages(TEXT).write([Samples(family, [("north",)], [1.0])])
