"""budget: how much of it is spent, or will be by the end of its period."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import BudgetKpi
from loopgauge_catalog.prices import COST_EVENT
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.cost import judge_spend, priced_rule, unpriced
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.windows import DAY, Window, snap

_WEEK = "week"


@dataclass(frozen=True, slots=True)
class _Spend:
    """An amount as a fraction, in millionths of the budget's currency."""

    micro: int
    per: int
    unpriced: int


def _used(cell: Cell) -> _Spend:
    return _Spend(cell.s, 1, unpriced(cell))


def _forecast(cell: Cell) -> _Spend:
    """What the rest of the period costs if it goes on as in the last 7 days.

    These days reach across the period's start, so that its first day is no guess; with fewer
    days of data, as in those. `per` is 0 with less than a day.
    """
    week = cell.more[_WEEK]
    # One of the two holds the other, so the greater number counts each item once.
    without = max(unpriced(cell), unpriced(week))
    observed = 0 if week.first is None else week.end - max(week.start, week.first)
    if observed < DAY:
        return _Spend(0, 0, without)
    return _Spend(cell.s * observed + (cell.until - cell.end) * week.s, observed, without)


class BudgetKind(Kind):
    """Spent since the local beginning of the period, as a share of the limit."""

    def reduce(self, kpi: BudgetKpi, catalog: Catalog) -> tuple[Rule, ...]:
        """Sum the costs that the budget is for, in its own currency."""
        return (priced_rule(kpi, catalog, COST_EVENT, kpi.plan.where, dated=True),)

    def zone(self, kpi: BudgetKpi) -> ZoneInfo | None:
        """The budget's, where it names one."""
        return None if kpi.plan.timezone is None else ZoneInfo(kpi.plan.timezone)

    def spans(self, kpi: BudgetKpi, window: Window) -> Mapping[str, Window]:
        """The last 7 days, for the forecast."""
        if kpi.read == "used":
            return {}
        start = snap(window.end - 7 * DAY, window.now, window.zone)
        return {_WEEK: Window(start, window.end, 7 * DAY, window.now, window.zone)}

    def read(self, kpi: BudgetKpi, cell: Cell) -> Number:
        """The spend or its forecast / limit."""
        limit = kpi.plan.limit.micro
        used = _used(cell)
        if kpi.read == "used":
            return Number(used.micro / limit, cell.good, unpriced=used.unpriced)
        forecast = _forecast(cell)
        return Number(
            forecast.micro / (forecast.per * limit) if forecast.per else None,
            cell.good,
            stats={"used": used.micro / limit},
            unpriced=forecast.unpriced,
        )

    def judge(self, kpi: BudgetKpi, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        spend = _used(cell) if kpi.read == "used" else _forecast(cell)
        return judge_spend(
            kpi,
            spend.micro * MICRO,
            spend.per * kpi.plan.limit.micro,
            bound=spend.unpriced > 0,
        )
