"""Long work on a table in short transactions, so that a fold never waits for long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loopgauge_collector.windows import HOUR

#: Rows rewritten at once: a fold waits for them.
ROWS = 40_000
#: How much longer than readers need it something stays as it is: a reader may have looked at its
#: clock a while ago, and clocks are set back.
MARGIN = HOUR
#: Intervals of one slice: each is a condition that every row is tried against.
_MOST_INTERVALS = 40


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows that must be worked on together, or can be told apart by their keys.

    Attributes:
        low, high: interval of the ordering column, half-open.
        rows: how many.
    """

    low: int
    high: int
    rows: int


def cut(units: Sequence[Unit], rows: int, column: str, keys: Sequence[str]) -> Iterator[str]:
    """Conditions that each choose about so many rows; together they choose all units.

    Args:
        units: ascending.
        rows: wished for in each.
        column: that `low` and `high` are of.
        keys: columns by which a unit that is too large is split; rows that agree in them stay
            together.
    """
    waiting: list[list[int]] = []
    gathered = 0
    for unit in units:
        if unit.rows > rows:
            parts = -(-unit.rows // rows)
            within = f"{column} >= {unit.low} and {column} < {unit.high}"
            for part in range(parts):
                yield f"{within} and hash({', '.join(keys)}) % {parts} = {part}"
            continue
        if waiting and (gathered + unit.rows > rows or len(waiting) == _MOST_INTERVALS):
            yield _within(waiting, column)
            waiting, gathered = [], 0
        if waiting and waiting[-1][1] == unit.low:
            waiting[-1][1] = unit.high
        else:
            waiting.append([unit.low, unit.high])
        gathered += unit.rows
    if waiting:
        yield _within(waiting, column)


def _within(intervals: Sequence[Sequence[int]], column: str) -> str:
    # The outer bounds let the table skip what lies beyond.
    either = " or ".join(f"{column} >= {low} and {column} < {high}" for low, high in intervals)
    low, high = intervals[0][0], intervals[-1][1]
    return f"({column} >= {low} and {column} < {high} and ({either}))"
