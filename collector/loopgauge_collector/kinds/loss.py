"""loss: the share of the events that producers numbered and that never came."""

from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Loss

from loopgauge_collector.kinds.base import Judgement, Kind, Number
from loopgauge_collector.kinds.cell import Cell, Numbered, Source
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.shares import judge_share
from loopgauge_collector.statistics import wilson
from loopgauge_collector.windows import MINUTE, Window, snap


class LossKind(Kind):
    """Its cell counts the numbers that were given (`n`), and those that arrived (`good`)."""

    source: ClassVar[Source] = "sequences"

    def reduce(self, kpi: Loss, catalog: Catalog) -> tuple[Rule, ...]:
        """Nothing: the numbers are kept for all products alike."""
        return ()

    def numbered(self, kpi: Loss, window: Window) -> Numbered:
        """What was given so long before the end that it had time to come."""
        low, high = (
            snap(bound - kpi.grace, window.now, window.zone) for bound in (window.start, window.end)
        )
        return Numbered(
            kpi.product,
            kpi.environment,
            kpi.services,
            low // MINUTE,
            high // MINUTE,
            window.end_bucket,
        )

    def read(self, kpi: Loss, cell: Cell) -> Number:
        """Lost / given, with Wilson's interval; undefined where none was given."""
        lost = cell.n - cell.good
        return Number(lost / cell.n if cell.n else None, cell.n, interval=wilson(lost, cell.n))

    def judge(self, kpi: Loss, cell: Cell) -> Judgement:
        """By the exact binomial tail."""
        return judge_share(kpi, cell.n - cell.good, cell.n)
