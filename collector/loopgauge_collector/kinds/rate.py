"""rate: events per hour, day or week of observed time (KPI_SEMANTICS, R3)."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Rate
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, additive_rule, missed
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.windows import DAY, HOUR

_PERIOD = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


def _observed(cell: Cell) -> int:
    """Microseconds from the window's start, or from the first event ever, to its end."""
    return 0 if cell.first is None else cell.end - max(cell.start, cell.first)


class RateKind(Kind):
    """Idle days count as 0, days before the first event ever do not count."""

    def reduce(self, kpi: Rate, catalog: Catalog) -> tuple[Rule, ...]:
        """Count the events."""
        return (additive_rule(kpi, catalog, dated=True),)

    def read(self, kpi: Rate, cell: Cell) -> Number:
        """Events / (E − max(S, first eligible event ever)), per period."""
        observed = _observed(cell)
        value = cell.n * _PERIOD[kpi.per] / observed if observed > 0 else None
        return Number(value, cell.n)

    def judge(self, kpi: Rate, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        return Judgement(
            missed(kpi, cell.n * MICRO * _PERIOD[kpi.per], per=_observed(cell)), sure=True
        )
