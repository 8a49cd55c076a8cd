"""What is stored, as kinds read it: for the present, and for any past moment."""

from collections.abc import Callable
from typing import Protocol

from loopgauge_collector.kinds.cell import (
    Cell,
    LatestRow,
    LevelRows,
    MinuteRows,
    Numbered,
    SubjectRows,
    Tally,
)
from loopgauge_collector.windows import Window


class Cells(Protocol):
    """Where evaluation gets everything from."""

    def sums(self, series: int, window: Window) -> Cell:
        """A cell with the sums of a series."""
        ...

    def latest(self, rule: int, before: int) -> tuple[LatestRow, ...]:
        """The newest event of each label set of a rule before a moment in microseconds."""
        ...

    def base(self, rule: int, first: int, window: Window) -> tuple[LatestRow, ...]:
        """What each label set had when a window began, see `newest.bases`."""
        ...

    def tally(
        self,
        series: int,
        window: Window,
        reach: int | None,
        count: Callable[[SubjectRows], Tally],
    ) -> Tally:
        """What a kind counts among those who began in the window, or `reach` before it."""
        ...

    def minutes(self, series: int, window: Window) -> MinuteRows:
        """The minutes of a window and of the day before it."""
        ...

    def numbered(self, asked: Numbered) -> tuple[int, int]:
        """Numbers that producers gave, and those among them that arrived."""
        ...

    def levels(self, series: int, since: int, until: int) -> LevelRows:
        """The level at a moment and its changes up to another one, in microseconds."""
        ...


#: How much before a window its minutes are read, in minutes.
MINUTES_BEFORE = 24 * 60
