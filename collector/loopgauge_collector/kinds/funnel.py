"""funnel: of the subjects who had their full chance, how many reached each step."""

from collections import Counter
from itertools import pairwise
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Funnel

from loopgauge_collector.kinds.base import Judgement, Kind, Number, step_rules
from loopgauge_collector.kinds.cell import Cell, Source, SubjectRows, Tally
from loopgauge_collector.kinds.pairs import MARGIN, maturity
from loopgauge_collector.kinds.rules import FunnelRule, Rule
from loopgauge_collector.kinds.shares import judge_share
from loopgauge_collector.statistics import ascending, nearest_rank, sketch_value, wilson
from loopgauge_collector.windows import MINUTE, Grain, Window


def _reached(kpi: Funnel, cell: Cell) -> list[int]:
    return [cell.count(step) for step in range(len(kpi.steps))]


def _gaps(cell: Cell, step: int) -> dict[int, int]:
    """How many took how long from the step before, by log index."""
    return {
        key[2]: count
        for key, count in cell.tally.items()
        if isinstance(key, tuple) and key[:2] == ("gap", step) and count
    }


class FunnelKind(Kind):
    """Steps count in their order: a view of the empty page, before there is data, does not."""

    source: ClassVar[Source] = "subjects"
    #: Who is pending depends on the minute that a subject began in, at every E (R12).
    grain: ClassVar[Grain] = "minute"

    def reduce(self, kpi: Funnel, catalog: Catalog) -> tuple[Rule, ...]:
        """Follow each subject from step to step."""
        return step_rules(FunnelRule, kpi, catalog, kpi.steps, limit=kpi.expires)

    def reach(self, kpi: Funnel) -> int | None:
        """Those who had their full chance began up to the limit before the window."""
        return kpi.expires + MARGIN

    def tally(self, kpi: Funnel, rows: SubjectRows, window: Window) -> Tally:
        """How many reached each step, by step; how long it took them; who still may."""
        tally: Tally = Counter()
        end, last = window.end_bucket, len(kpi.steps) - 1
        matured = window.before(maturity(kpi.expires, window))
        ripe = rows.begun(matured.start_bucket, matured.end_bucket)
        for step in range(last + 1):
            there = (ripe.outcome == step) & (ripe.closed < end)
            tally[step] = int(ripe.n[there].sum())
            if step:
                gaps = zip(ripe.sk[there].tolist(), ripe.n[there].tolist(), strict=True)
                for index, n in gaps:
                    tally["gap", step, index] += n
        young = rows.begun(end - -(-kpi.expires // MINUTE), end)
        arrived = (young.outcome == last) & (young.closed < end)
        tally["pending"] = int(young.n[young.outcome == 0].sum() - young.n[arrived].sum())
        return tally

    def read(self, kpi: Funnel, cell: Cell) -> Number:
        """The share that reached the last step; beside it each step, and where most are lost."""
        reached = _reached(kpi, cell)
        pending = cell.count("pending")
        n = reached[0]
        if not n:
            return Number(None, 0, pending=pending)
        names = kpi.step_names
        lost = [before - after for before, after in pairwise(reached)]
        gaps = [nearest_rank(*ascending(_gaps(cell, step)), 0.5) for step in range(1, len(reached))]
        return Number(
            reached[-1] / n,
            n,
            interval=wilson(reached[-1], n),
            pending=pending,
            steps={name: count / n for name, count in zip(names, reached, strict=True)},
            gaps={
                name: sketch_value(index)
                for name, index in zip(names[1:], gaps, strict=True)
                if index is not None
            },
            worst_step=names[lost.index(max(lost)) + 1] if any(lost) else None,
        )

    def judge(self, kpi: Funnel, cell: Cell) -> Judgement:
        """By the exact binomial tail."""
        reached = _reached(kpi, cell)
        return judge_share(kpi, reached[-1], reached[0])
