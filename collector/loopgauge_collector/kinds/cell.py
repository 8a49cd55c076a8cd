"""What a kind reads: everything stored about one KPI (or one label value) over one window."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
NO_INTS: Ints = np.empty(0, dtype=np.int64)

#: Where a kind's cells come from: sums by minute, newest events, subjects, levels,
#: the numbers of producers, or nothing.
Source = Literal["sums", "latest", "subjects", "levels", "sequences", "none"]

#: Counts by name; those of two halves of the rows add up to those of the whole.
Tally = Counter[Hashable]


@dataclass(frozen=True, slots=True)
class LatestRow:
    """The newest event of one label set.

    Attributes:
        key: attribute -> value as text.
        time: microseconds.
        micro: its value; None when the label set was retired.
    """

    key: tuple[str, ...]
    time: int
    micro: int | None


@dataclass(frozen=True, slots=True)
class SubjectRows:
    """Subjects of one series as columns, by the minute they began in; see `storage/schema.py`.

    Attributes:
        began, closed: minutes since the epoch; `closed` is `OPEN` while a subject is.
        outcome: what became of them, see the reductions.
        sk: log index of the duration.
        within: a bit for each threshold that it was within.
        n: how many; negative where they are taken back.
        s: sum of their durations in microseconds.
    """

    began: Ints = field(default_factory=lambda: NO_INTS)
    closed: Ints = field(default_factory=lambda: NO_INTS)
    outcome: Ints = field(default_factory=lambda: NO_INTS)
    sk: Ints = field(default_factory=lambda: NO_INTS)
    within: Ints = field(default_factory=lambda: NO_INTS)
    n: Ints = field(default_factory=lambda: NO_INTS)
    s: Ints = field(default_factory=lambda: NO_INTS)

    def __len__(self) -> int:
        return len(self.n)

    def begun(self, start: int, end: int) -> "SubjectRows":
        """Those that began in these minutes; the end is not among them."""
        low, high = np.searchsorted(self.began, (start, end))
        cut = slice(int(low), int(high))
        return SubjectRows(
            self.began[cut], self.closed[cut], self.outcome[cut], self.sk[cut],
            self.within[cut], self.n[cut], self.s[cut],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LevelRows:
    """How many are in from each second on, ascending; it begins where the reader asked.

    Attributes:
        second: since the epoch.
        level: their weight from then on. Python's own integers where 64 bits might not do.
        n: how many they are.
    """

    second: Ints = field(default_factory=lambda: NO_INTS)
    level: npt.NDArray[Any] = field(default_factory=lambda: NO_INTS)
    n: Ints = field(default_factory=lambda: NO_INTS)


@dataclass(frozen=True, slots=True)
class MinuteRows:
    """Minutes with events; a minute may stand in it more than once.

    Attributes:
        bucket: minutes since the epoch.
        n, good: eligible events, and those that match.
    """

    bucket: Ints = field(default_factory=lambda: NO_INTS)
    n: Ints = field(default_factory=lambda: NO_INTS)
    good: Ints = field(default_factory=lambda: NO_INTS)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Which numbers of producers are looked for.

    Attributes:
        product, environment: whose; events without an environment are among them.
        services: patterns with * and ?; empty for all.
        low, high: minutes between which the numbers were given, the second one exclusive.
        end: minute before which they must have happened.
    """

    product: str
    environment: str
    services: tuple[str, ...]
    low: int
    high: int
    end: int


_NO_CELLS: Mapping[str, "Cell"] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cell:
    """One series over one window.

    Attributes:
        start, end: the window's bounds in microseconds; 0 is the start of kinds without one.
        at: the moment that is asked about, in microseconds; `end` is it rounded up.
        until: where the calendar period ends that the window is the beginning of; 0 without.
        n: eligible events.
        good: those that match, or are within the target.
        s, s2: sum of the values in micro-units, and of their squares; of weights `s2` is the
            sum of those that are good.
        ineligible: events that lacked an attribute.
        first: time of the first eligible event ever, in microseconds; None without.
        index, counts: the log sketch, ascending.
        latest: newest row of each label set before the end.
        base: for kinds that ask for it, the newest row of each label set before the start, or
            where there is none, the first one in the window.
        tally: counts of subjects, as the kind made them.
        levels: the level at the window's start (or at `at`) and its changes from there on.
        minutes: for kinds that ask for it, minutes of the window and a day before it.
        attainments: for scores, what each member attains; those without data are missing.
        parts: cells of the further amounts that the kind is made of.
        more: cells of the same series over further windows.
        values: cells by label and label value, for kinds that break down.
    """

    start: int
    end: int
    at: int = 0
    until: int = 0
    n: int = 0
    good: int = 0
    s: int = 0
    s2: int = 0
    ineligible: int = 0
    first: int | None = None
    index: Ints = field(default_factory=lambda: NO_INTS)
    counts: Ints = field(default_factory=lambda: NO_INTS)
    latest: tuple[LatestRow, ...] = ()
    base: tuple[LatestRow, ...] = ()
    tally: Tally = field(default_factory=Counter)
    levels: LevelRows = field(default_factory=LevelRows)
    minutes: MinuteRows = field(default_factory=MinuteRows)
    attainments: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    parts: Mapping[str, "Cell"] = field(default_factory=lambda: _NO_CELLS)
    more: Mapping[str, "Cell"] = field(default_factory=lambda: _NO_CELLS)
    values: Mapping[str, Mapping[str, "Cell"]] = field(default_factory=lambda: MappingProxyType({}))

    def count(self, name: Hashable) -> int:
        """One of the counts of `tally`."""
        return self.tally[name]
