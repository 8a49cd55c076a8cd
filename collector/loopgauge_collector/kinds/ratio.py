"""ratio: the share of the events that match, among those that could."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Ratio

from loopgauge_collector.kinds.base import Judgement, Kind, Number, additive_rule
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.expressions import filter_sql
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.shares import judge_share
from loopgauge_collector.statistics import wilson


class RatioKind(Kind):
    """Undefined without samples: never 0 % and never 100 %."""

    def reduce(self, kpi: Ratio, catalog: Catalog) -> tuple[Rule, ...]:
        """Count the events, and those that match."""
        return (additive_rule(kpi, catalog, good=filter_sql(kpi.matching)),)

    def read(self, kpi: Ratio, cell: Cell) -> Number:
        """Matching / eligible, with Wilson's interval."""
        value = cell.good / cell.n if cell.n else None
        return Number(value, cell.n, interval=wilson(cell.good, cell.n))

    def judge(self, kpi: Ratio, cell: Cell) -> Judgement:
        """By the exact binomial tail."""
        return judge_share(kpi, cell.good, cell.n)
