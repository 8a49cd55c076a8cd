"""Every KPI at the present E. What is large is read once a minute, what is recent each time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

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
from loopgauge_collector.partials.reading.minutes import read_minutes, together
from loopgauge_collector.partials.reading.newest import Newest, based, bases, newest
from loopgauge_collector.partials.reading.sequences import (
    Lately,
    arrived,
    counted,
    reached,
)
from loopgauge_collector.partials.reading.subjects import (
    Changes,
    between,
    read_changes,
    read_subjects,
    running,
)
from loopgauge_collector.partials.reading.sums import (
    SumLayer,
    add,
    histogram,
    summed_cell,
    window_part,
)
from loopgauge_collector.windows import MINUTE, Window

_SECOND = 1_000_000
_T = TypeVar("_T")


@dataclass(slots=True)
class _Layer:
    """One half of every layered table."""

    sums: SumLayer = field(default_factory=SumLayer)
    latest: dict[int, Newest] = field(default_factory=dict)
    subjects: dict[int, SubjectRows] = field(default_factory=dict)
    changes: Mapping[int, Changes] = field(default_factory=dict)
    minutes: dict[int, MinuteRows] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be read.

    Attributes:
        windows: all that kinds ask for, at least one; they end at the same E.
        sketched: series whose sketch is needed.
        oldest: the earliest that a subject who counts may have begun, in microseconds.
        by_minute: series whose minutes are needed one by one.
        levels: the first and the last moment that levels are asked for, in microseconds.
    """

    windows: Sequence[Window]
    sketched: Sequence[int]
    oldest: int
    levels: tuple[int, int]
    by_minute: Sequence[int] = ()


@dataclass(slots=True)
class _Kept:
    """What was read of the large tables; it holds until they change or the minute does."""

    layer: _Layer = field(default_factory=_Layer)
    found: dict[object, Any] = field(default_factory=dict)

    def once(self, key: object, read: Callable[[], _T]) -> _T:
        """What was read under a key; it is read the first time."""
        if key not in self.found:
            self.found[key] = read()
        found: _T = self.found[key]
        return found


