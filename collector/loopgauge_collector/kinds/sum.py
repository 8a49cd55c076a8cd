"""sum: the sum of an attribute over the window."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Sum

from loopgauge_collector.kinds.base import (
    Judgement,
    Kind,
    Number,
    additive_rule,
    base,
    missed,
    valued,
)
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.rules import Rule


class SumKind(Kind):
    """Like a count, a sum of nothing is a true 0 while the source is alive."""

    def reduce(self, kpi: Sum, catalog: Catalog) -> tuple[Rule, ...]:
        """Sum the value in micro-units."""
        return (additive_rule(kpi, catalog, value=valued(kpi, catalog, kpi.event, kpi.value)),)

    def read(self, kpi: Sum, cell: Cell) -> Number:
        """The sum."""
        return Number(base(cell.s), cell.n)

    def judge(self, kpi: Sum, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        assert kpi.target is not None
        return Judgement(missed(kpi, cell.s), sure=True, floor=kpi.target.lower_is_better is False)
