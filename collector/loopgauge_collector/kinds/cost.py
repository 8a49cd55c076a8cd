"""cost: what was spent. Items without a price are counted, and make the sum a lower bound."""

from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.filters import Filter
from loopgauge_catalog.kpis import Cost

from loopgauge_collector.kinds.base import Judgement, Kind, Number, base, identity, missed
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.expressions import filter_sql, text
from loopgauge_collector.kinds.pricing import tariff_of
from loopgauge_collector.kinds.rules import PricedRule, Rule


def priced_rule(
    kpi: Any, catalog: Catalog, event: str, where: Filter, *, dated: bool = False
) -> PricedRule:
    """The rule of costs, with the prices and rates of the KPI's product."""
    return PricedRule(
        **identity(kpi, catalog),
        event=event,
        where=filter_sql(where),
        labels=tuple((label, text(label)) for label in kpi.labels),
        tariff=tariff_of(kpi, catalog),
        dated=dated,
    )


def unpriced(cell: Cell) -> int:
    """Items that could not be priced."""
    return cell.n - cell.good


def judge_spend(kpi: Any, micro: int, per: int, *, bound: bool, few: int = 0) -> Judgement:
    """Against the target, always sure.

    Args:
        kpi: its target is not None.
        micro, per: the amount in millionths, and what it is divided by.
        bound: some items have no price, so all that is known is that it is at least this
            much; then only an upper limit can be missed.
        few: samples that a miss is judged from.
    """
    is_missed = missed(kpi, micro, per) and (not bound or kpi.target.lower_is_better is True)
    return Judgement(is_missed, sure=True, min_samples=few)


class CostKind(Kind):
    """The provider's amounts, else quantities at the price of their time."""

    def reduce(self, kpi: Cost, catalog: Catalog) -> tuple[Rule, ...]:
        """Price the items, and sum them."""
        return (priced_rule(kpi, catalog, kpi.event, kpi.where),)

    def read(self, kpi: Cost, cell: Cell) -> Number:
        """The sum of those with a price."""
        return Number(base(cell.s), cell.good, unpriced=unpriced(cell))

    def judge(self, kpi: Cost, cell: Cell) -> Judgement:
        """By the priced part."""
        return judge_spend(kpi, cell.s, 1, bound=unpriced(cell) > 0)
