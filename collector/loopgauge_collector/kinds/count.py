"""count: how many events, or first events of a subject, fell into the window."""

from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Count
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, additive_rule, missed
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.rules import Rule


class CountKind(Kind):
    """A true 0 while the source is alive; the state says whether it is."""

    zero_counts: ClassVar[bool] = True

    def reduce(self, kpi: Count, catalog: Catalog) -> tuple[Rule, ...]:
        """Count the events."""
        return (additive_rule(kpi, catalog),)

    def read(self, kpi: Count, cell: Cell) -> Number:
        """The count."""
        return Number(float(cell.n), cell.n)

    def judge(self, kpi: Count, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        assert kpi.target is not None
        is_floor = kpi.target.lower_is_better is False
        return Judgement(missed(kpi, cell.n * MICRO), sure=True, floor=is_floor)
