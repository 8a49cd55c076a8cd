"""Sums of stored partials over windows: for the present, and for any past moment.

`PresentCells` serves every KPI at one E: history is summed once a minute (bounds move
with the minute), each second only the recent rows are read. `PastCells` serves one KPI
at many E: its rows are read once, ordered by time, and every window is a slice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

import duckdb
import numpy as np
import numpy.typing as npt

from loopgauge_collector.kinds.base import Cell
from loopgauge_collector.partials.latest_rows import Newest, newest
from loopgauge_collector.windows import MINUTE, Window

_Ints = npt.NDArray[np.int64]
_SUMS = "sum(n)::bigint, sum(good)::bigint, sum(s), sum(s2), sum(ineligible)::bigint"
Sums = tuple[int, int, int, int, int]
ZERO: Sums = (0, 0, 0, 0, 0)


class Cells(Protocol):
    """Where evaluation gets its sums from."""

    def cell(self, series: int, window: Window) -> Cell:
        """The sums of an additive series."""
        ...

    def latest(self, rule: int, window: Window) -> Cell:
        """The newest event of each label set of a `latest` rule."""
        ...


def _add(one: Sums, other: Sums) -> Sums:
    return (
        one[0] + other[0],
        one[1] + other[1],
        one[2] + other[2],
        one[3] + other[3],
        one[4] + other[4],
    )


@dataclass(slots=True)
class _Layer:
    """One table summed by (series, slot); a slot lies between two window starts."""

    sums: dict[int, dict[int, Sums]] = field(default_factory=dict)
    sketch: dict[int, tuple[_Ints, _Ints, _Ints]] = field(default_factory=dict)
    latest: dict[int, Newest] = field(default_factory=dict)


def _read_layer(
    cursor: duckdb.DuckDBPyConnection,
    suffix: str,
    starts: Sequence[int],
    end: int,
    sketched: Sequence[int],
) -> _Layer:
    """Sum a table once; `starts` are window starts as minutes, newest first."""
    slots = " ".join(f"when bucket >= {start} then {slot}" for slot, start in enumerate(starts))
    source = f"from partials{suffix} where bucket >= {starts[-1]} and bucket < {end} "
    layer = _Layer()
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
        series_column = np.asarray(columns["series"], dtype=np.int64)
        cuts = np.flatnonzero(np.diff(series_column)) + 1
        for part in np.split(np.arange(len(series_column)), cuts):
            if len(part):
                layer.sketch[int(series_column[part[0]])] = (
                    np.asarray(columns["slot"])[part],
                    np.asarray(columns["sk"])[part],
                    np.asarray(columns["n"])[part],
                )
    for rule, rows in newest(cursor, f"latest{suffix}", end).items():
        layer.latest[rule] = rows
    return layer


class PresentCells:
    """All series at one E.

    Args:
        starts: the distinct starts of all windows, in microseconds.
        end: E, in microseconds.
        firsts: first eligible event ever, by series.
    """

    def __init__(
        self,
        large: _Layer,
        recent: _Layer,
        starts: Sequence[int],
        firsts: Mapping[int, int],
    ) -> None:
        self._layers = (large, recent)
        self._slot = {start: slot for slot, start in enumerate(starts)}
        self._firsts = firsts

    def cell(self, series: int, window: Window) -> Cell:
        """The sums of an additive series over one of the windows that were asked for."""
        slot = self._slot[window.start_bucket]
        sums = ZERO
        for layer in self._layers:
            for at, part in layer.sums.get(series, {}).items():
                if at <= slot:
                    sums = _add(sums, part)
        index, counts = self._sketch(series, slot)
        return _cell(window, sums, index, counts, self._firsts.get(series))

    def _sketch(self, series: int, slot: int) -> tuple[_Ints, _Ints]:
        parts = [layer.sketch[series] for layer in self._layers if series in layer.sketch]
        return _histogram(
            [part[1][part[0] <= slot] for part in parts],
            [part[2][part[0] <= slot] for part in parts],
        )

    def latest(self, rule: int, window: Window) -> Cell:
        """The newest event of each label set before E."""
        merged = Newest()
        for layer in self._layers:
            merged.update(layer.latest.get(rule, Newest()))
        return Cell(window.start, window.end, latest=merged.present())


class PresentReader:
    """Reads `PresentCells`, keeping the large table's sums until the minute or table changes."""

    def __init__(self) -> None:
        self._key: object = None
        self._large = _Layer()

    def read(
        self,
        cursor: duckdb.DuckDBPyConnection,
        windows: Sequence[Window],
        sketched: Sequence[int],
        firsts: Mapping[int, int],
    ) -> PresentCells:
        """Sum what is stored over the windows, which all end at the same E."""
        end = windows[0].end_bucket
        starts = sorted({window.start_bucket for window in windows}, reverse=True)
        row = cursor.execute("select max(generation) from generations").fetchone()
        key = (row, end, tuple(starts), tuple(sketched))
        if key != self._key:
            self._large = _read_layer(cursor, "", starts, end, sketched)
            self._key = key
        recent = _read_layer(cursor, "_recent", starts, end, sketched)
        return PresentCells(self._large, recent, starts, firsts)


