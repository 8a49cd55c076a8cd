"""mean: the mean of an attribute, with the interval that its spread allows."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Mean
from loopgauge_catalog.quantities import MICRO

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
from loopgauge_collector.statistics import SQUARE_MAX, mean_interval

_MIN_SAMPLES = 20


def _interval(cell: Cell) -> tuple[float, float] | None:
    bounds = mean_interval(cell.n, cell.s, cell.s2)
    return None if bounds is None else (bounds[0] / MICRO, bounds[1] / MICRO)


class MeanKind(Kind):
    """Undefined without samples."""

    def reduce(self, kpi: Mean, catalog: Catalog) -> tuple[Rule, ...]:
        """Sum the value and its square."""
        value = valued(kpi, catalog, kpi.event, kpi.value)
        bounded = f"case when {value} between -{SQUARE_MAX} and {SQUARE_MAX} then {value} end"
        return (additive_rule(kpi, catalog, value=bounded),)

    def read(self, kpi: Mean, cell: Cell) -> Number:
        """Σv / n."""
        value = base(cell.s) / cell.n if cell.n else None
        return Number(value, cell.n, interval=_interval(cell))

    def judge(self, kpi: Mean, cell: Cell) -> Judgement:
        """A miss is sure when the interval excludes the target."""
        assert kpi.target is not None
        interval = _interval(cell)
        target = kpi.target.threshold.value
        excluded = interval is not None and not interval[0] <= target <= interval[1]
        is_missed = missed(kpi, cell.s, per=cell.n)
        few = kpi.min_samples or _MIN_SAMPLES
        return Judgement(is_missed, sure=is_missed and excluded and cell.n >= few, min_samples=few)
