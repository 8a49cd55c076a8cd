"""What a product wrote down while it sent: KPIs computed from that in plain Python.

Written from the documents' words, not from the collector's code. Times are microseconds.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Said(NamedTuple):
    """One event as it was given to the library."""

    time: int
    name: str
    attributes: dict[str, Any]


class Told:
    """The record of one product.

    Args:
        record: the file that it wrote.
        end: the moment that is asked for; windows end there.
    """

    def __init__(self, record: Path, end: int) -> None:
        self.end = end
        self._by_name: dict[str, list[Said]] = defaultdict(list)
        with record.open(encoding="utf-8") as lines:
            for line in lines:
                said = Said(*json.loads(line))
                if said.time < end and not said.attributes.get("user.internal"):
                    self._by_name[said.name].append(said)
        for events in self._by_name.values():
            events.sort(key=lambda said: said.time)

    def events(self, name: str, **where: Any) -> list[Said]:
        """All of a name, in order of time; an underscore in `where` stands for a dot."""
        wanted = {key.replace("_", "."): value for key, value in where.items()}
        return [
            said
            for said in self._by_name[name]
            if all(said.attributes[key] == value for key, value in wanted.items())
        ]

    def window(self, length: int, mature: int = 0) -> tuple[int, int]:
        """Bounds of the window that ended so long ago."""
        return self._snapped(length + mature), self._snapped(mature)

    def first_in_window(self, events: Iterable[Said], key: str, length: int) -> int:
        """How many subjects have their first event in the window."""
        start, end = self.window(length)
        first: dict[str, int] = {}
        for said in events:
            first.setdefault(said.attributes[key], said.time)
        return sum(start <= time < end for time in first.values())

    def reached(
        self,
        subject: str,
        starts: list[Said],
        ends: list[Said],
        *,
        length: int,
        mature: int,
        within: Callable[[int], bool],
        excluded: Iterable[Said] = (),
        limit: int,
    ) -> float:
        """The share of subjects that began in the matured window and ended in time.

        `excluded` ones leave the total when that came before the end and within the limit.
        """
        start, end = self.window(length, mature)
        began: dict[str, int] = {}
        for said in starts:
            began.setdefault(said.attributes[subject], said.time)
        ended: dict[str, int] = {}
        for said in ends:
            identity = said.attributes[subject]
            if identity in began and said.time >= began[identity]:
                ended.setdefault(identity, said.time)
        left = {
            said.attributes[subject]
            for said in excluded
            if said.time < ended.get(said.attributes[subject], self.end)
            and said.time - began[said.attributes[subject]] <= limit
        }
        judged = [s for s, time in began.items() if start <= time < end and s not in left]
        good = sum(s in ended and within(ended[s] - began[s]) for s in judged)
        assert len(judged) > 20, "the demo says too little for a comparison"
        return good / len(judged)

    def _snapped(self, ago: int) -> int:
        grain = MINUTE if ago <= 25 * HOUR else 15 * MINUTE
        return (self.end - ago) // grain * grain


#: Dollars by provider, model and unit, as `prices:` of the shipped catalog has them.
PRICES = {
    ("openai", "writer-large", "token"): Decimal("0.03") / 1000,
    ("openai", "writer-small", "token"): Decimal("0.004") / 1000,
    ("openai", "voice-1", "character"): Decimal("0.015") / 1000,
    ("stock", None, "clip"): Decimal("0.40") * Decimal("1.08"),
    ("hosting", None, "second"): Decimal("0.54") / 3600,
}


def dollars(cost: dict[str, Any]) -> Decimal:
    """What one bill came to; nothing where nobody knows the price."""
    if "cost.amount" in cost:
        return Decimal(cost["cost.amount"])
    price = PRICES.get((cost["provider"], cost.get("model"), cost["cost.unit"]), Decimal(0))
    return Decimal(str(cost["cost.quantity"])) * price
