"""The id, producer and sequence of many OTLP records at once.

Whoever adds them adds them in one place, so they stand in front or at the end of every
record of a run, and differ in few bytes. What stands elsewhere, or has another form, is
left in its record for `otlp_attributes.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from loopgauge_collector.receivers.otlp_pieces import Field

#: Fewer records are not worth the arrays.
_ENOUGH = 16
#: Bytes of a varint that fit 63 bits.
_VARINT_MAX = 9

Bytes = npt.NDArray[np.uint8]
_T = TypeVar("_T", str, int)


#: A column, and where the value of its pair begins.
Place = tuple[Field, int]


@dataclass(slots=True)
class Lifted:
    """Columns that were taken out of the records; None for what was not.

    Attributes:
        front, back: how many pairs of every record they were.
        last: columns that stood at the end; of two values the last one counts.
    """

    id: list[str] | None = None
    producer: list[str] | None = None
    sequence: list[int] | None = None
    front: int = 0
    back: int = 0
    last: set[Field] = field(default_factory=set)

    def among(self, name: Field, others: list[_T | None], taken: list[_T]) -> list[_T | None]:
        """A column with what was taken out of the records and what was found in them later."""
        if name in self.last or others.count(None) == len(others):
            return list(taken)
        return [mine if other is None else other for other, mine in zip(others, taken, strict=True)]


def lift(records: Sequence[Sequence[bytes]], place_of: Callable[[bytes], Place | None]) -> Lifted:
    """Take out the columns that every record has in one place and in the same usual form.

    Args:
        records: serialized KeyValues of each.
        place_of: which column a pair in the usual form is for, and where its value begins.

    Raises:
        UnicodeDecodeError: a text is not UTF-8.
    """
    lifted = Lifted()
    if len(records) < _ENOUGH:
        return lifted
    shortest = min(map(len, records))
    while lifted.front < shortest and _take(lifted, records, lifted.front, place_of):
        lifted.front += 1
    while lifted.front + lifted.back < shortest:
        column = _take(lifted, records, -1 - lifted.back, place_of)
        if column is None:
            break
        lifted.back += 1
        lifted.last.add(column)
    return lifted


def _take(
    lifted: Lifted,
    records: Sequence[Sequence[bytes]],
    at: int,
    place_of: Callable[[bytes], Place | None],
) -> Field | None:
    """Take the pairs at one place of all records, if they are alike; says which column."""
    place = place_of(records[0][at])
    if place is None or getattr(lifted, place[0]) is not None:
        return None
    column, start = place
    values = _read(column, [record[at] for record in records], start)
    if values is None:
        return None
    setattr(lifted, column, values)
    return column


def _read(name: Field, column: list[bytes], start: int) -> list[str] | list[int] | None:
    """The values of pairs that differ in nothing else; None when they do."""
    first, count = column[0], len(column)
    if name == "producer":
        return [first[start:].decode()] * count if column.count(first) == count else None
    if set(map(len, column)) != {len(first)}:
        return None
    table = np.frombuffer(b"".join(column), np.uint8).reshape(count, len(first))
    if (table[:, :start] != table[0, :start]).any():
        return None
    if name == "sequence":
        return _numbers(table[:, start:])
    text, size = table[:, start:].tobytes().decode(), len(first) - start
    if len(text) != count * size:
        return None
    return [text[at : at + size] for at in range(0, len(text), size)] if size else [""] * count


def _numbers(varints: Bytes) -> list[int] | None:
    """Numbers of as many bytes each; None when one is cut off or goes on."""
    size = varints.shape[1]
    goes_on = varints >= 0x80
    if size > _VARINT_MAX or goes_on[:, -1].any() or not goes_on[:, :-1].all():
        return None
    weights = np.left_shift(1, 7 * np.arange(size, dtype=np.int64))
    return cast("list[int]", ((varints & 0x7F) @ weights).tolist())
