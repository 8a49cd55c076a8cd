"""Window bounds: [S, E), snapped so that stored partials fit (KPI_SEMANTICS, R3).

All times are microseconds since the epoch, UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MINUTE = 60_000_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_MINUTES_KEPT = 25 * HOUR
_QUARTERS_KEPT = 90 * DAY


def to_micro(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime."""
    return round(moment.timestamp() * 1_000_000)


def to_datetime(micro: int) -> datetime:
    """The aware UTC datetime of microseconds since the epoch."""
    return datetime.fromtimestamp(micro // 1_000_000, UTC).replace(microsecond=micro % 1_000_000)


def _local_midnight(micro: int, zone: ZoneInfo, *, up: bool) -> int:
    local = to_datetime(micro).astimezone(zone)
    # Where the clock goes back at midnight there are two; the day begins with the first.
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if up and to_micro(midnight) < micro:
        midnight = datetime.fromordinal(midnight.toordinal() + 1).replace(tzinfo=zone)
    return to_micro(midnight)


def snap(bound: int, now: int, zone: ZoneInfo, *, up: bool = False) -> int:
    """A bound on the grid that is kept at its age: minute, quarter hour or local midnight.

    Args:
        bound: the exact bound.
        now: what its age is measured against.
        zone: the product's time zone, for bounds older than 90 days.
        up: round up (an `at`) instead of down (a window's start).
    """
    age = now - bound
    if age > _QUARTERS_KEPT:
        return _local_midnight(bound, zone, up=up)
    grid = MINUTE if age <= _MINUTES_KEPT else QUARTER
    return -(-bound // grid) * grid if up else bound // grid * grid


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open interval of whole minutes.

    Attributes:
        start: inclusive.
        end: exclusive.
    """

    start: int
    end: int

    @property
    def start_bucket(self) -> int:
        """First minute, counted from the epoch."""
        return self.start // MINUTE

    @property
    def end_bucket(self) -> int:
        """The minute after the last."""
        return self.end // MINUTE


def window_end(at: int, now: int, zone: ZoneInfo) -> int:
    """E: `at` rounded up to the minute, so that the running minute is in."""
    return snap(-(-at // MINUTE) * MINUTE, now, zone, up=True)


def window(at: int, length: int, now: int, zone: ZoneInfo) -> Window:
    """The window of a length that ends at E(at).

    Age is measured from `now`, what the stored resolution depends on.
    """
    end = window_end(at, now, zone)
    return Window(snap(end - length, now, zone), end)
