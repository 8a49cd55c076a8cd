"""A Snapshot as Prometheus reads it: text 0.0.4 or OpenMetrics 1.0.

    Snapshot -> families (about KPIs, of KPIs, of the pipeline) -> pages -> bytes

The same Snapshot gives the same bytes. Who serves them keeps them per Snapshot.
"""

from collections.abc import Iterator

from loopgauge_catalog.series import own_window
from loopgauge_catalog.states import State
from loopgauge_catalog.values import Snapshot

from loopgauge_exporters import shared_families as shared
from loopgauge_exporters.families import Samples
from loopgauge_exporters.kpi_families import families_of
from loopgauge_exporters.labels import clean
from loopgauge_exporters.pages import OPENMETRICS, TEXT, Pages
from loopgauge_exporters.pipeline_families import pipeline_families

__all__ = ["OPENMETRICS", "TEXT", "Pages", "families", "negotiate", "render"]


def families(snapshot: Snapshot) -> Iterator[Samples]:
    """Every metric family of the Snapshot."""
    yield from _about_kpis(snapshot)
    for value in snapshot.kpis:
        yield from families_of(value)
    yield from pipeline_families(snapshot)


def render(snapshot: Snapshot, content_type: str = TEXT) -> bytes:
    """One Snapshot as bytes of `TEXT` or `OPENMETRICS`; for many of them keep `Pages`."""
    return Pages(content_type).write(families(snapshot))


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


def _about_kpis(snapshot: Snapshot) -> Iterator[Samples]:
    info, state = Samples(shared.INFO), Samples(shared.STATE)
    since, sure = Samples(shared.STATE_SINCE), Samples(shared.SURE)
    target, attainment = Samples(shared.TARGET), Samples(shared.ATTAINMENT)
    samples, pending = Samples(shared.SAMPLES), Samples(shared.PENDING)
    escalated, last_event = Samples(shared.ESCALATED), Samples(shared.LAST_EVENT)
    for value in snapshot.kpis:
        kpi = value.kpi
        who = (kpi.product, kpi.id)
        described = (
            *who, kpi.row, kpi.title, kpi.kind, value.unit,
            kpi.alert.team if kpi.alert is not None else "",
            kpi.alert.severity if kpi.alert is not None else "",
            own_window(kpi) or "",
        )  # fmt: skip
        info.add(tuple(map(clean, described)), 1)
        for one in State:
            state.add((*who, one.value), int(value.state is one))
        since.add(who, value.state_since.timestamp())
        sure.add(who, int(value.sure))
        if kpi.escalate is not None:
            escalated.add(who, int(value.escalated))
        samples.add(who, value.reading.samples)
        if kpi.target is not None:
            target.add((*who, kpi.target.comparator), kpi.target.threshold.value)
        if value.attainment is not None and value.measured(value.reading):
            attainment.add(who, value.attainment)
        if value.pending is not None:
            pending.add(who, value.pending)
        if value.last_event is not None:
            last_event.add(who, value.last_event.timestamp())
    yield from (
        info, state, since, sure, escalated, target, attainment, samples, pending, last_event,
    )  # fmt: skip
