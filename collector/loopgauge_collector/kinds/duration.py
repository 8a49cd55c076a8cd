"""duration: how long subjects take. Judged by the share within the target, shown by quantiles.

The share looks at subjects who had their full chance, so it is exact. The quantiles are
Kaplan-Meier's: who has not ended yet is still at risk, or medians would be 5 to 30 % too low.
"""

import math
from collections import Counter
from typing import ClassVar

import numpy as np
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import DurationKpi
from loopgauge_catalog.names import stat_name
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number
from loopgauge_collector.kinds.cell import Cell, Source, SubjectRows, Tally
from loopgauge_collector.kinds.pairs import (
    DONE,
    EXCLUDED,
    LATE,
    MARGIN,
    STILL_OPEN,
    late,
    maturity,
    not_expired,
    outcome_at,
    pair_rules,
    pending,
)
from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.shares import judge_within
from loopgauge_collector.statistics import (
    SKETCH_STEP,
    ascending,
    kaplan_meier,
    nearest_rank,
    sketch_value,
    wilson,
)
from loopgauge_collector.windows import MINUTE, Window


class DurationKind(Kind):
    """`anchor: start` looks at those who began in the window, `anchor: end` at those who ended."""

    source: ClassVar[Source] = "subjects"

    def reduce(self, kpi: DurationKpi, catalog: Catalog) -> tuple[Rule, ...]:
        """Follow each subject, and count per subject which thresholds it is within."""
        return pair_rules(kpi, catalog, thresholds=kpi.thresholds)

    def reach(self, kpi: DurationKpi) -> int | None:
        """Those who had their full chance began before the window; those who ended, any time."""
        if kpi.anchor == "end" or kpi.expires is None:
            return None
        return max([kpi.expires, *(micro for _, micro in kpi.thresholds)]) + MARGIN

    def tally(self, kpi: DurationKpi, rows: SubjectRows, window: Window) -> Tally:
        """Counts of those who matured, and the durations of those in the window."""
        tally: Tally = Counter()
        end = window.end_bucket
        tally["pending"] = pending(rows, kpi.expires, end)
        if kpi.anchor == "end":
            _tally_ended(tally, rows, window, kpi.expires)
            return tally
        tally["late"] = late(rows, window, kpi.expires)
        for at, (_, micro) in enumerate(kpi.thresholds):
            matured = window.before(maturity(micro, window))
            ripe = rows.begun(matured.start_bucket, matured.end_bucket)
            outcome = outcome_at(ripe, end)
            within = (outcome == DONE) & (ripe.within >> at & 1 == 1)
            tally["n", at] = int(ripe.n[outcome != EXCLUDED].sum())
            tally["within", at] = int(ripe.n[within].sum())
        _tally_risk(tally, rows.begun(window.start_bucket, end), end, kpi.expires)
        return tally

    def read(self, kpi: DurationKpi, cell: Cell) -> Number:
        """The shown quantile (or mean), the share within the target and its interval."""
        if kpi.anchor == "end":
            return _read_ended(kpi, cell)
        done, at_risk = _histogram(cell, "took"), _histogram(cell, "waits")
        stats: dict[str, float] = {}
        for quantile in kpi.stats:
            index = kaplan_meier(done, at_risk, quantile)
            if index is not None:
                stats[stat_name(quantile)] = sketch_value(index)
            elif cell.count("expired"):
                stats[stat_name(quantile)] = math.inf
        assert kpi.shown != "mean"
        value = stats.get(stat_name(kpi.shown))
        if kpi.target is None:
            n = sum(done.values()) + sum(at_risk.values())
            return Number(
                value, n, stats=stats, pending=cell.count("pending"), late=cell.count("late")
            )
        n, within = cell.count(("n", 0)), cell.count(("within", 0))
        return Number(
            value if n else None,
            n,
            stats=stats if n else {},
            share=within / n if n else None,
            interval=wilson(within, n),
            pending=cell.count("pending"),
            late=cell.count("late"),
            defined=n > 0,
        )

    def judge(self, kpi: DurationKpi, cell: Cell) -> Judgement:
        """share(within) ≥ p over the matured ones, in whole numbers."""
        assert kpi.target is not None
        wanted = MICRO if kpi.target.share is None else kpi.target.share.micro
        return judge_within(kpi, wanted, cell.count(("within", 0)), cell.count(("n", 0)))


def _tally_ended(tally: Tally, rows: SubjectRows, window: Window, limit: int | None) -> None:
    ended = (rows.closed >= window.start_bucket) & (rows.closed < window.end_bucket)
    tally["late"] = int(rows.n[ended & (rows.outcome == LATE)].sum())
    ended &= rows.outcome == DONE
    tally["ended"] = int(rows.n[ended].sum())
    tally["took"] = int(rows.s[ended].sum())
    for index, n in zip(rows.sk[ended].tolist(), rows.n[ended].tolist(), strict=True):
        tally["took", index] += n
    rows = not_expired(rows, limit, window.end_bucket)
    still = outcome_at(rows, window.end_bucket) == STILL_OPEN
    for minute, n in zip(rows.began[still].tolist(), rows.n[still].tolist(), strict=True):
        tally["open", minute] += n


def _tally_risk(tally: Tally, rows: SubjectRows, end: int, limit: int | None) -> None:
    outcome = outcome_at(rows, end)
    done = outcome == DONE
    for index, n in zip(rows.sk[done].tolist(), rows.n[done].tolist(), strict=True):
        tally["took", index] += n
    waiting = ~done & (outcome != EXCLUDED)
    age = (end - rows.began[waiting]) * (MINUTE / 1e6)
    if limit is not None:
        longest = limit / 1e6
        expired = (outcome[waiting] == STILL_OPEN) & (age > longest)
        tally["expired"] += int(rows.n[waiting][expired].sum())
        age = np.minimum(age, longest)
    indexes = np.floor(np.log(age) / SKETCH_STEP).astype(np.int64)
    for index, n in zip(indexes.tolist(), rows.n[waiting].tolist(), strict=True):
        tally["waits", index] += n


def _histogram(cell: Cell, name: str) -> dict[int, int]:
    return {
        key[1]: n
        for key, n in cell.tally.items()
        if isinstance(key, tuple) and key[0] == name and n
    }


def _read_ended(kpi: DurationKpi, cell: Cell) -> Number:
    n = cell.count("ended")
    took = ascending(_histogram(cell, "took"))
    stats = {
        stat_name(quantile): sketch_value(index)
        for quantile in kpi.stats
        if (index := nearest_rank(*took, quantile)) is not None
    }
    if n:
        stats["mean"] = cell.count("took") / n / 1e6
    still = _histogram(cell, "open")
    if still:
        stats["oldest_open"] = max(0.0, (cell.at - min(still) * MINUTE) / 1e6)
    value = stats.get("mean" if kpi.shown == "mean" else stat_name(kpi.shown))
    return Number(value, n, stats=stats, pending=cell.count("pending"), late=cell.count("late"))
