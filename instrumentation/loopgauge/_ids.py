"""Identifiers that sort by time, and a counter that no thread and no signal can upset."""

import os
import sys
from operator import length_hint

_MILLISECOND = 1_000_000


def uuid7(nanoseconds: int) -> str:
    """A UUIDv7 for a moment, as text in lower case.

    The first 48 bits are the moment in milliseconds; the next 12 are the fraction of
    the millisecond (RFC 9562, section 6.2, method 3), so that ids of one process keep
    the order of its events.

    Args:
        nanoseconds: since the epoch, at least 0.
    """
    milliseconds, rest = divmod(nanoseconds, _MILLISECOND)
    fraction = (rest << 12) // _MILLISECOND
    # os.urandom and not `random`: a host that seeds `random` would repeat its ids.
    chance = int.from_bytes(os.urandom(8), "big") >> 2
    number = (
        (milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | chance
    )
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Counter:
    """Counts 1, 2, 3, … without a lock.

    `+= 1` loses counts between threads, and a lock could be held by the very code that
    a signal handler interrupts. Stepping an iterator is one step of the interpreter,
    and unlike `itertools.count` a range says how far it has come.
    """

    __slots__ = ("_left", "next")

    def __init__(self) -> None:
        self._left = iter(range(1, sys.maxsize))
        self.next = self._left.__next__

    @property
    def value(self) -> int:
        """The number that `next` gave last; 0 before the first."""
        return sys.maxsize - 1 - length_hint(self._left)
