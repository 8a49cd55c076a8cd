"""What the KPIs of `catalog.yaml` must be, counted by the oracle from ids alone.

Written apart from the collector, from KPI_SEMANTICS: integers of a millionth, nearest
rank on the log index, (time, id) as the order of newest.
"""

import math
from collections.abc import Iterable
from uuid import UUID

from tests.durability import identity

#: KPI key -> (value, samples).
Values = dict[str, tuple[float, int]]


class _Sums:
    """Running figures over all events."""

    def __init__(self) -> None:
        self.counted = self.web = self.amount = self.measured = self.micro = 0
        self.judged = self.good = 0
        self.subjects: set[str] = set()
        self.sketch: dict[int, int] = {}
        self.levels: dict[str, tuple[int, bytes, int]] = {}

    def add(self, event_id: UUID) -> None:
        """Count one event."""
        content = identity.payload(event_id)
        has = content.attributes
        match content.name:
            case "proof.counted":
                self.counted += 1
                self.web += has["channel.name"] == "web"
                self.subjects.add(str(has["subject.id"]))
            case "proof.measured":
                duration = float(has["duration"])
                self.measured += 1
                self.amount += int(has["amount"])
                self.micro += round(duration * 1_000_000)
                # Below a millisecond the shown value is 0; such an index is out of the way.
                index = math.floor(math.log(duration) / 0.02) if duration >= 0.001 else -9999
                self.sketch[index] = self.sketch.get(index, 0) + 1
            case "proof.judged" if "good" in has:
                self.judged += 1
                self.good += bool(has["good"])
            case "proof.reported":
                newest = (content.time_ms, event_id.bytes, int(has["level"]))
                source = str(has["source.name"])
                self.levels[source] = max(self.levels.get(source, newest), newest)

    def quantile(self, q: float) -> float:
        """Nearest rank over the log index, as the value in the middle of its bucket."""
        rank, seen = math.ceil(q * self.measured), 0
        for index in sorted(self.sketch):
            seen += self.sketch[index]
            if seen >= rank:
                if index == -9999:
                    return 0.0
                return 2 * math.exp(0.02 * (index + 1)) / (math.exp(0.02) + 1)
        return math.nan


def expected(ids: Iterable[int]) -> Values:
    """The KPI values over these events.

    Args:
        ids: UUIDs as integers, each once; flawed ones are not among them.
    """
    sums = _Sums()
    for number in ids:
        sums.add(UUID(int=number))
    return {
        "counted": (sums.counted, sums.counted),
        "web_counted": (sums.web, sums.web),
        "subjects": (len(sums.subjects), len(sums.subjects)),
        "amount": (sums.amount, sums.measured),
        "mean_duration": (sums.micro / 1_000_000 / max(sums.measured, 1), sums.measured),
        "p95_duration": (sums.quantile(0.95), sums.measured),
        "good_share": (sums.good / max(sums.judged, 1), sums.judged),
        "level": (
            sum(level for _, _, level in sums.levels.values()),
            len(sums.levels),
        ),
    }
