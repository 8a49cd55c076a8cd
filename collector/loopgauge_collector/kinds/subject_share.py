"""subject_share: of the subjects that had any of the listed events, the share that had one."""

from collections import Counter
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import SubjectShare

from loopgauge_collector.kinds.base import Judgement, Kind, Number, step_rules
from loopgauge_collector.kinds.cell import Cell, Source, SubjectRows, Tally
from loopgauge_collector.kinds.presence import active
from loopgauge_collector.kinds.rules import ActivityRule, Rule
from loopgauge_collector.kinds.shares import judge_share
from loopgauge_collector.statistics import wilson
from loopgauge_collector.windows import Window


class SubjectShareKind(Kind):
    """Who had the event is among all, whether it is listed there or not."""

    source: ClassVar[Source] = "subjects"

    def reduce(self, kpi: SubjectShare, catalog: Catalog) -> tuple[Rule, ...]:
        """Keep active minutes twice: of any of the events, and of those that are looked for."""
        either = tuple(
            step
            for place, step in enumerate((*kpi.having, *kpi.among))
            if step not in (*kpi.having, *kpi.among)[:place]
        )
        return step_rules(ActivityRule, kpi, catalog, (either, kpi.having))

    def tally(self, kpi: SubjectShare, rows: SubjectRows, window: Window) -> Tally:
        """Subjects of both lists by their last active minute in the window."""
        return Counter({"either": active(rows, window), "having": active(rows, window, listed=1)})

    def read(self, kpi: SubjectShare, cell: Cell) -> Number:
        """Having / (having or among); undefined when nobody was active."""
        n, having = cell.count("either"), cell.count("having")
        return Number(having / n if n else None, n, interval=wilson(having, n))

    def judge(self, kpi: SubjectShare, cell: Cell) -> Judgement:
        """By the exact binomial tail."""
        return judge_share(kpi, cell.count("having"), cell.count("either"))
