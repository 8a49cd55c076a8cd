"""cost_per: what was spent, for each subject that first finished in the window."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import CostPer
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, base, side_rule
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.cost import judge_spend, priced_rule, unpriced
from loopgauge_collector.kinds.rules import Rule

_FINISHED = "finished"


class CostPerKind(Kind):
    """All costs of the window count, also those of subjects that failed or of none."""

    def reduce(self, kpi: CostPer, catalog: Catalog) -> tuple[Rule, ...]:
        """Sum the costs, and count the subjects by when they first finished."""
        return (
            priced_rule(kpi, catalog, kpi.event, kpi.where),
            side_rule(kpi, catalog, kpi.per, _FINISHED),
        )

    def parts(self, kpi: CostPer) -> tuple[str, ...]:
        """Who finished."""
        return (_FINISHED,)

    def read(self, kpi: CostPer, cell: Cell) -> Number:
        """Undefined as long as nothing finished; the spend stands beside it."""
        finished = cell.parts[_FINISHED].n
        return Number(
            cell.s / (finished * MICRO) if finished else None,
            finished,
            stats={"spend": base(cell.s)},
            unpriced=unpriced(cell),
        )

    def judge(self, kpi: CostPer, cell: Cell) -> Judgement:
        """By the priced part; samples are those who finished."""
        return judge_spend(
            kpi,
            cell.s,
            cell.parts[_FINISHED].n,
            bound=unpriced(cell) > 0,
            few=kpi.min_samples or 1,
        )
