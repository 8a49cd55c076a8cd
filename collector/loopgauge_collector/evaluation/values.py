"""From sums to KPI values. Pure: what is read comes in, immutable values go out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import STANDARD_WINDOWS, Kpi
from loopgauge_catalog.kpis.base import Windowed
from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Reading

from loopgauge_collector.evaluation.attainment import attainment
from loopgauge_collector.evaluation.judge import Feed, Sources, decide, needs
from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.base import Kind, Number
from loopgauge_collector.kinds.cell import Cell, Tally
from loopgauge_collector.kinds.rules import LABEL_SET, part_key
from loopgauge_collector.partials.reading import Cells
from loopgauge_collector.partials.reading.newest import key_text
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.windows import (
    MINUTE,
    Window,
    calendar_period,
    to_datetime,
    window,
    window_end,
)

#: States that the target of a label value can make worse.
_JUDGED = {State.OK, State.TOO_FEW, State.BREACH, State.UNPRICED}
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
        totals: by part, the total's series, or for `latest` the rule's number; nothing before
            the first fold of this definition.
        labels: label -> value -> series.
    """

    kpi: Kpi
    revision: str
    totals: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]

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


def define(kpi: Kpi, current: str, registry: SeriesRegistry) -> Definition:
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
    return Definition(kpi, current, totals, labels)


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
        return Window(_WHOLE, end)
    zone = KINDS[kpi.kind].zone(kpi) or owner.zone
    start, until = calendar_period(end, kpi.period, zone, owner.sprint)
    return Window(start, end, end - start, moment.now, owner.zone, until)


def last_complete(kpi: Kpi, own: Window, catalog: Catalog) -> Window | None:
    """The calendar period before the running one; None for kinds that are not about periods."""
    if kpi.period is None or not isinstance(kpi, Windowed):
        return None
    owner = catalog.products[kpi.product]
    start, end = calendar_period(own.start, kpi.period, owner.zone, owner.sprint)
    return Window(start, end, end - start, own.now, own.zone, end)


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


