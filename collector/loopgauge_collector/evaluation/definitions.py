"""A KPI as it is computed: the series that its sums are in, and the windows that it asks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import STANDARD_WINDOWS, Kpi
from loopgauge_catalog.kpis.base import Windowed

from loopgauge_collector.evaluation.trend import shift_of
from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.base import Kind
from loopgauge_collector.kinds.rules import part_key
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.windows import Window, calendar_period, window, window_end

#: Kinds without a window read up to E; this stands in for a start.
WHOLE = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """What one evaluation is for.

    Attributes:
        at: the moment asked about, in microseconds.
        now: the clock's time; the age of a bound decides how it is snapped.
    """

    at: int
    now: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A KPI as it is computed: its revision, series and windows.

    Attributes:
        totals: by part, the total's series, or for `latest` the rule's number; nothing before
            the first fold of this definition.
        labels: label -> value -> series.
        listed: label -> values that the catalog lists and of which 0 is a number.
        label_cap: label sets that are shown at most.
    """

    kpi: Kpi
    revision: str
    totals: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]
    listed: Mapping[str, Sequence[str]]
    label_cap: int

    @property
    def kind(self) -> Kind:
        """Its kind."""
        return KINDS[self.kpi.kind]

    @property
    def sketched(self) -> bool:
        """Whether its series carry a sketch, or bins."""
        return self.kind.sketched

    def further(self) -> tuple[int, ...]:
        """The windows it is read over beside its own; none for kinds without."""
        own = self.kpi.own_window
        if own is None and not isinstance(self.kpi, Windowed):
            return ()
        return tuple(length for length in STANDARD_WINDOWS if length != own)

    def all_series(self) -> list[int]:
        """The totals' series and those of every label value."""
        own = list(self.totals.values())
        return own + [number for values in self.labels.values() for number in values.values()]


def define(kpi: Kpi, current: str, registry: SeriesRegistry, catalog: Catalog) -> Definition:
    """Look a KPI and its current revision up in the registry."""
    kind = KINDS[kpi.kind]
    totals: dict[str, int] = {}
    for part in ("", *kind.parts(kpi)):
        found = registry.lookup((kpi.id, current, part_key(part)))
        if found is not None:
            rule, values = found
            totals[part] = rule if kind.source == "latest" else values[""]
    labels = {
        label: entry[1]
        for label in kind.labels(kpi)
        if (entry := registry.lookup((kpi.id, current, label))) is not None
    }
    listed = {
        label: _known(catalog.attribute(kpi, label).allowed or (), values, registry.label_cap)
        for label, values in labels.items()
        if kind.zero_counts
    }
    return Definition(kpi, current, totals, labels, listed, registry.label_cap)


def _known(allowed: Iterable[object], admitted: Mapping[str, int], cap: int) -> list[str]:
    """Of these label values those of which the sums can say that there were none.

    One that came when all places were taken is among the others.
    """
    # The series of the others is there from the start.
    is_full = len(admitted) - 1 >= cap
    texts = [value for value in allowed if isinstance(value, str)]
    return [value for value in texts if value in admitted or not is_full]


def window_of(product: str, length: int, moment: Moment, catalog: Catalog) -> Window:
    """The window of a length that ends at E."""
    return window(moment.at, length, moment.now, catalog.products[product].zone)


def own_window(kpi: Kpi, moment: Moment, catalog: Catalog) -> Window:
    """What the KPI is about: a length, a calendar period up to now, or the whole past."""
    owner = catalog.products[kpi.product]
    if kpi.own_window is not None:
        return window(moment.at, kpi.own_window, moment.now, owner.zone)
    end = window_end(moment.at, moment.now, owner.zone)
    if kpi.period is None:
        return Window(WHOLE, end)
    zone = KINDS[kpi.kind].zone(kpi) or owner.zone
    start, until = calendar_period(end, kpi.period, zone, owner.sprint)
    return Window(start, end, until - start, moment.now, owner.zone, until)


def period_before(kpi: Kpi, own: Window, catalog: Catalog) -> Window | None:
    """The whole calendar period before the running one; None for KPIs that are not about one."""
    if kpi.period is None:
        return None
    owner = catalog.products[kpi.product]
    zone = KINDS[kpi.kind].zone(kpi) or owner.zone
    start, end = calendar_period(own.start, kpi.period, zone, owner.sprint)
    return Window(start, end, end - start, own.now, own.zone, end)


def last_complete(kpi: Kpi, own: Window, catalog: Catalog) -> Window | None:
    """The period before, for kinds that show it beside the running one."""
    return period_before(kpi, own, catalog) if isinstance(kpi, Windowed) else None


def baseline_moment(kpi: Kpi, moment: Moment, catalog: Catalog) -> int:
    """What a trend compares with (KPI_SEMANTICS section 5), in microseconds.

    Whole weeks ago; for calendar periods the one before up to the same elapsed time, or to its
    end where it was shorter.
    """
    own = own_window(kpi, moment, catalog)
    before = period_before(kpi, own, catalog)
    if before is None:
        return moment.at - shift_of(kpi)
    return min(before.start + moment.at - own.start, before.end)


def all_windows(
    definition: Definition,
    moment: Moment,
    catalog: Catalog,
    lengths: Sequence[int] | None = None,
) -> list[Window]:
    """Every window that its evaluation asks for; `lengths` as in `evaluate`."""
    kpi = definition.kpi
    own = own_window(kpi, moment, catalog)
    before = last_complete(kpi, own, catalog)
    spans = [own] if before is None else [own, before]
    lengths = definition.further() if lengths is None else lengths
    spans += [window_of(kpi.product, each, moment, catalog) for each in lengths]
    return [each for span in spans for each in (span, *definition.kind.spans(kpi, span).values())]
