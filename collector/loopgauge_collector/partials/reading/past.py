"""One KPI at any moments: each of its series is read once, when it is asked for."""

from collections.abc import Callable, Mapping

import duckdb

from loopgauge_collector.kinds.cell import (
    Cell,
    LatestRow,
    LevelRows,
    MinuteRows,
    Numbered,
    SubjectRows,
    Tally,
)
from loopgauge_collector.partials.reading import MINUTES_BEFORE
from loopgauge_collector.partials.reading.minutes import read_minutes
from loopgauge_collector.partials.reading.newest import Newest, based, bases, newest
from loopgauge_collector.partials.reading.sequences import arrived, counted, reached
from loopgauge_collector.partials.reading.subjects import (
    Changes,
    between,
    read_changes,
    read_subjects,
    running,
)
from loopgauge_collector.partials.reading.sums import SumColumn, summed_cell, window_part
from loopgauge_collector.storage.schema import LATEST, LEVELS, PARTIALS, SUBJECTS
from loopgauge_collector.windows import MINUTE, Window

_SECOND = 1_000_000


class PastCells:
    """Series and rules over any windows within some bounds.

    Args:
        cursor: inside a read transaction, used as long as the cells are.
        start, end: what all windows lie within, in microseconds.
        firsts: first eligible event ever, by series.
        first_end: the earliest end of a window; the end without.
        levels: the first and the last moment that levels are asked for; the bounds without.
        many: whether so many windows are asked for that reading all rows once is cheaper.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        start: int,
        end: int,
        firsts: Mapping[int, int],
        first_end: int | None = None,
        levels: tuple[int, int] | None = None,
        *,
        many: bool = True,
    ) -> None:
        self._cursor = cursor
        self._first_end = end if first_end is None else first_end
        self._asked_levels = levels or (start, end)
        self._start = start
        self._end = end
        self._firsts = firsts
        self._many = many
        self._columns: dict[int, SumColumn] = {}
        self._latest: dict[int, Newest] = {}
        self._subjects: dict[tuple[int, int | None], SubjectRows] = {}
        self._levels: dict[int, LevelRows] = {}

    def sums(self, series: int, window: Window) -> Cell:
        """The sums of a series."""
        first = self._firsts.get(series)
        if first is not None and first >= window.end:
            first = None
        # A window that nobody could announce is read by itself.
        if not (self._many and self._start <= window.start and window.end <= self._end):
            return summed_cell(
                window, *window_part(self._cursor, PARTIALS.both, series, window), first
            )
        if series not in self._columns:
            self._columns[series] = SumColumn(self._cursor, series, self._start, self._end)
        return self._columns[series].cell(window, first)

    def latest(self, rule: int, before: int) -> tuple[LatestRow, ...]:
        """The newest event of each label set before a moment."""
        if rule not in self._latest:
            rows = newest(self._cursor, "", self._end // MINUTE, rule=rule)
            self._latest[rule] = rows.get(rule, Newest())
        return self._latest[rule].present(before=before)

    def base(self, rule: int, first: int, window: Window) -> tuple[LatestRow, ...]:
        """What each label set had when a window began."""
        bounds = (window.start_bucket, window.end_bucket)
        return based([bases(self._cursor, LATEST.both, rule, first, *bounds)])

    def tally(
        self,
        series: int,
        window: Window,
        reach: int | None,
        count: Callable[[SubjectRows], Tally],
    ) -> Tally:
        """What a kind counts."""
        if (series, reach) not in self._subjects:
            oldest = 0 if reach is None else max(0, self._start - reach)
            read = read_subjects(
                self._cursor,
                SUBJECTS.both,
                oldest // MINUTE,
                self._end // MINUTE,
                [series],
                first_end=self._first_end // MINUTE,
            )
            self._subjects[series, reach] = read.get(series, SubjectRows())
        rows = self._subjects[series, reach]
        start = 0 if reach is None else (window.start - reach) // MINUTE
        return count(rows.begun(start, window.end_bucket))

    def minutes(self, series: int, window: Window) -> MinuteRows:
        """The minutes of a window and of the day before it."""
        read = read_minutes(
            self._cursor,
            PARTIALS.both,
            [series],
            window.start_bucket - MINUTES_BEFORE,
            window.end_bucket,
        )
        return read.get(series, MinuteRows())

    def numbered(self, asked: Numbered) -> tuple[int, int]:
        """Numbers that producers gave, and those among them that arrived."""
        told = reached(self._cursor, asked, recent=True)
        return counted([told], [arrived(self._cursor, asked, recent=True)])

    def levels(self, series: int, since: int, until: int) -> LevelRows:
        """The level at a moment and its changes up to another one."""
        if series not in self._levels:
            first, last = self._asked_levels
            read = read_changes(
                self._cursor,
                LEVELS.both,
                first // _SECOND,
                last // _SECOND,
                [series],
            )
            self._levels[series] = running([read.get(series, Changes())])
        return between(self._levels[series], since // _SECOND, until // _SECOND)
