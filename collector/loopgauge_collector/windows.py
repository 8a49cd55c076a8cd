"""Window bounds: [S, E), snapped so that stored partials fit (KPI_SEMANTICS, R3).

All times are microseconds since the epoch, UTC.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from loopgauge_catalog.calendar import Period, Sprint

MINUTE = 60_000_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MINUTES_KEPT = 25 * HOUR
QUARTERS_KEPT = 90 * DAY
#: What stored rows are kept by.
Grain = Literal["minute", "quarter", "day"]


def to_micro(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime."""
    return round(moment.timestamp() * 1_000_000)


@lru_cache(maxsize=4096)  # a Snapshot names the same few bounds hundreds of times
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
    if age > QUARTERS_KEPT:
        return _local_midnight(bound, zone, up=up)
    grid = MINUTE if age <= MINUTES_KEPT else QUARTER
    return -(-bound // grid) * grid if up else bound // grid * grid


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open interval of whole minutes.

    Attributes:
        start: inclusive.
        end: exclusive.
        length: as defined, of a calendar period the whole of it; 0 where it was not made from one.
        now, zone: what bounds are snapped by.
        until: where the calendar period ends that it is the beginning of; 0 without one.
    """

    start: int
    end: int
    length: int = field(default=0, compare=False)
    now: int = field(default=0, compare=False)
    zone: ZoneInfo = field(default=ZoneInfo("UTC"), compare=False)
    until: int = field(default=0, compare=False)

    @property
    def start_bucket(self) -> int:
        """First minute, counted from the epoch."""
        return self.start // MINUTE

    @property
    def end_bucket(self) -> int:
        """The minute after the last."""
        return self.end // MINUTE

    def before(self, shift: int) -> "Window":
        """Both bounds earlier, each snapped by its own age (R12)."""
        return Window(
            snap(self.start - shift, self.now, self.zone),
            snap(self.end - shift, self.now, self.zone),
            self.length,
            self.now,
            self.zone,
        )


def window_end(at: int, now: int, zone: ZoneInfo) -> int:
    """E: `at` rounded up to the minute, so that the running minute is in."""
    return snap(-(-at // MINUTE) * MINUTE, now, zone, up=True)


def moment_of(at: int, end: int, now: int) -> int:
    """`at` itself, or its E where the minutes of that age are not kept one by one (R3)."""
    return end if now - end > MINUTES_KEPT else at


def window(at: int, length: int, now: int, zone: ZoneInfo) -> Window:
    """The window of a length that ends at E(at).

    Age is measured from `now`, what the stored resolution depends on.
    """
    end = window_end(at, now, zone)
    return Window(snap(end - length, now, zone), end, length, now, zone)


def _first_day(day: date, period: Period, sprint: Sprint | None) -> date:
    match period:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "sprint":
            if sprint is None:
                raise ValueError("the product has no sprint")
            return day - timedelta(days=(day - sprint.starts).days % sprint.days)


def _next_first_day(first: date, period: Period, sprint: Sprint | None) -> date:
    match period:
        case "day":
            return first + timedelta(days=1)
        case "week":
            return first + timedelta(days=7)
        case "month":
            return (first + timedelta(days=31)).replace(day=1)
        case "sprint":
            if sprint is None:
                raise ValueError("the product has no sprint")
            return first + timedelta(days=sprint.days)


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a local day begins."""
    return to_micro(datetime(day.year, day.month, day.day, tzinfo=zone))


def whole_days(first: date, after: date, zone: ZoneInfo) -> tuple[int, int]:
    """From the beginning of a local day to that of another."""
    return midnight(first, zone), midnight(after, zone)


def full_days(moment: int, days: int, zone: ZoneInfo) -> tuple[int, int]:
    """The first so many local days that begin at a moment or after it."""
    start = _local_midnight(moment, zone, up=True)
    first = to_datetime(start).astimezone(zone).date()
    return start, midnight(first + timedelta(days=days), zone)


def calendar_period(
    end: int, period: Period, zone: ZoneInfo, sprint: Sprint | None = None
) -> tuple[int, int]:
    """Start and end of the local period that the last moment before `end` lies in (R9).

    Args:
        end: microseconds.
        period: a week begins on Monday.
        zone: whose midnights count; a day may have 23 to 25 hours.
        sprint: of the product, for `sprint`.
    """
    day = to_datetime(end - 1).astimezone(zone).date()
    first = _first_day(day, period, sprint)
    return midnight(first, zone), midnight(_next_first_day(first, period, sprint), zone)
