"""What is stored, as kinds read it: for the present, and for any past moment."""

from collections.abc import Callable
from typing import Protocol

from loopgauge_collector.kinds.cell import Cell, LatestRow, LevelRows, SubjectRows, Tally
from loopgauge_collector.windows import Window


class Cells(Protocol):
    """Where evaluation gets everything from."""

    def sums(self, series: int, window: Window) -> Cell:
        """A cell with the sums of a series."""
        ...

    def latest(self, rule: int, before: int) -> tuple[LatestRow, ...]:
        """The newest event of each label set of a rule before a moment in microseconds."""
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

    def levels(self, series: int, end: int) -> LevelRows:
        """Changes of the level before a moment in microseconds."""
        ...