class PresentCells:
    """All series at one E.

    Args:
        cursor: inside a read transaction.
        kept: of the large tables; what is missing is read and kept.
        recent: of the small ones.
        starts: of the announced windows, as minutes, newest first.
        end: of all of them, as a minute.
        firsts: first eligible event ever, by series.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        kept: _Kept,
        recent: _Layer,
        starts: Sequence[int],
        end: int,
        firsts: Mapping[int, int],
    ) -> None:
        self._cursor = cursor
        self._kept = kept
        self._layers = (kept.layer, recent)
        self._slot = {start: slot for slot, start in enumerate(starts)}
        self._end = end
        self._firsts = firsts
        self._levels: dict[int, LevelRows] = {}
        self._lately: dict[str, Lately] = {}

    def sums(self, series: int, window: Window) -> Cell:
        """The sums of a series; windows that were not announced are read one by one."""
        slot = self._slot.get(window.start_bucket)
        if slot is None or window.end_bucket != self._end:
            return self._other(series, window)
        sums = self._layers[0].sums.within(series, slot)
        sums = add(sums, self._layers[1].sums.within(series, slot))
        sketches = [
            layer.sums.sketch[series] for layer in self._layers if series in layer.sums.sketch
        ]
        index, counts = histogram(
            [part[1][part[0] <= slot] for part in sketches],
            [part[2][part[0] <= slot] for part in sketches],
        )
        return summed_cell(window, sums, index, counts, self._firsts.get(series))

    def _other(self, series: int, window: Window) -> Cell:
        """A window that ended earlier: of the large table it is kept until that changes."""
        sums, *large = self._kept.once(
            ("sums", series, window),
            lambda: window_part(self._cursor, "partials", series, window),
        )
        added, *recent = window_part(self._cursor, "partials_recent", series, window)
        index, counts = histogram([large[0], recent[0]], [large[1], recent[1]])
        first = self._firsts.get(series)
        if first is not None and first >= window.end:
            first = None
        return summed_cell(window, add(sums, added), index, counts, first)

    def latest(self, rule: int, before: int) -> tuple[LatestRow, ...]:
        """The newest event of each label set."""
        end = before // MINUTE
        if end == self._end:
            large, recent = (layer.latest.get(rule, Newest()) for layer in self._layers)
        else:
            large = self._kept.once(
                ("latest", rule, end), lambda: self._newest("latest", rule, end)
            )
            recent = self._newest("latest_recent", rule, end)
        return Newest([*large.rows, *recent.rows]).present()

    def _newest(self, table: str, rule: int, end: int) -> Newest:
        return newest(self._cursor, table, end, rule).get(rule, Newest())

    def base(self, rule: int, first: int, window: Window) -> tuple[LatestRow, ...]:
        """What each label set had when a window began."""
        bounds = (window.start_bucket, window.end_bucket)
        large = self._kept.once(
            ("base", rule, first, window),
            lambda: bases(self._cursor, "latest", rule, first, *bounds),
        )
        layers = [large]
        # Most often nothing of it is recent.
        if rule in self._layers[1].latest or first in self._layers[1].latest:
            layers.append(bases(self._cursor, "latest_recent", rule, first, *bounds))
        return based(layers)

    def tally(
        self,
        series: int,
        window: Window,
        reach: int | None,
        count: Callable[[SubjectRows], Tally],
    ) -> Tally:
        """What a kind counts; of the large table it is kept until that changes."""
        large = self._kept.once(
            ("tally", series, window, reach),
            lambda: count(self._begun(0, series, window, reach)),
        )
        recent = self._begun(1, series, window, reach)
        if not len(recent):
            return large
        total: Tally = Counter(large)
        total.update(count(recent))
        return total

    def _begun(self, layer: int, series: int, window: Window, reach: int | None) -> SubjectRows:
        """Who began in the window or up to `reach` before it; all before its end without."""
        oldest = 0 if reach is None else (window.start - reach) // MINUTE
        end = window.end_bucket
        if end == self._end:
            rows = self._layers[layer].subjects.get(series, SubjectRows())
        else:
            # What was read for the present says nothing of who was active last before.
            table = ("subjects", "subjects_recent")[layer]
            read = read_subjects(self._cursor, table, oldest, end, [series], first_end=end)
            rows = read.get(series, SubjectRows())
        return rows.begun(oldest, end)

    def minutes(self, series: int, window: Window) -> MinuteRows:
        """The minutes of a window and of the day before it."""
        start = window.start_bucket - MINUTES_BEFORE
        end = window.end_bucket
        if end != self._end:
            large = self._kept.once(
                ("minutes", series, window), lambda: self._minutes("partials", series, start, end)
            )
            return together([large, self._minutes("partials_recent", series, start, end)])
        rows = together([layer.minutes.get(series, MinuteRows()) for layer in self._layers])
        kept = rows.bucket >= start
        return MinuteRows(rows.bucket[kept], rows.n[kept], rows.good[kept])

    def _minutes(self, table: str, series: int, start: int, end: int) -> MinuteRows:
        return read_minutes(self._cursor, table, [series], start, end).get(series, MinuteRows())

    def numbered(self, asked: Numbered) -> tuple[int, int]:
        """Numbers that producers gave; what the large tables say is kept until they change."""
        told = self._kept.once(("told", asked), lambda: reached(self._cursor, asked, recent=False))
        came = self._kept.once(("came", asked), lambda: arrived(self._cursor, asked, recent=False))
        if asked.product not in self._lately:
            self._lately[asked.product] = Lately.read(self._cursor, asked.product)
        lately = self._lately[asked.product]
        return counted([told, lately.reached(asked)], [came, lately.arrived(asked)])

    def levels(self, series: int, since: int, until: int) -> LevelRows:
        """The level at a moment and its changes up to another one."""
        if series not in self._levels:
            large, recent = (layer.changes.get(series, Changes()) for layer in self._layers)
            if len(recent.second):
                self._levels[series] = running([large, recent])
            else:
                self._levels[series] = self._kept.once(("levels", series), lambda: running([large]))
        return between(self._levels[series], since // _SECOND, until // _SECOND)


class PresentReader:
    """Makes `PresentCells`, keeping what was read of the large tables until they change."""

    def __init__(self) -> None:
        self._key: object = None
        self._kept = _Kept()

    def read(
        self, cursor: duckdb.DuckDBPyConnection, wanted: Wanted, firsts: Mapping[int, int]
    ) -> PresentCells:
        """Everything at the windows' common end; the cursor is used as long as the cells are."""
        end = wanted.windows[0].end_bucket
        # What has no window begins with the epoch, and has no sums.
        starts = sorted({w.start_bucket for w in wanted.windows if w.start}, reverse=True)
        row = cursor.execute("select max(generation) from generations").fetchone()
        key = (
            row,
            end,
            tuple(starts),
            tuple(wanted.sketched),
            wanted.oldest,
            wanted.levels,
            tuple(wanted.by_minute),
        )
        if key != self._key:
            self._kept = _Kept(_read_layer(cursor, "", starts, end, wanted))
            self._key = key
        recent = _read_layer(cursor, "_recent", starts, end, wanted)
        return PresentCells(cursor, self._kept, recent, starts, end, firsts)


def _read_layer(
    cursor: duckdb.DuckDBPyConnection,
    suffix: str,
    starts: Sequence[int],
    end: int,
    wanted: Wanted,
) -> _Layer:
    since, until = (moment // _SECOND for moment in wanted.levels)
    return _Layer(
        SumLayer.read(cursor, suffix, starts, end, wanted.sketched),
        newest(cursor, f"latest{suffix}", end),
        read_subjects(cursor, f"subjects{suffix}", wanted.oldest // MINUTE, end, first_end=end),
        read_changes(cursor, f"levels{suffix}", since, until),
        read_minutes(
            cursor,
            f"partials{suffix}",
            wanted.by_minute,
            min(starts, default=end) - MINUTES_BEFORE,
            end,
        ),
    )
