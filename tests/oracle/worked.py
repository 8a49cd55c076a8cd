"""How a worked example of the semantics is written: a catalog row, events, and what must come out."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.events import HEARTBEAT, MINUTE, SECOND, Event, moment

#: "Minutes after 00:00" of the examples.
ZERO = moment("2026-11-18 00:00")


@dataclass(frozen=True)
class Example:
    """One worked example.

    Attributes:
        name: its number and what it shows.
        kpis: YAML of the rows, each `key: {…}`; the first one is asked.
        events: YAML of the `events` block.
        more: YAML of further blocks of the file.
        sent: what is sent, in this order.
        at: the moment.
        expected: fields of the answer, each with its value.
    """

    name: str
    kpis: str
    sent: Sequence[Event]
    at: int
    expected: Mapping[str, Any]
    events: str = ""
    more: str = ""
    stats: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The row that is asked."""
        return self.kpis.split(":", 1)[0].strip()

    @property
    def catalog(self) -> str:
        """The whole file."""
        rows = "\n".join(
            line.replace("{", f"{{row: A{number}, title: Row {number}, ", 1)
            for number, line in enumerate(
                (line for line in textwrap.dedent(self.kpis).splitlines() if line.strip()), 1
            )
        )
        return "\n".join(
            (
                "product: shop\ntitle: Shop",
                textwrap.dedent(self.more),
                "tables:\n  main:\n    title: Main\n    kpis:",
                textwrap.indent(rows, "      "),
                "events:",
                textwrap.indent(textwrap.dedent(self.events), "  "),
            )
        )

    @property
    def alive(self) -> list[Event]:
        """What is sent, and a sign of life, so that the answer is not `stale`."""
        return [*self.sent, Event(HEARTBEAT, self.at - 1)]


def at_minute(minute: float) -> int:
    """The moment so many minutes after 00:00."""
    return ZERO + round(minute * MINUTE)


def at_second(second: float) -> int:
    """The moment so many seconds after 00:00."""
    return ZERO + round(second * SECOND)


def told(name: str, subject: str, *minutes: float, by: str = "user.id") -> list[Event]:
    """Events of one subject."""
    return [Event(name, at_minute(minute), {by: subject}) for minute in minutes]
