"""Where the rows of a subject stand: sorted arrays in memory, 13 bytes for a key and chunk.

A key stands for a rule and a subject (or one label value of it). Chunks are numbered as they
were written, so their rows come in about the order of time; how far a rule's time had come by
then is kept too. Both together tell which chunks can say something about a moment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loopgauge_collector.kinds.cell import NO_INTS, Ints

Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
#: Later than every chunk.
_NO_CHUNK = np.int64(2**31 - 1)


def _none(kind: Any) -> npt.NDArray[Any]:
    return np.empty(0, dtype=kind)


@dataclass(frozen=True, slots=True)
class Places:
    """Replaced, not changed, apart from `copied`.

    Attributes:
        keys: ascending; a key stands once for each chunk that has rows of it.
        chunks: of each key, ascending within one. Twice the number, plus one where no earlier
            chunk has a later row of the rule than this one has of the key.
        copied: which of them have been copied to where they are found at once.
        newest: rule -> (chunks that have rows of it, its latest moment up to each).
        next: number of the next chunk.
    """

    keys: Keys = field(default_factory=lambda: _none(np.uint64))
    chunks: npt.NDArray[np.int32] = field(default_factory=lambda: _none(np.int32))
    copied: Flags = field(default_factory=lambda: _none(np.bool_))
    newest: Mapping[int, tuple[Ints, Ints]] = field(default_factory=dict)
    next: int = 0

    def before(self, rules: Ints, moments: Ints) -> Ints:
        """Of each rule the first chunk up to which it has a row at or after the moment."""
        found = np.full(len(rules), _NO_CHUNK)
        for rule in np.unique(rules).tolist():
            if rule in self.newest:
                asked = rules == rule
                chunks, reached = self.newest[rule]
                at = np.searchsorted(reached, moments[asked])
                found[asked] = np.append(chunks, _NO_CHUNK)[at]
        return found

    def range(self, keys: Keys) -> tuple[Ints, Ints]:
        """Where each key begins and ends in `keys`."""
        return (
            np.searchsorted(self.keys, keys).astype(np.int64),
            np.searchsorted(self.keys, keys, side="right").astype(np.int64),
        )

    def find(self, keys: Keys, before: Ints) -> tuple[Ints, Ints]:
        """Positions in `keys` that have to be read, and the number of the asked key of each.

        Args:
            keys: ascending.
            before: chunks before this one say nothing later than the asked moment; so the last
                of them that has all the latest of the key makes older ones needless. 0 asks for
                all chunks.
        """
        low, high = self.range(keys)
        count = high - low
        owner = np.repeat(np.arange(len(keys), dtype=np.int64), count)
        position = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        position += low[owner]
        chunks = self.chunks[position]
        enough = (chunks & 1 == 1) & (chunks >> 1 < before[owner])
        first = low.copy()
        np.maximum.at(first, owner[enough], position[enough])
        wanted = position >= first[owner]
        return position[wanted], owner[wanted]

    def grown(self, chunk: "Chunk") -> "Places":
        """With one more chunk, the latest."""
        newest = dict(self.newest)
        marked = _mark(chunk, newest)
        at = np.searchsorted(self.keys, chunk.keys, side="right")
        return Places(
            np.insert(self.keys, at, chunk.keys),
            np.insert(self.chunks, at, marked),
            np.insert(self.copied, at, False),
            newest,
            chunk.number + 1,
        )

    @classmethod
    def of(cls, chunks: Iterable["Chunk"]) -> "Places":
        """All of them at once.

        Args:
            chunks: in the order of their numbers.
        """
        newest: dict[int, tuple[Ints, Ints]] = {}
        keys, marked, number = [_none(np.uint64)], [_none(np.int32)], -1
        for chunk in chunks:
            keys.append(chunk.keys)
            marked.append(_mark(chunk, newest))
            number = chunk.number
        every = np.concatenate(keys)
        order = np.argsort(every, kind="stable")
        return cls(
            every[order],
            np.concatenate(marked)[order],
            np.zeros(len(every), dtype=np.bool_),
            newest,
            number + 1,
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """What has rows in a chunk.

    Attributes:
        keys: ascending.
        rules: of each key.
        latest: the latest moment of each key.
    """

    number: int
    keys: Keys
    rules: Ints
    latest: Ints

    @classmethod
    def of(cls, number: int, keys: Keys, rules: Ints, moments: Ints) -> "Chunk":
        """From the keys of its rows, at least one, each with its rule and moment."""
        order = np.argsort(keys, kind="stable")
        keys, rules, moments = keys[order], rules[order], moments[order]
        first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        return cls(number, keys[first], rules[first], np.maximum.reduceat(moments, first))


def _mark(chunk: Chunk, newest: dict[int, tuple[Ints, Ints]]) -> npt.NDArray[np.int32]:
    """What `Places.chunks` says of a chunk that is added; `newest` is brought up to date."""
    before = np.full(len(chunk.keys), np.iinfo(np.int64).min)
    for rule in np.unique(chunk.rules).tolist():
        chunks, reached = newest.get(rule, (NO_INTS, NO_INTS))
        of_rule = chunk.rules == rule
        top = chunk.latest[of_rule].max()
        if len(reached):
            before[of_rule] = reached[-1]
            top = max(top, reached[-1])
        newest[rule] = (np.append(chunks, chunk.number), np.append(reached, top))
    return (2 * chunk.number + (chunk.latest >= before)).astype(np.int32)
