"""Every KPI at the present E. What is large is read once a minute, what is recent each time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
from loopgauge_collector.partials.reading.newest import Newest, bases, newest
from loopgauge_collector.partials.reading.past import PastCells
from loopgauge_collector.partials.reading.sequences import (
    Reached,
    Runs,
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
    Part,
    SumColumn,
    SumLayer,
    add,
    histogram,
    summed_cell,
)
from loopgauge_collector.windows import MINUTE, Window

_SECOND = 1_000_000


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


class PresentCells:
    """All series at one E."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        layers: tuple[_Layer, _Layer],
        starts: Sequence[int],
        end: int,
        firsts: Mapping[int, int],
        tallies: dict[tuple[object, ...], Tally],
        elsewhere: dict[tuple[int, Window], Part],
        settled: dict[int, LevelRows],
        numbers: tuple[dict[Numbered, Reached], dict[str, Runs]],
    ) -> None:
        self._cursor = cursor
        self._layers = layers
        self._slot = {start: slot for slot, start in enumerate(starts)}
        self._end = end
        self._firsts = firsts
        self._tallies = tallies
        self._elsewhere = elsewhere
        self._settled = settled
        self._levels: dict[int, LevelRows] = {}
        self._told, self._came = numbers
        self._came_lately: dict[str, Runs] = {}
        self._lately: dict[tuple[int, Window], Part] = {}

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
        key = (series, window)
        if key not in self._elsewhere:
            self._elsewhere[key] = self._part(series, window, "partials")
        sums, *large = self._elsewhere[key]
        if key not in self._lately:
            self._lately[key] = self._part(series, window, "partials_recent")
        added, *recent = self._lately[key]
        index, counts = histogram([large[0], recent[0]], [large[1], recent[1]])
        first = self._firsts.get(series)
        if first is not None and first >= window.end:
            first = None
        return summed_cell(window, add(sums, added), index, counts, first)

    def _part(self, series: int, window: Window, table: str) -> Part:
        return SumColumn(self._cursor, series, window.start, window.end, table).part(window)

    def latest(self, rule: int, before: int) -> tuple[LatestRow, ...]:
        """The newest event of each label set."""
        if before // MINUTE != self._end:
            return PastCells(self._cursor, 0, before, self._firsts).latest(rule, before)
        merged = Newest()
        for layer in self._layers:
            merged.update(layer.latest.get(rule, Newest()))
        return merged.present()

    def base(self, rule: int, first: int, window: Window) -> tuple[LatestRow, ...]:
        """What each label set had when a window began."""
        return bases(self._cursor, rule, first, window.start_bucket, window.end_bucket)

    def tally(
        self,
        series: int,
        window: Window,
        reach: int | None,
        count: Callable[[SubjectRows], Tally],
    ) -> Tally:
        """What a kind counts; of the large table it is kept until that changes."""
        key = (series, window, reach)
        if key not in self._tallies:
            self._tallies[key] = count(self._begun(0, series, window, reach))
        total: Tally = Counter(self._tallies[key])
        total.update(count(self._begun(1, series, window, reach)))
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
        if window.end_bucket != self._end:
            past = PastCells(self._cursor, window.start, window.end, self._firsts)
            return past.minutes(series, window)
        rows = together([layer.minutes.get(series, MinuteRows()) for layer in self._layers])
        kept = rows.bucket >= window.start_bucket - MINUTES_BEFORE
        return MinuteRows(rows.bucket[kept], rows.n[kept], rows.good[kept])

    def numbered(self, asked: Numbered) -> tuple[int, int]:
        """Numbers that producers gave; what the large tables say is kept until they change."""
        if asked not in self._told:
            self._told[asked] = reached(self._cursor, asked, "")
        if asked.product not in self._came:
            self._came[asked.product] = arrived(self._cursor, asked, "")
        if asked.product not in self._came_lately:
            self._came_lately[asked.product] = arrived(self._cursor, asked, "_recent")
        return counted(
            [self._told[asked], reached(self._cursor, asked, "_recent")],
            [self._came[asked.product], self._came_lately[asked.product]],
        )

    def levels(self, series: int, since: int, until: int) -> LevelRows:
        """The level at a moment and its changes up to another one."""
        if series not in self._levels:
            large, recent = (layer.changes.get(series, Changes()) for layer in self._layers)
            if len(recent.second):
                self._levels[series] = running([large, recent])
            else:
                if series not in self._settled:
                    self._settled[series] = running([large])
                self._levels[series] = self._settled[series]
        return between(self._levels[series], since // _SECOND, until // _SECOND)


class PresentReader:
    """Makes `PresentCells`, keeping what was read of the large tables until they change."""

    def __init__(self) -> None:
        self._key: object = None
        self._large = _Layer()
        self._tallies: dict[tuple[object, ...], Tally] = {}
        self._elsewhere: dict[tuple[int, Window], Part] = {}
        self._settled: dict[int, LevelRows] = {}
        self._numbers: tuple[dict[Numbered, Reached], dict[str, Runs]] = ({}, {})

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
            self._large = _read_layer(cursor, "", starts, end, wanted)
            self._tallies, self._elsewhere, self._settled = {}, {}, {}
            self._numbers = ({}, {})
            self._key = key
        recent = _read_layer(cursor, "_recent", starts, end, wanted)
        return PresentCells(
            cursor,
            (self._large, recent),
            starts,
            end,
            firsts,
            self._tallies,
            self._elsewhere,
            self._settled,
            self._numbers,
        )


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
