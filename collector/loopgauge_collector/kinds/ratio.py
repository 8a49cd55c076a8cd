"""ratio: the share of the events that match, among those that could."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Ratio
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Cell, Judgement, Kind, Number, additive_rule, missed
from loopgauge_collector.kinds.expressions import filter_sql
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.statistics import default_min_samples, surely_bad, wilson


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
        """By the exact binomial tail: an upper limit tests the event, a floor its complement."""
        assert kpi.target is not None
        threshold = kpi.target.threshold.micro
        # "equals 100%" is a floor, "equals 0%" an upper limit.
        if kpi.target.lower_is_better is False or threshold == MICRO:
            bad, allowed = cell.n - cell.good, (MICRO - threshold) / MICRO
        else:
            bad, allowed = cell.good, threshold / MICRO
        is_missed = missed(kpi, cell.good * MICRO, per=cell.n)
        return Judgement(
            is_missed,
            sure=is_missed and surely_bad(bad, cell.n, allowed),
            min_samples=kpi.min_samples or default_min_samples(allowed),
        )
