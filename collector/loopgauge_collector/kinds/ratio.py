"""ratio: the share of the events that match, among those that could."""

from collections import Counter
from dataclasses import replace

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Ratio
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, additive_rule, identity, valued
from loopgauge_collector.kinds.cell import Cell, SubjectRows, Tally
from loopgauge_collector.kinds.expressions import filter_sql, text
from loopgauge_collector.kinds.presence import ACTIVE
from loopgauge_collector.kinds.rules import NewestRule, Rule
from loopgauge_collector.kinds.shares import judge_share
from loopgauge_collector.statistics import wilson
from loopgauge_collector.windows import Window


def _counts(kpi: Ratio, cell: Cell) -> tuple[int, int]:
    """How many match, and of how many; weights as whole numbers."""
    if kpi.last_per is not None:
        good, n = cell.count("good"), cell.count("n")
    elif kpi.weight is not None:
        good, n = cell.s2, cell.s
    else:
        good, n = cell.good, cell.n
    if kpi.weight is not None:
        good, n = good // MICRO, n // MICRO
    # Weights below zero make no share.
    return (good, n) if 0 <= good <= n else (0, 0)


class RatioKind(Kind):
    """Undefined without samples: never 0 % and never 100 %."""

    def reduce(self, kpi: Ratio, catalog: Catalog) -> tuple[Rule, ...]:
        """Count the events (or what they weigh), and those that match."""
        good = filter_sql(kpi.matching)
        weight = None if kpi.weight is None else valued(kpi, catalog, kpi.event, kpi.weight)
        labels = tuple((label, text(label)) for label in self.labels(kpi))
        if kpi.last_per is None:
            rule = additive_rule(kpi, catalog, good=good, value=weight, weighted=weight is not None)
            return (replace(rule, labels=labels),)
        return (
            NewestRule(
                **identity(kpi, catalog),
                event=kpi.event,
                where=filter_sql(kpi.where),
                step=0,
                subject=text(kpi.last_per),
                good=good,
                value=weight,
                labels=labels,
            ),
        )

    def labels(self, kpi: Ratio) -> tuple[str, ...]:
        """Those that divide all of it, and those that divide the numerator."""
        return (*kpi.labels, *kpi.split)

    def shown(self, kpi: Ratio) -> tuple[str, ...]:
        """All of them."""
        return self.labels(kpi)

    def piece(self, kpi: Ratio, label: str, part: Cell, whole: Cell) -> Cell | None:
        """Of `split`, what matches with this value among all events."""
        if label not in kpi.split:
            return part
        good, _ = _counts(kpi, part)
        if good == 0:
            return None
        tally: Tally = Counter({"good": part.count("good"), "n": whole.count("n")})
        return replace(whole, good=part.good, s2=part.s2, tally=tally)

    def counts_subjects(self, kpi: Ratio) -> bool:
        """With `last_per` it is made of rows of subjects."""
        return kpi.last_per is not None

    def tally(self, kpi: Ratio, rows: SubjectRows, window: Window) -> Tally:
        """Subjects by what their newest event before the end says, if that is in the window."""
        rows = rows.begun(window.start_bucket, window.end_bucket)
        newest = rows.closed >= window.end_bucket
        amounts = rows.n if kpi.weight is None else rows.s
        return Counter(
            {
                "n": int(amounts[newest].sum()),
                "good": int(amounts[newest & (rows.outcome == ACTIVE + 1)].sum()),
            }
        )

    def read(self, kpi: Ratio, cell: Cell) -> Number:
        """Matching / eligible, with Wilson's interval."""
        good, n = _counts(kpi, cell)
        return Number(good / n if n else None, n, interval=wilson(good, n))

    def judge(self, kpi: Ratio, cell: Cell) -> Judgement:
        """By the exact binomial tail."""
        return judge_share(kpi, *_counts(kpi, cell))
