"""From sums to KPI values. Pure: what is read comes in, immutable values go out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Reading

from loopgauge_collector.evaluation.attainment import attainment
from loopgauge_collector.evaluation.cells import cell_of
from loopgauge_collector.evaluation.definitions import (
    Definition,
    Moment,
    last_complete,
    own_window,
    window_of,
)
from loopgauge_collector.evaluation.judge import Feed, Sources, breach_of_part, decide, needs
from loopgauge_collector.evaluation.readings import (
    breakdown_of,
    label_cells,
    reading_of,
    with_listed,
)
from loopgauge_collector.evaluation.scores import attained
from loopgauge_collector.kinds.base import Kind, Number
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.partials.reading import Cells
from loopgauge_collector.windows import to_datetime

#: States that the target of a label value can make worse.
_JUDGED = {State.OK, State.TOO_FEW, State.BREACH, State.UNPRICED}


def evaluate(
    definition: Definition,
    cells: Cells,
    sources: Sources,
    moment: Moment,
    catalog: Catalog,
    *,
    rebuilding: bool,
    lengths: Sequence[int] | None = None,
    members: Mapping[str, KpiValue] | None = None,
    broken_down: bool = True,
    windows: Mapping[str, Reading] | None = None,
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
        members: for a score, the KPIs that it is made of, at the same moment, by id.
        broken_down: whether label values are wanted beyond those that decide the state.
        windows: readings of further windows that stay as they are, but for those of `lengths`.
    """
    kpi, kind = definition.kpi, definition.kind
    feeds = sources.feeds(kpi, catalog)
    own = own_window(kpi, moment, catalog)
    if rebuilding or not (definition.totals or kind.source in {"sequences", "none"}):
        nothing = reading_of(Number(None, 0), Cell(own.start, own.end), own, fed=False)
        return _value(
            definition, catalog, feeds, moment, State.REBUILDING, False, nothing, {},
            needed=needs(kpi, feeds),
        )  # fmt: skip
    cell = cell_of(definition, cells, own, moment)
    if members is not None:
        cell = replace(cell, attainments=attained(kpi, members))
    number = kind.read(kpi, cell)
    state, sure = decide(kpi, kind, cell, number, feeds, moment.at)
    if members is not None and all(m.state is State.NO_DATA for m in members.values()):
        state, sure = State.NO_DATA, False
    labels = kind.shown(kpi) if broken_down else kpi.each
    parts = label_cells(definition, cells, cell, own, moment, labels)
    # Of a silent source nobody knows what it would have said.
    if state not in {State.NO_DATA, State.STALE}:
        parts = with_listed(definition, parts, own)
    worst = None
    if state in _JUDGED and not sure and kpi.target is not None:
        state, sure, worst = _worst(definition, parts, feeds, (state, sure))
    fed = state is not State.NO_DATA
    before = last_complete(kpi, own, catalog)
    if before is not None and any(f.first is not None and f.first < before.end for f in feeds):
        complete = kind.read(kpi, cell_of(definition, cells, before, moment)).value
        if complete is not None:
            number = replace(number, stats={**number.stats, "last_complete": complete})
    readings = dict(windows or {}) | {
        format_duration(length): reading_of(
            kind.read(kpi, part := cell_of(definition, cells, span, moment)), part, span, fed=fed
        )
        for length in (definition.further() if lengths is None else lengths)
        if (span := window_of(kpi.product, length, moment, catalog))
    }
    breakdowns = {label: breakdown_of(definition, of, own) for label, of in parts.items() if fed}
    return _value(
        definition,
        catalog,
        feeds,
        moment,
        state,
        sure,
        reading_of(number, cell, own, fed=fed),
        readings,
        breakdowns,
        enough=_enough(kpi, kind, cell, number) if state is State.TOO_FEW else None,
        worst=worst,
        escalated=state is State.BREACH and _escalated(kpi, kind, cell, number),
        needed=needs(kpi, feeds) if members is None else _all_needs(members),
    )


def _worst(
    definition: Definition,
    parts: Mapping[str, Mapping[str, Cell]],
    feeds: tuple[Feed, ...],
    total: tuple[State, bool],
) -> tuple[State, bool, tuple[str, str] | None]:
    """The state with `each`: a label value that misses the target is worse than the total."""
    kpi, kind = definition.kpi, definition.kind
    state, sure = total
    worst = None
    for label in kpi.each:
        for value, part in parts[label].items():
            surely = breach_of_part(kpi, kind, part, kind.read(kpi, part), feeds)
            if surely is not None and (state is not State.BREACH or surely > sure):
                state, sure, worst = State.BREACH, surely, (label, value)
    return state, sure, worst


def _enough(kpi: Kpi, kind: Kind, cell: Cell, number: Number) -> int | None:
    """Samples that a judgement needs, where they are not there."""
    if kpi.target is None or not number.is_defined:
        return None
    least = kind.judge(kpi, cell).min_samples
    return least if number.samples < least else None


def _all_needs(members: Mapping[str, KpiValue]) -> tuple[str, ...]:
    """What has to be instrumented before any member has a value; nothing once one has."""
    if any(member.state is not State.NO_DATA for member in members.values()):
        return ()
    return tuple(dict.fromkeys(need for member in members.values() for need in member.needs))


def _escalated(kpi: Kpi, kind: Kind, cell: Cell, number: Number) -> bool:
    graver = kpi.escalated
    if graver is None or not number.is_defined:
        return False
    judged = kind.judge(graver, cell)
    return judged.missed and judged.sure


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
    needed: tuple[str, ...] = (),
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
        needs=needed,
        last_event=None if last is None else to_datetime(last),
        age_seconds=None if last is None else max(0.0, (moment.at - last) / 1e6),
        revision=definition.revision,
        attainment=attainment(kpi, reading),
        pending=reading.pending,
        enough=enough,
        worst=worst,
        escalated=escalated,
    )
