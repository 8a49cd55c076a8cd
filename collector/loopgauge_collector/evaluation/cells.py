"""Fills the cell that a kind reads: everything stored about a KPI over one window."""

from dataclasses import replace

from loopgauge_collector.evaluation.definitions import WHOLE, Definition, Moment
from loopgauge_collector.kinds.cell import Cell, Tally
from loopgauge_collector.partials.reading import Cells
from loopgauge_collector.windows import MINUTE, Window, moment_of


def cell_of(definition: Definition, cells: Cells, span: Window, moment: Moment) -> Cell:
    """Everything that the kind reads over a window."""
    kpi, kind = definition.kpi, definition.kind
    whole = one_cell(definition, cells, definition.totals.get(""), span, moment)
    totals = definition.totals
    parts = {
        part: one_cell(definition, cells, number, span, moment)
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
    spans = kind.spans(kpi, span)
    if not parts and not spans and not kind.breaks_down:
        return whole  # as most kinds do; a copy is not cheap
    return replace(
        whole,
        ineligible=whole.ineligible + sum(part.ineligible for part in parts.values()),
        parts=parts,
        more={
            name: one_cell(definition, cells, definition.totals.get(""), other, moment)
            for name, other in spans.items()
        },
        values={
            label: {
                value: one_cell(definition, cells, series, span, moment)
                for value, series in values.items()
            }
            for label, values in (definition.labels.items() if kind.breaks_down else ())
        },
    )


def one_cell(
    definition: Definition, cells: Cells, number: int | None, span: Window, moment: Moment
) -> Cell:
    """One series (or rule) over a window."""
    kpi, kind = definition.kpi, definition.kind
    at = moment_of(moment.at, span.end, moment.now)
    empty = Cell(span.start, span.end, at=at, until=span.until)
    if (asked := kind.numbered(kpi, span)) is not None:
        given, arrived = cells.numbered(asked)
        return replace(empty, n=given, good=arrived)
    if number is None:
        return empty
    match kind.source:
        case "sums":
            cell = cells.sums(number, span)
            if kind.by_minute:
                cell = replace(cell, at=at, minutes=cells.minutes(number, span))
            if kind.counts_subjects(kpi):
                cell = replace(cell, tally=_tally(definition, cells, number, span))
            if more := kind.later_spans(kpi, cell, span):
                cell = replace(cell, more={n: cells.sums(number, w) for n, w in more.items()})
            return cell
        case "latest":
            return replace(empty, latest=cells.latest(number, span.end))
        case "levels":
            levels = cells.levels(number, levels_since(span, at), max(at, span.end - 1))
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
    return 0 if span.start == WHOLE else cells.sums(series, span).ineligible


def levels_since(span: Window, at: int) -> int:
    """From which moment on a level matters: the window's start, or the minute asked about."""
    return at // MINUTE * MINUTE if span.start == WHOLE else span.start