class PastCells:
    """Series and rules of one KPI over any windows.

    Args:
        cursor: inside a read transaction.
        series: additive series.
        rules: `latest` rules.
        start, end: what all windows lie within, in microseconds.
        firsts: first eligible event ever, by series.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        series: Sequence[int],
        rules: Sequence[int],
        start: int,
        end: int,
        firsts: Mapping[int, int],
    ) -> None:
        self._firsts = firsts
        self._columns = {number: _Column(cursor, number, start, end) for number in series}
        self._latest = {rule: newest(cursor, "", end // MINUTE, rule=rule) for rule in rules}

    def cell(self, series: int, window: Window) -> Cell:
        """The sums of an additive series over a window."""
        first = self._firsts.get(series)
        if first is not None and first >= window.end:
            first = None
        return self._columns[series].cell(window, first)

    def latest(self, rule: int, window: Window) -> Cell:
        """The newest event of each label set before the window's end."""
        rows = self._latest[rule].get(rule, Newest())
        return Cell(window.start, window.end, latest=rows.present(before=window.end))


class _Column:
    """The rows of one series in order of time, with running sums."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, series: int, start: int, end: int
    ) -> None:
        rows = cursor.execute(
            """select bucket, sk, sum(n)::bigint, sum(good)::bigint, sum(s), sum(s2),
              sum(ineligible)::bigint
            from (select * from partials union all select * from partials_recent)
            where series = ? and bucket >= ? and bucket < ? group by bucket, sk order by bucket""",
            [series, start // MINUTE, end // MINUTE],
        ).fetchall()
        self._bucket = np.array([row[0] for row in rows], dtype=np.int64)
        self._sk = np.array([row[1] for row in rows], dtype=np.int64)
        self._n = np.array([row[2] for row in rows], dtype=np.int64)
        self._running = list(accumulate((row[2:] for row in rows), _add, initial=ZERO))

    def cell(self, window: Window, first: int | None) -> Cell:
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
        index, counts = _histogram([self._sk[low:high]], [self._n[low:high]])
        return _cell(window, sums, index, counts, first)


def _histogram(index: Sequence[_Ints], counts: Sequence[_Ints]) -> tuple[_Ints, _Ints]:
    """Counts by ascending index; an index that was taken back to 0 is left out."""
    if not index or not any(len(part) for part in index):
        empty = np.empty(0, dtype=np.int64)
        return empty, empty
    values, where = np.unique(np.concatenate(index), return_inverse=True)
    # Counts stay far below 2^53, so the float weights of bincount are exact.
    totals = np.bincount(where, weights=np.concatenate(counts)).astype(np.int64)
    kept = totals != 0
    return values[kept], totals[kept]


def _cell(window: Window, sums: Sums, index: _Ints, counts: _Ints, first: int | None) -> Cell:
    n, good, s, s2, ineligible = sums
    return Cell(
        window.start,
        window.end,
        n=n,
        good=good,
        s=int(s),
        s2=int(s2),
        ineligible=ineligible,
        first=first,
        index=index,
        counts=counts,
    )
