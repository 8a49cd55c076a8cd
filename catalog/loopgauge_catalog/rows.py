"""The rows of a document, so that nobody has to count by hand how many a catalog carries."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from loopgauge_catalog.errors import shown

_ROWS = re.compile(r"([A-Z])([0-9]{1,2})(?:-\1([0-9]{1,2}))?")
_PARTS = re.compile(r"([A-Z][0-9]{1,2})([a-z])-([a-z])")


def expand(text: str) -> tuple[str, ...]:
    """The rows that a range names: ``B3-B5`` is B3, B4, B5; ``A22a-d`` is A22a to A22d.

    Raises:
        ValueError: when it is no row and no range that goes up.
    """
    if match := _PARTS.fullmatch(text):
        row, first, last = match.groups()
        if first < last:
            return tuple(f"{row}{chr(code)}" for code in range(ord(first), ord(last) + 1))
    elif match := _ROWS.fullmatch(text):
        letter, low = match[1], int(match[2])
        high = low if match[3] is None else int(match[3])
        if low < high or match[3] is None:
            return tuple(f"{letter}{number}" for number in range(low, high + 1))
    raise ValueError(f"{shown(text)} names no rows; write A1, A1-A21 or A22a-d")


def _checked(text: str) -> str:
    expand(text)
    return text


#: One entry of a catalog's `rows`, kept as it was written.
RowRange = Annotated[str, AfterValidator(_checked), Field(examples=["A1", "A1-A21", "A22a-d"])]


@dataclass(frozen=True, slots=True)
class RowsCovered:
    """How much of one document's rows has KPIs.

    A row that the document splits (A22a to A22d) is covered when all its parts are.

    Attributes:
        letter: the document, ``A``.
        covered, partly, missing: rows without their part letters, in the document's order.
    """

    letter: str
    covered: tuple[str, ...]
    partly: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def expected(self) -> int:
        """How many rows the document has."""
        return len(self.covered) + len(self.partly) + len(self.missing)

    def __str__(self) -> str:
        text = f"{self.letter}: {len(self.covered)} of {self.expected} rows"
        if self.partly:
            text += f", {len(self.partly)} in part ({', '.join(self.partly)})"
        return text


def row_of(part: str) -> str:
    """The row that a part belongs to: ``A22a`` is of A22."""
    return part.rstrip("abcdefghijklmnopqrstuvwxyz")


def count_rows(expected: Iterable[str], present: Iterable[str]) -> tuple[RowsCovered, ...]:
    """Compare the rows of the documents with those that KPIs name, one result per letter."""
    have = set(present)
    parts: dict[str, list[str]] = {}
    for part in dict.fromkeys(expected):
        parts.setdefault(row_of(part), []).append(part)
    letters: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for row, members in parts.items():
        found = sum(member in have for member in members)
        place = 0 if found == len(members) else 1 if found else 2
        letters.setdefault(row[0], ([], [], []))[place].append(row)
    return tuple(
        RowsCovered(letter, *(tuple(rows) for rows in lists))
        for letter, lists in sorted(letters.items())
    )
