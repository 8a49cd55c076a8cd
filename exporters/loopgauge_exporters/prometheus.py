"""A Snapshot as Prometheus reads it: text 0.0.4 or OpenMetrics 1.0.

    Snapshot -> families (about KPIs, of KPIs, of the pipeline) -> prometheus_client -> bytes

Pure: the same Snapshot gives the same bytes. Who serves them keeps them per Snapshot.
"""

from collections.abc import Callable, Iterator

from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import Snapshot
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from loopgauge_exporters import shared_families as shared
from loopgauge_exporters.kpi_families import families_of
from loopgauge_exporters.labels import clean
from loopgauge_exporters.pipeline_families import pipeline_families

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

#: Our names need no escaping; asked for it, the OpenMetrics writer goes through each name
#: letter by letter and takes twice the time.
_ENCODERS: dict[str, Callable[[Collector], bytes]] = {
    TEXT: choose_encoder(TEXT)[0],
    OPENMETRICS: choose_encoder(f"{OPENMETRICS}; escaping=allow-utf-8")[0],
}


class SnapshotCollector(Collector):
    """A Snapshot in the shape that prometheus_client writes out."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Every metric family of the Snapshot."""
        yield from _about_kpis(self._snapshot)
        for value in self._snapshot.kpis:
            yield from families_of(value)
        yield from pipeline_families(self._snapshot)


def render(snapshot: Snapshot, content_type: str = TEXT) -> bytes:
    """The Snapshot as bytes of `TEXT` or `OPENMETRICS`."""
    return _ENCODERS[content_type](SnapshotCollector(snapshot))


def negotiate(accept: str | None) -> str:
    """The content type for an Accept header: `OPENMETRICS` where it is asked for, else `TEXT`.

    What a scraper sends does not go to prometheus_client's `choose_encoder`, which raises
    on a version that is no number.
    """
    for media_range in (accept or "").lower().split(","):
        media_type, *parameters = (part.strip() for part in media_range.split(";"))
        version = dict(p.split("=", 1) for p in parameters if "=" in p).get("version", "1.0.0")
        if media_type == "application/openmetrics-text" and version.strip('"') == "1.0.0":
            return OPENMETRICS
    return TEXT


def _about_kpis(snapshot: Snapshot) -> Iterator[Metric]:
    info = shared.INFO.info()
    state, since, sure = shared.STATE.gauge(), shared.STATE_SINCE.gauge(), shared.SURE.gauge()
    target, attainment = shared.TARGET.gauge(), shared.ATTAINMENT.gauge()
    samples, pending = shared.SAMPLES.gauge(), shared.PENDING.gauge()
    last_event = shared.LAST_EVENT.gauge()
    for value in snapshot.kpis:
        kpi = value.kpi
        who = (kpi.product, kpi.id)
        own = kpi.own_window
        described = (
            *who, kpi.row, kpi.title, kpi.kind, value.unit,
            kpi.alert.team if kpi.alert is not None else "",
            kpi.alert.severity if kpi.alert is not None else "",
            format_duration(own) if own is not None else "",
        )  # fmt: skip
        info.add_metric((), dict(zip(shared.INFO.labels, map(clean, described), strict=True)))
        for one in State:
            state.add_metric((*who, one.value), int(value.state is one))
        since.add_metric(who, value.state_since.timestamp())
        sure.add_metric(who, int(value.sure))
        samples.add_metric(who, value.reading.samples)
        if kpi.target is not None:
            target.add_metric((*who, kpi.target.comparator), kpi.target.threshold.value)
        if value.attainment is not None:
            attainment.add_metric(who, value.attainment)
        if value.pending is not None:
            pending.add_metric(who, value.pending)
        if value.last_event is not None:
            last_event.add_metric(who, value.last_event.timestamp())
    yield from (info, state, since, sure, target, attainment, samples, pending, last_event)
