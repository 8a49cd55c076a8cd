"""The stream of simulated events: made hour by hour, handed out in the order of sending.

History and live traffic are one simulation. A journey that begins in the last hour of the
history (a user who comes back tomorrow, a campaign that takes a week) goes on in live time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from random import Random
from typing import Any, Final, NamedTuple, Protocol

#: Text, numbers and booleans; the library judges each.
Attributes = Mapping[str, Any]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

#: The last hours of the history have at least a twelfth of the live traffic, by day and by night:
#: KPIs over one hour, or of what is rare over one day, need samples.
_BUSY: Final = 3 * HOUR
_BUSY_SHARE: Final = 12
#: What happens so often on a day is scaled by the volume.
_MANY: Final = 20
#: The outage that everybody can watch: when it begins in live time, how long it lasts, and
#: after how long it comes again; both KPIs have long recovered then.
_OUTAGE_AFTER: Final = 2 * MINUTE
_OUTAGE_LASTS: Final = 5 * MINUTE
_OUTAGE_EVERY: Final = 120 * MINUTE

#: Share of events that reach the collector late, as from a phone without network.
_LATE: Final = 0.004

# Relative traffic by hour of day (UTC) and by day of week, each of mean 1.
_HOURS: Final = (
    0.45, 0.35, 0.30, 0.28, 0.30, 0.40, 0.60, 0.85, 1.05, 1.20, 1.30, 1.32,
    1.28, 1.30, 1.35, 1.40, 1.45, 1.50, 1.55, 1.50, 1.35, 1.15, 1.02, 0.75,
)  # fmt: skip
LEISURE: Final = (0.90, 0.90, 0.92, 0.95, 1.10, 1.15, 1.08)
WORK: Final = (1.28, 1.32, 1.30, 1.25, 1.10, 0.35, 0.40)
EVERY_DAY: Final = (1.0,) * 7


class Event(NamedTuple):
    """One event; times are microseconds since the epoch.

    Attributes:
        due: when it is sent; later than `time` for a late one.
        time: when it happened.
    """

    due: int
    time: int
    service: str
    name: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Stream:
    """How often something happens.

    Attributes:
        per_day: mean over the history.
        live_per_minute: in live time, without any rhythm; None for what is as rare as before.
        week: relative traffic by day of week, Monday first.
        busy_per_minute: at least, in the last hours of the history; 0 for a twelfth of live.
    """

    per_day: float
    live_per_minute: float | None = None
    week: tuple[float, ...] = LEISURE
    busy_per_minute: float = 0.0


class Product(Protocol):
    """What a simulated product is to the world."""

    name: str

    def happen(self, world: "World", start: int, end: int) -> None:
        """Say everything that begins in [start, end), an hour at most."""


class World:
    """Time and chance of one product.

    The same seed, begin, end and volume give the same history.

    Args:
        product: what happens.
        seed: decides every chance.
        begin, end: of the history, microseconds since the epoch, whole days apart.
        volume: scales the traffic of the history, but not what is rare.
    """

    def __init__(
        self,
        product: Product,
        *,
        seed: int,
        begin: int,
        end: int,
        volume: float = 1.0,
    ) -> None:
        self.random = Random(f"{seed} {product.name}")
        self.begin = begin
        self.end = end
        self._product = product
        self._volume = volume
        self._live_at: int | None = None
        self._now = begin
        self._planned: list[Event] = []
        self._numbers: dict[str, int] = {}

    def go_live(self, now: int) -> None:
        """From now on the clock on the wall decides, and outages come."""
        self._live_at = now

    def advance(self, until: int) -> list[Event]:
        """Let time pass; what is to be sent by then, in order."""
        while self._now < until:
            start = self._now
            self._now = min(start + HOUR, until)
            if self._live_at is not None and start < self._live_at:
                self._now = min(self._now, self._live_at)
            self._product.happen(self, start, self._now)
        due = [event for event in self._planned if event.due < until]
        self._planned = [event for event in self._planned if event.due >= until]
        due.sort(key=itemgetter(0))
        return due

    def say(self, time: float, service: str, name: str, attributes: Attributes) -> None:
        """Plan one event, now or at any later time."""
        moment = due = int(time)
        if self.random.random() < _LATE:
            if moment >= self.end:
                due += int(self.random.uniform(20 * SECOND, 3 * MINUTE))
            else:
                # All of the history has arrived when it is over.
                due = min(due + int(self.random.expovariate(1 / (6 * HOUR))), self.end - 1)
        self._planned.append(Event(due, moment, service, name, attributes))

    def arrivals(self, stream: Stream, start: int, end: int) -> list[float]:
        """Random moments in [start, end), as many as the stream's rate says, not sorted."""
        length = end - start
        live = stream.live_per_minute
        past = stream.per_day / DAY * _rhythm(stream.week, start) * length
        if stream.per_day >= _MANY:
            past *= self._volume
        if live is None:
            expected = past
        elif self._live_at is not None and start >= self._live_at:
            expected = live * length / MINUTE
        elif start >= self.end - _BUSY:
            busy = stream.busy_per_minute or live / _BUSY_SHARE
            expected = max(past, busy * length / MINUTE)
        else:
            expected = past
        random = self.random.random
        return [start + random() * length for _ in range(int(expected + random()))]

    def trouble(self, time: float) -> int | None:
        """Microseconds from `time` to the end of the outage; None when there is none."""
        if self._live_at is None:
            return None
        since = int(time) - self._live_at - _OUTAGE_AFTER
        if since < 0 or since % _OUTAGE_EVERY >= _OUTAGE_LASTS:
            return None
        return _OUTAGE_LASTS - since % _OUTAGE_EVERY

    def number(self, what: str) -> str:
        """The next id of a kind: ``video-1``, ``video-2``."""
        self._numbers[what] = number = self._numbers.get(what, 0) + 1
        return f"{what}-{number}"

    def around(self, median: float, spread: float) -> float:
        """A log-normal amount, such as a duration: `spread` is the sigma of its logarithm."""
        return median * self.random.lognormvariate(0.0, spread)

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.random.random() < share


def ticks(start: int, end: int, period: int, offset: int = 0) -> Iterator[int]:
    """The moments k × period + offset in [start, end)."""
    first = start + (offset - start) % period
    return iter(range(first, end, period))


def weekday(time: int) -> int:
    """Monday is 0; the epoch was a Thursday."""
    return (time // DAY + 3) % 7


def _rhythm(week: tuple[float, ...], time: int) -> float:
    return _HOURS[time // HOUR % 24] * week[weekday(time)]
