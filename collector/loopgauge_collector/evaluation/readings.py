"""From cells to readings: the total's, and one for each label value."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE
from loopgauge_catalog.values import Reading

from loopgauge_collector.evaluation.cells import one_cell
from loopgauge_collector.evaluation.definitions import WHOLE, Definition, Moment
from loopgauge_collector.kinds.base import Number
from loopgauge_collector.kinds.cell import Cell, LatestRow
from loopgauge_collector.kinds.rules import LABEL_SET
from loopgauge_collector.partials.reading import Cells
from loopgauge_collector.partials.reading.newest import key_text
from loopgauge_collector.windows import Window, to_datetime


def reading_of(number: Number, cell: Cell, span: Window, *, fed: bool) -> Reading:
    """A number with its window; without a feed there is none, whatever the sums say."""
    return Reading(
        start=None if span.start == WHOLE else to_datetime(span.start),
        end=to_datetime(span.end),
        value=number.value if fed else None,
        samples=number.samples,
        stats=MappingProxyType(number.stats if fed else {}),
        share=number.share if fed else None,
        interval=number.interval if fed else None,
        pending=number.pending if fed else None,
        steps=MappingProxyType(number.steps if fed else {}),
        late=number.late,
        unpriced=number.unpriced,
        gaps=MappingProxyType(number.gaps if fed else {}),
        worst_step=number.worst_step if fed else None,
        ineligible=cell.ineligible,
    )


def label_cells(
    definition: Definition,
    cells: Cells,
    whole: Cell,
    own: Window,
    moment: Moment,
    labels: Iterable[str],
) -> dict[str, dict[str, Cell]]:
    """The cell of each label value that there is something about, by label."""
    kpi, kind = definition.kpi, definition.kind
    found: dict[str, dict[str, Cell]] = {}
    for label in labels:
        if kpi.label_sets is not None:
            parts = _by_member(whole, kpi.label_sets.index(label))
        else:
            parts = {
                value: one_cell(definition, cells, series, own, moment)
                for value, series in definition.labels.get(label, {}).items()
            }
        found[label] = {
            value: piece
            for value, part in sorted(parts.items())
            # `__other__` exists from the start; it is shown once something is in it.
            if (piece := kind.piece(kpi, label, part, whole)) is not None and _has_something(piece)
        }
    return found


def with_listed(
    definition: Definition, parts: Mapping[str, dict[str, Cell]], own: Window
) -> dict[str, dict[str, Cell]]:
    """The cells of label values, and an empty one for each listed value that nobody had."""
    nothing = Cell(own.start, own.end, until=own.until)
    return {
        label: dict(
            sorted({**dict.fromkeys(definition.listed.get(label, ()), nothing), **of}.items())
        )
        for label, of in parts.items()
    }


def breakdown_of(
    definition: Definition, parts: Mapping[str, Cell], own: Window
) -> Mapping[str, Reading]:
    """One reading per label value over the KPI's own window."""
    kpi, kind = definition.kpi, definition.kind
    readings = {
        value: reading_of(kind.read(kpi, part), part, own, fed=True)
        for value, part in parts.items()
    }
    if kpi.label_sets is not None:
        readings = _most_telling(kpi, readings, definition.label_cap)
    return MappingProxyType(readings)


def _has_something(part: Cell) -> bool:
    return bool(
        part.n
        or part.ineligible
        or part.latest
        or any(part.tally.values())
        or len(part.levels.second)
    )


def _most_telling(kpi: Any, readings: Mapping[str, Reading], most: int) -> dict[str, Reading]:
    """Label sets have no cap, what is shown of them has: the greatest, or lowest above a floor."""
    if len(readings) <= most:
        return dict(readings)
    is_floor = kpi.target is not None and kpi.target.lower_is_better is False
    sign = 1 if is_floor else -1

    def rank(value: str) -> tuple[bool, float, str]:
        number = readings[value].value
        return number is None, 0.0 if number is None else sign * number, value

    return {value: readings[value] for value in sorted(sorted(readings, key=rank)[:most])}


def _by_member(whole: Cell, at: int) -> dict[str, Cell]:
    """The label sets that have each value of a label, for kinds that keep sets apart.

    Args:
        whole: of the KPI.
        at: which member of the sets the label is.
    """
    newest = _newest_by_member(whole, at)
    sets: defaultdict[str, dict[str, Cell]] = defaultdict(dict)
    for key, part in whole.values.get(LABEL_SET, {}).items():
        # What lacks an attribute has no set.
        if key not in {NONE_VALUE, OTHER_VALUE} and part.n:
            sets[key_text(json.loads(key)[at])][key] = part
    nothing = _none_of(whole)
    return {
        value: replace(
            newest.get(value, nothing),
            n=sum(part.n for part in sets[value].values()),
            ineligible=0,
            values={LABEL_SET: sets[value]},
        )
        for value in [*newest.keys(), *(sets.keys() - newest.keys())]
    }


def _newest_by_member(cell: Cell, at: int) -> dict[str, Cell]:
    """The newest events of each value of a label, in the parts too."""
    latest, base = _grouped(cell.latest, at), _grouped(cell.base, at)
    parts = {part: _newest_by_member(other, at) for part, other in cell.parts.items()}
    nothing = {part: _none_of(other) for part, other in cell.parts.items()}
    return {
        value: replace(
            cell,
            latest=rows,
            base=base.get(value, ()),
            parts={part: of.get(value, nothing[part]) for part, of in parts.items()},
        )
        for value, rows in latest.items()
    }


def _grouped(rows: Iterable[LatestRow], at: int) -> dict[str, tuple[LatestRow, ...]]:
    found: defaultdict[str, list[LatestRow]] = defaultdict(list)
    for row in rows:
        found[row.key[at]].append(row)
    return {value: tuple(of) for value, of in found.items()}


def _none_of(cell: Cell) -> Cell:
    """The cell without any label set."""
    parts = {part: _none_of(other) for part, other in cell.parts.items()}
    return replace(cell, latest=(), base=(), parts=parts)
