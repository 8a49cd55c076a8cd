"""What a KPI reads, piece by piece: the events, their attributes, and where the row says so.

Checks, admission and the folds all ask this one list, so that a new kind says once
what it needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from loopgauge_catalog.errors import Path
from loopgauge_catalog.filters import Condition, Filter

#: `value` is summed or compared, `subject` pairs events, `key` and `label` keep apart,
#: `filter` is asked, `cost` is what a price is found by.
Role = Literal["value", "subject", "key", "label", "filter", "cost"]


@dataclass(frozen=True, slots=True)
class Read:
    """One attribute that a KPI reads from an event.

    Attributes:
        path: where the row names it, from the row on; None where another part of the file does.
        name: the attribute.
        role: what it is read for.
        condition: what a filter asks of it.
    """

    path: Path | None
    name: str
    role: Role
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One event that a KPI reads.

    Attributes:
        path: where the row names it, from the row on.
        event: its name.
        reads: what is read from it.
    """

    path: Path
    event: str
    reads: tuple[Read, ...] = ()


def one(path: Path, name: str | None, role: Role) -> tuple[Read, ...]:
    """A field that names an attribute, or nothing."""
    return () if name is None else (Read(path, name, role),)


def each_of(path: Path, names: Iterable[str], role: Role) -> tuple[Read, ...]:
    """A field that lists attributes."""
    return tuple(Read((*path, number), name, role) for number, name in enumerate(names))


def asked(path: Path, where: Filter) -> tuple[Read, ...]:
    """A field that is a filter."""
    return tuple(
        Read((*path, name), name, "filter", condition) for name, condition in where.root.items()
    )
