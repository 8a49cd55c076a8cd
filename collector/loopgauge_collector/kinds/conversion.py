"""conversion: of the subjects who had their full chance, the share that got to the end."""

from collections import Counter
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Conversion

from loopgauge_collector.kinds.base import Judgement, Kind, Number
from loopgauge_collector.kinds.cell import Cell, Source, SubjectRows, Tally
from loopgauge_collector.kinds.pairs import (
    MARGIN,
    late,
    maturity,
    pair_rules,
    pending,
    tally_chance,
)
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.shares import judge_share
from loopgauge_collector.statistics import wilson
from loopgauge_collector.windows import Window


def _samples(cell: Cell) -> int:
    return cell.count("done") + cell.count("failed") + cell.count("expired")


class ConversionKind(Kind):
    """Who began less than the limit ago is pending, and in no share."""

    source: ClassVar[Source] = "subjects"

    def reduce(self, kpi: Conversion, catalog: Catalog) -> tuple[Rule, ...]:
        """Follow each subject from its start to its end, failure or exclusion."""
        return pair_rules(kpi, catalog)

    def reach(self, kpi: Conversion) -> int | None:
        """Those who had their full chance began up to the limit before the window."""
        return kpi.expires + MARGIN

    def tally(self, kpi: Conversion, rows: SubjectRows, window: Window) -> Tally:
        """How the matured ones ended, and who is pending."""
        end = window.end_bucket
        matured = window.before(maturity(kpi.expires, window))
        tally: Tally = Counter(tally_chance(rows, matured, end))
        tally["pending"] = pending(rows, kpi.expires, end)
        tally["late"] = late(rows, window, kpi.expires)
        return tally

    def read(self, kpi: Conversion, cell: Cell) -> Number:
        """Done / (done + failed + expired)."""
        n, done = _samples(cell), cell.count("done")
        return Number(
            done / n if n else None,
            n,
            interval=wilson(done, n),
            pending=cell.count("pending"),
            late=cell.count("late"),
        )

    def judge(self, kpi: Conversion, cell: Cell) -> Judgement:
        """By the exact binomial tail."""
        return judge_share(kpi, cell.count("done"), _samples(cell))