def evaluate(
    definition: Definition,
    cells: Cells,
    sources: Sources,
    moment: Moment,
    catalog: Catalog,
    *,
    rebuilding: bool,
    lengths: Sequence[int] | None = None,
    attainments: Mapping[str, float] | None = None,
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
        attainments: for a score, what its members attain at the moment.
    """
    kpi, kind = definition.kpi, definition.kind
    feeds = sources.feeds(kpi, catalog)
    own = own_window(kpi, moment, catalog)
    if rebuilding or not (definition.totals or kind.source in {"sequences", "none"}):
        return _value(definition, catalog, feeds, moment, State.REBUILDING, False, _empty(own), {})
    cell = cell_of(definition, cells, own, moment)
    if attainments is not None:
        cell = replace(cell, attainments=attainments)
    number = kind.read(kpi, cell)
    state, sure = decide(kpi, kind, cell, number, feeds, moment.at)
    worst = None
    if state in _JUDGED and not sure and kpi.target is not None:
        state, sure, worst = _worst(definition, cells, own, moment, (state, sure))
    fed = state is not State.NO_DATA
    before = last_complete(kpi, own, catalog)
    if before is not None and any(f.first is not None and f.first < before.end for f in feeds):
        complete = kind.read(kpi, cell_of(definition, cells, before, moment)).value
        if complete is not None:
            number = replace(number, stats={**number.stats, "last_complete": complete})
    readings = {
        format_duration(length): _reading(
            kind.read(kpi, part := cell_of(definition, cells, span, moment)), part, span, fed=fed
        )
        for length in (definition.further() if lengths is None else lengths)
        if (span := window_of(kpi.product, length, moment, catalog))
    }
    breakdowns = _breakdowns(definition, cells, cell, own, moment) if fed else {}
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
        enough=_enough(kpi, kind, cell, number) if state is State.TOO_FEW else None,
        worst=worst,
        escalated=_escalated(kpi, kind, cell, number) if fed else False,
    )


def _worst(
    definition: Definition,
    cells: Cells,
    own: Window,
    moment: Moment,
    total: tuple[State, bool],
) -> tuple[State, bool, tuple[str, str] | None]:
    """The state with `each`: a label value that misses the target is worse than the total."""
    kpi, kind = definition.kpi, definition.kind
    state, sure = total
    worst = None
    for label in kpi.each:
        for value, series in sorted(definition.labels.get(label, {}).items()):
            part = _one(definition, cells, series, own, moment)
            number = kind.read(kpi, part)
            if not number.is_defined:
                continue
            judged = kind.judge(kpi, part)
            enough = judged.sure or number.samples >= judged.min_samples
            if judged.missed and enough and (state is not State.BREACH or judged.sure > sure):
                state, sure, worst = State.BREACH, judged.sure, (label, value)
    return state, sure, worst


def _enough(kpi: Kpi, kind: Kind, cell: Cell, number: Number) -> int | None:
    """Samples that a judgement needs, where they are not there."""
    if kpi.target is None or not number.is_defined:
        return None
    least = kind.judge(kpi, cell).min_samples
    return least if number.samples < least else None


def _escalated(kpi: Kpi, kind: Kind, cell: Cell, number: Number) -> bool:
    graver = kpi.escalated
    if graver is None or not number.is_defined:
        return False
    judged = kind.judge(graver, cell)
    return judged.missed and judged.sure


def cell_of(definition: Definition, cells: Cells, span: Window, moment: Moment) -> Cell:
    """Everything that the kind reads over a window."""
    kpi, kind = definition.kpi, definition.kind
    whole = _one(definition, cells, definition.totals.get(""), span, moment)
    totals = definition.totals
    parts = {
        part: _one(definition, cells, number, span, moment)
        for part, number in totals.items()
        if part
    }
    for part, first in kind.bases(kpi).items():
        if part in totals and first in totals:
            rows = cells.base(totals[part], totals[first], span)
            if part:
                parts[part] = replace(parts[part], base=rows)
            else:
                whole = replace(whole, base=rows)
    return replace(
        whole,
        until=span.until,
        ineligible=whole.ineligible + sum(part.ineligible for part in parts.values()),
        parts=parts,
        more={
            name: _one(definition, cells, definition.totals.get(""), other, moment)
            for name, other in kind.spans(kpi, span).items()
        },
        values={
            label: {
                value: _one(definition, cells, series, span, moment)
                for value, series in values.items()
            }
            for label, values in (definition.labels.items() if kind.breaks_down else ())
        },
    )


def _one(
    definition: Definition, cells: Cells, number: int | None, span: Window, moment: Moment
) -> Cell:
    """One series (or rule) over a window."""
    kpi, kind = definition.kpi, definition.kind
    empty = Cell(span.start, span.end, at=moment.at)
    if (asked := kind.numbered(kpi, span)) is not None:
        given, arrived = cells.numbered(asked)
        return replace(empty, n=given, good=arrived)
    if number is None:
        return empty
    match kind.source:
        case "sums":
            cell = replace(cells.sums(number, span), at=moment.at)
            if kind.by_minute:
                cell = replace(cell, minutes=cells.minutes(number, span))
            if kind.counts_subjects(kpi):
                cell = replace(cell, tally=_tally(definition, cells, number, span))
            if more := kind.later_spans(kpi, cell, span):
                cell = replace(cell, more={n: cells.sums(number, w) for n, w in more.items()})
            return cell
        case "latest":
            return replace(empty, latest=cells.latest(number, span.end))
        case "levels":
            levels = cells.levels(
                number, levels_since(span, moment.at), max(moment.at, span.end - 1)
            )
            return replace(empty, levels=levels, ineligible=_ineligible(cells, number, span))
        case "subjects":
            tally = _tally(definition, cells, number, span)
            return replace(empty, tally=tally, ineligible=_ineligible(cells, number, span))
        case "sequences" | "none":
            return empty


def _tally(definition: Definition, cells: Cells, series: int, span: Window) -> Tally:
    kpi, kind = definition.kpi, definition.kind
    return cells.tally(series, span, kind.reach(kpi), lambda rows: kind.tally(kpi, rows, span))


def _ineligible(cells: Cells, series: int, span: Window) -> int:
    """Events of a subject kind that lacked an attribute; without a window none are counted."""
    return 0 if span.start == _WHOLE else cells.sums(series, span).ineligible


def levels_since(span: Window, at: int) -> int:
    """From which moment on a level matters: the window's start, or the minute asked about."""
    return at // MINUTE * MINUTE if span.start == _WHOLE else span.start


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
        pending=number.pending if fed else None,
        steps=MappingProxyType(number.steps if fed else {}),
        unpriced=number.unpriced,
        gaps=MappingProxyType(number.gaps if fed else {}),
        worst_step=number.worst_step if fed else None,
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
    definition: Definition, cells: Cells, whole: Cell, own: Window, moment: Moment
) -> dict[str, Mapping[str, Reading]]:
    """One reading per label value over the KPI's own window."""
    kpi, kind = definition.kpi, definition.kind
    result: dict[str, Mapping[str, Reading]] = {}
    for label in kind.shown(kpi):
        if kpi.label_sets is not None:
            parts = _split_sets(kpi, label, whole)
        else:
            parts = {
                value: _one(definition, cells, series, own, moment)
                for value, series in definition.labels.get(label, {}).items()
            }
        pieces = {
            value: piece
            for value, part in sorted(parts.items())
            # `__other__` exists from the start; it is shown once something is in it.
            if (piece := kind.piece(kpi, label, part, whole)) is not None and _has_something(piece)
        }
        result[label] = MappingProxyType(
            {
                value: _reading(kind.read(kpi, piece), piece, own, fed=True)
                for value, piece in pieces.items()
            }
        )
    return result


def _has_something(part: Cell) -> bool:
    return bool(
        part.n
        or part.ineligible
        or part.latest
        or any(part.tally.values())
        or len(part.levels.second)
    )


def _split_sets(kpi: Any, label: str, whole: Cell) -> dict[str, Cell]:
    """The label sets that have each value of a label, for kinds that keep sets apart."""
    at = kpi.label_sets.index(label)
    sets = {
        key: part
        for key, part in whole.values.get(LABEL_SET, {}).items()
        # What lacks an attribute has no set.
        if key not in {NONE_VALUE, OTHER_VALUE} and part.n
    }
    named = {key: key_text(json.loads(key)[at]) for key in sets}
    return {
        value: replace(
            _only(whole, at, value),
            n=sum(part.n for key, part in sets.items() if named[key] == value),
            ineligible=0,
            values={LABEL_SET: {k: part for k, part in sets.items() if named[k] == value}},
        )
        for value in {row.key[at] for row in whole.latest} | set(named.values())
    }


def _only(cell: Cell, at: int, value: str) -> Cell:
    """The newest events of one label value, in the parts too."""
    return replace(
        cell,
        latest=tuple(row for row in cell.latest if row.key[at] == value),
        base=tuple(row for row in cell.base if row.key[at] == value),
        parts={part: _only(other, at, value) for part, other in cell.parts.items()},
    )


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
    enough: int | None = None,
    worst: tuple[str, str] | None = None,
    escalated: bool = False,
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
        attainment=attainment(kpi, reading),
        pending=reading.pending,
        enough=enough,
        worst=worst,
        escalated=escalated,
    )
