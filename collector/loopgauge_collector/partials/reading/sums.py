"""Sums of one series by minute, over windows: all that end at one moment, or any at all.

For the present, history is summed once a minute (bounds move with the minute), and each
second only the recent rows are read. For the past the rows of a series are read once,
ordered by time, and every window is a slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import duckdb
import numpy as np

from loopgauge_collector.kinds.cell import Cell, Ints
from loopgauge_collector.storage.schema import PARTIALS
from loopgauge_collector.windows import MINUTE, Window

_SUMS = "sum(n)::bigint, sum(good)::bigint, sum(s), sum(s2), sum(ineligible)::bigint"
Sums = tuple[int, int, int, int, int]
ZERO: Sums = (0, 0, 0, 0, 0)


def add(one: Sums, other: Sums) -> Sums:
    """Both together."""
    return (
        one[0] + other[0],
        one[1] + other[1],
        one[2] + other[2],
        one[3] + other[3],
        one[4] + other[4],
    )


@dataclass(slots=True)
class SumLayer:
    """One table summed by (series, slot); a slot lies between two window starts."""

    sums: dict[int, dict[int, Sums]] = field(default_factory=dict)
    sketch: dict[int, tuple[Ints, Ints, Ints]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        cursor: duckdb.DuckDBPyConnection,
        suffix: str,
        starts: Sequence[int],
        end: int,
        sketched: Sequence[int],
    ) -> "SumLayer":
        """Sum a table once; `starts` are window starts as minutes, newest first."""
        layer = cls()
        if not starts:
            return layer
        slots = " ".join(f"when bucket >= {start} then {slot}" for slot, start in enumerate(starts))
        source = f"from partials{suffix} where bucket >= {starts[-1]} and bucket < {end} "
        for series, slot, *sums in cursor.execute(
            f"select series, case {slots} end as slot, {_SUMS} {source} group by all"
        ).fetchall():
            n, good, s, s2, ineligible = sums
            layer.sums.setdefault(series, {})[slot] = (n, good, s, s2, ineligible)
        if sketched:
            columns = cursor.execute(
                f"""select series, (case {slots} end)::bigint as slot, sk::bigint as sk,
                  sum(n)::bigint as n {source} and series in ({", ".join(map(str, sketched))})
                group by all order by series, sk"""
            ).fetchnumpy()
            for series, part in split(np.asarray(columns["series"], dtype=np.int64)):
                layer.sketch[series] = (
                    np.asarray(columns["slot"])[part],
                    np.asarray(columns["sk"])[part],
                    np.asarray(columns["n"])[part],
                )
        return layer

    def within(self, series: int, slot: int) -> Sums:
        """The sums of a series from the start that this slot begins at."""
        sums = ZERO
        for at, part in self.sums.get(series, {}).items():
            if at <= slot:
                sums = add(sums, part)
        return sums


#: Sums, and the sketch as ascending indexes with their counts.
Part = tuple[Sums, Ints, Ints]


def window_part(cursor: duckdb.DuckDBPyConnection, table: str, series: int, window: Window) -> Part:
    """The sums of one series over one window; cheaper than its rows for a few windows.

    Args:
        cursor: inside a read transaction.
        table: `partials`, its recent twin, or a query over both.
        series: whose.
        window: which.
    """
    rows = cursor.execute(
        f"""select sk, {_SUMS} from {table} where series = ? and bucket >= ? and bucket < ?
        group by sk""",
        [series, window.start_bucket, window.end_bucket],
    ).fetchall()
    sums = ZERO
    for _, n, good, s, s2, ineligible in rows:
        sums = add(sums, (n, good, s, s2, ineligible))
    index = np.array([row[0] for row in rows], dtype=np.int64)
    counts = np.array([row[1] for row in rows], dtype=np.int64)
    return sums, *histogram([index], [counts])


class SumColumn:
    """The rows of one series in order of time, with running sums, for many windows.

    Args:
        cursor: inside a read transaction.
        series: whose.
        start, end: microseconds.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        series: int,
        start: int,
        end: int,
    ) -> None:
        rows = cursor.execute(
            f"""select bucket, sk, {_SUMS} from {PARTIALS.both}
            where series = ? and bucket >= ? and bucket < ? group by bucket, sk order by bucket""",
            [series, start // MINUTE, end // MINUTE],
        ).fetchall()
        self._bucket = np.array([row[0] for row in rows], dtype=np.int64)
        self._sk = np.array([row[1] for row in rows], dtype=np.int64)
        self._n = np.array([row[2] for row in rows], dtype=np.int64)
        self._running = list(accumulate((row[2:] for row in rows), add, initial=ZERO))

    def part(self, window: Window) -> Part:
        """The sums over a window within the bounds that were read."""
        low = int(np.searchsorted(self._bucket, window.start_bucket))
        high = int(np.searchsorted(self._bucket, window.end_bucket))
        ended, began = self._running[high], self._running[low]
        sums: Sums = (
            ended[0] - began[0],
            ended[1] - began[1],
            ended[2] - began[2],
            ended[3] - began[3],
            ended[4] - began[4],
        )
        return sums, *histogram([self._sk[low:high]], [self._n[low:high]])

    def cell(self, window: Window, first: int | None) -> Cell:
        """The same as a cell."""
        return summed_cell(window, *self.part(window), first)


def split(column: Ints) -> list[tuple[int, Ints]]:
    """Positions of each run of equal numbers, with the number."""
    if not len(column):
        return []
    parts = np.split(np.arange(len(column)), np.flatnonzero(np.diff(column)) + 1)
    return [(int(column[part[0]]), part) for part in parts]


def histogram(index: Sequence[Ints], counts: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Counts by ascending index; an index that was taken back to 0 is left out."""
    if not index or not any(len(part) for part in index):
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    values, where = np.unique(np.concatenate(index), return_inverse=True)
    # Counts stay far below 2^53, so the float weights of bincount are exact.
    totals = np.bincount(where, weights=np.concatenate(counts)).astype(np.int64)
    kept = totals != 0
    return values[kept], totals[kept]


def summed_cell(window: Window, sums: Sums, index: Ints, counts: Ints, first: int | None) -> Cell:
    """A cell with its additive part."""
    n, good, s, s2, ineligible = sums
    return Cell(
        window.start,
        window.end,
        until=window.until,
        n=n,
        good=good,
        s=int(s),
        s2=int(s2),
        ineligible=ineligible,
        first=first,
        index=index,
        counts=counts,
    )
