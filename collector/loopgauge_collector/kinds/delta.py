"""delta: how much cumulative numbers have grown over the window."""

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Delta
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, identity, missed, valued
from loopgauge_collector.kinds.cell import Cell, Source
from loopgauge_collector.kinds.expressions import filter_sql, label_set
from loopgauge_collector.kinds.rules import LatestRule, Rule

#: The parts that keep the first event of a minute, by the part that keeps the newest.
_FIRST = {"": "first", "over": "over_first"}


def _growth(cell: Cell) -> int | None:
    """Over all label sets; negative where a provider has taken something back."""
    begun = {row.key: row.micro for row in cell.base}
    grown = [
        row.micro - before
        for row in cell.latest
        if row.micro is not None and (before := begun.get(row.key)) is not None
    ]
    return sum(grown) if grown else None


def _value(kpi: Delta, cell: Cell) -> Fraction | None:
    """In millionths of the unit."""
    growth = _growth(cell)
    if growth is None:
        return None
    if kpi.over is None:
        return Fraction(growth)
    below = _growth(cell.parts["over"]) if "over" in cell.parts else None
    return None if below is None or below <= 0 else Fraction(growth * MICRO, below)


class DeltaKind(Kind):
    """The newest value before E less that before S; without one, less the first in the window."""

    source: ClassVar[Source] = "latest"

    def parts(self, kpi: Delta) -> tuple[str, ...]:
        """The first values of minutes, and the same of what is divided by."""
        return ("first",) if kpi.over is None else ("first", "over", "over_first")

    def bases(self, kpi: Delta) -> Mapping[str, str]:
        """Where the values at the window's start come from."""
        return {part: first for part, first in _FIRST.items() if kpi.over is not None or not part}

    def reduce(self, kpi: Delta, catalog: Catalog) -> tuple[Rule, ...]:
        """Keep the newest and the first event of each label set."""
        rules: list[Rule] = []
        sides = {"": kpi.value, "over": kpi.over or ()}
        values = {
            part: [valued(kpi, catalog, kpi.event, name) for name in names]
            for part, names in sides.items()
            if names
        }
        for part, amounts in values.items():
            others = [each for other, of in values.items() if other != part for each in of]
            # A report that lacks one of the numbers moves none of them (R6).
            value = " + ".join([*amounts, *(f"0 * ({other})" for other in others)])
            rules += [
                LatestRule(
                    **identity(kpi, catalog),
                    event=kpi.event,
                    where=filter_sql(kpi.where),
                    value=value,
                    key=label_set(kpi.per),
                    part=kept,
                    earliest=kept != part,
                )
                for kept in (part, _FIRST[part])
            ]
        return tuple(rules)

    def read(self, kpi: Delta, cell: Cell) -> Number:
        """Summed over the label sets; the samples are those sets."""
        value = _value(kpi, cell)
        return Number(None if value is None else float(value / MICRO), len(cell.latest))

    def judge(self, kpi: Delta, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        value = _value(kpi, cell)
        assert value is not None
        return Judgement(missed(kpi, value.numerator, per=value.denominator), sure=True)
