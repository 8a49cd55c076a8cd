"""From sums to KPI values. Pure: what is read comes in, immutable values go out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import STANDARD_WINDOWS, Kpi
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Reading

from loopgauge_collector.evaluation.judge import Feed, Sources, decide, needs
from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.base import Cell, Number
from loopgauge_collector.partials.cells import Cells
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.windows import MINUTE, Window, to_datetime, window

#: Kinds without a window read up to E; this stands in for a start.
_WHOLE = 0


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
        series: the total's series, or the rule's number for `latest`; None before the
            first fold of this definition.
        labels: label -> value -> series.
    """

    kpi: Kpi
    revision: str
    series: int | None
    labels: Mapping[str, Mapping[str, int]]

    @property
    def is_latest(self) -> bool:
        """Whether it is read from the newest events, without a window."""
        return self.kpi.own_window is None

    @property
    def sketched(self) -> bool:
        """Whether its series carry a sketch."""
        return self.kpi.kind == "quantile"

    def lengths(self) -> tuple[int, ...]:
        """The windows it is read over, its own first; empty for kinds without."""
        own = self.kpi.own_window
        return () if own is None else tuple(dict.fromkeys((own, *STANDARD_WINDOWS)))

    def all_series(self) -> list[int]:
        """The total's series and those of every label value."""
        own = [] if self.series is None else [self.series]
        return own + [number for values in self.labels.values() for number in values.values()]


def define(kpi: Kpi, current: str, registry: SeriesRegistry) -> Definition:
    """Look a KPI and its current revision up in the registry."""
    found = registry.lookup((kpi.id, current, ""))
    if found is None:
        return Definition(kpi, current, None, {})
    rule, values = found
    labels = {
        label: entry[1]
        for label in kpi.labels
        if (entry := registry.lookup((kpi.id, current, label))) is not None
    }
    series = rule if kpi.own_window is None else values.get("")
    return Definition(kpi, current, series, labels)


def window_of(product: str, length: int | None, moment: Moment, catalog: Catalog) -> Window:
    """The window of a length that ends at E; the whole past for kinds without a window."""
    zone = catalog.products[product].zone
    if length is None:
        end = window(moment.at, MINUTE, moment.now, zone).end
        return Window(_WHOLE, end)
    return window(moment.at, length, moment.now, zone)


def evaluate(
    definition: Definition,
    cells: Cells,
    sources: Sources,
    moment: Moment,
    catalog: Catalog,
    *,
    rebuilding: bool,
    lengths: Sequence[int] | None = None,
) -> KpiValue:
    """The value of one KPI at one moment.

    Args:
        definition: the KPI and where its sums are.
        cells: the sums.
        sources: who was heard of before E.
        moment: when.
        catalog: what events declare.
        rebuilding: its partials are not complete, so it has no value.
        lengths: windows to read beside the own one; the standard ones without.
    """
    kpi, kind = definition.kpi, KINDS[definition.kpi.kind]
    feeds = sources.feeds(kpi, catalog)
    own = window_of(kpi.product, kpi.own_window, moment, catalog)
    if rebuilding or definition.series is None:
        return _value(definition, catalog, feeds, moment, State.REBUILDING, False, _empty(own), {})
    cell = _cell(definition, cells, own)
    number = kind.read(kpi, cell)
    state, sure = decide(kpi, kind, cell, number, feeds, moment.at)
    fed = state is not State.NO_DATA
    readings = {
        format_duration(length): _reading(
            kind.read(kpi, part := _cell(definition, cells, span)), part, span, fed=fed
        )
        for length in (definition.lengths()[1:] if lengths is None else lengths)
        if (span := window_of(kpi.product, length, moment, catalog))
    }
    breakdowns = _breakdowns(definition, cells, cell, own) if fed else {}
    return _value(
        definition,
        catalog,
        feeds,
        moment,
        state,
        sure,
        _reading(number, cell, own, fed=fed),
        readings,
        breakdowns,
    )


def _cell(definition: Definition, cells: Cells, span: Window) -> Cell:
    assert definition.series is not None
    if definition.is_latest:
        return cells.latest(definition.series, span)
    return cells.cell(definition.series, span)


def _reading(number: Number, cell: Cell, span: Window, *, fed: bool) -> Reading:
    """A number with its window; without a feed there is none, whatever the sums say."""
    return Reading(
        start=None if span.start == _WHOLE else to_datetime(span.start),
        end=to_datetime(span.end),
        value=number.value if fed else None,
        samples=number.samples,
        stats=MappingProxyType(number.stats if fed else {}),
        share=number.share if fed else None,
        interval=number.interval if fed else None,
        ineligible=cell.ineligible,
    )


def _empty(span: Window) -> Reading:
    return Reading(
        start=None if span.start == _WHOLE else to_datetime(span.start),
        end=to_datetime(span.end),
        value=None,
        samples=0,
    )


def _breakdowns(
    definition: Definition, cells: Cells, whole: Cell, own: Window
) -> dict[str, Mapping[str, Reading]]:
    """One reading per label value over the KPI's own window."""
    kpi, kind = definition.kpi, KINDS[definition.kpi.kind]
    result: dict[str, Mapping[str, Reading]] = {}
    for label in kpi.labels:
        if definition.is_latest:
            parts = _split_latest(kpi, label, whole)
        else:
            parts = {
                value: cells.cell(series, own)
                for value, series in definition.labels.get(label, {}).items()
            }
        result[label] = MappingProxyType(
            {
                value: _reading(kind.read(kpi, part), part, own, fed=True)
                for value, part in sorted(parts.items())
                # `__other__` exists from the start; it is shown once something is in it.
                if part.n or part.ineligible or part.latest
            }
        )
    return result


def _split_latest(kpi: Any, label: str, whole: Cell) -> dict[str, Cell]:
    at = kpi.per.index(label)
    values = dict.fromkeys(row.key[at] for row in whole.latest)
    return {
        value: Cell(
            whole.start,
            whole.end,
            latest=tuple(row for row in whole.latest if row.key[at] == value),
        )
        for value in values
    }


def _value(
    definition: Definition,
    catalog: Catalog,
    feeds: tuple[Feed, ...],
    moment: Moment,
    state: State,
    sure: bool,
    reading: Reading,
    windows: Mapping[str, Reading],
    breakdowns: Mapping[str, Mapping[str, Reading]] | None = None,
) -> KpiValue:
    kpi = definition.kpi
    last = max((feed.last for feed in feeds if feed.last is not None), default=None)
    return KpiValue(
        kpi=kpi,
        unit=catalog.unit(kpi),
        state=state,
        sure=sure,
        state_since=to_datetime(moment.at),
        reading=reading,
        windows=MappingProxyType(dict(windows)),
        breakdowns=MappingProxyType(dict(breakdowns or {})),
        needs=needs(kpi, feeds),
        last_event=None if last is None else to_datetime(last),
        age_seconds=None if last is None else max(0.0, (moment.at - last) / 1e6),
        revision=definition.revision,
    )
