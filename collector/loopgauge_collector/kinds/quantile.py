"""quantile: shown by a log sketch, judged by the exact share within the target."""

from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import QuantileKpi
from loopgauge_catalog.names import stat_name
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import Target

from loopgauge_collector.kinds.base import Judgement, Kind, Number, additive_rule, valued
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.shares import judge_within
from loopgauge_collector.statistics import nearest_rank, sketch_value, wilson


def _wanted_share(kpi: QuantileKpi, target: Target) -> int:
    """The share of events that must be within the target, in millionths."""
    return target.share.micro if target.share is not None else round(kpi.quantile * MICRO)


class QuantileKind(Kind):
    """That p95 < X and that at least 95 % are < X is the same; the second is exact."""

    sketched: ClassVar[bool] = True

    def reduce(self, kpi: QuantileKpi, catalog: Catalog) -> tuple[Rule, ...]:
        """Keep the sketch, and count what is within the target by its own comparator."""
        value = valued(kpi, catalog, kpi.event, kpi.value)
        good = None
        if kpi.target is not None:
            good = f"({value}) {kpi.target.symbol} {kpi.target.threshold.micro}"
        return (additive_rule(kpi, catalog, value=value, good=good, sketch=True),)

    def read(self, kpi: QuantileKpi, cell: Cell) -> Number:
        """The quantiles; where a sketch contradicts the exact share, the target is shown."""
        stats = {
            stat_name(q): sketch_value(index)
            for q in kpi.stats
            if (index := nearest_rank(cell.index, cell.counts, q)) is not None
        }
        value = stats.get(stat_name(kpi.quantile))
        share = interval = None
        if kpi.target is not None and cell.n:
            share = cell.good / cell.n
            interval = wilson(cell.good, cell.n)
            # Only where the target speaks of the same quantile can the two contradict.
            if value is not None and _wanted_share(kpi, kpi.target) == round(kpi.quantile * MICRO):
                met = cell.good * MICRO >= _wanted_share(kpi, kpi.target) * cell.n
                if met != kpi.target.met_by(round(value * MICRO)):
                    value = stats[stat_name(kpi.quantile)] = kpi.target.threshold.value
        return Number(value, cell.n, stats=stats, share=share, interval=interval)

    def judge(self, kpi: QuantileKpi, cell: Cell) -> Judgement:
        """share(within) ≥ p in whole numbers; sure by the exact binomial tail."""
        assert kpi.target is not None
        return judge_within(kpi, _wanted_share(kpi, kpi.target), cell.good, cell.n)
