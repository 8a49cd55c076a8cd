"""Window bounds (R3) and calendar periods (R9), by walking in steps of a quarter hour."""

from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from loopgauge_catalog.calendar import Sprint

from tests.oracle.events import DAY, HOUR, MINUTE, as_datetime, moment

QUARTER = 15 * MINUTE


def local_date(micros: int, zone: ZoneInfo) -> date:
    """The calendar day that people in a zone have."""
    return as_datetime(micros).astimezone(zone).date()


@cache
def first_instant(day: date, zone: ZoneInfo) -> int:
    """When a local day begins; every offset in use is a multiple of 15 minutes."""
    micros = moment(day.isoformat()) - 26 * HOUR
    while local_date(micros, zone) < day:
        micros += QUARTER
    return micros


def day_start(micros: int, zone: ZoneInfo) -> int:
    """The first instant of the local day."""
    return first_instant(local_date(micros, zone), zone)


def next_day_start(micros: int, zone: ZoneInfo) -> int:
    """The first instant of the next local day, or of this one when it is just beginning."""
    today = day_start(micros, zone)
    if today == micros:
        return micros
    return first_instant(local_date(micros, zone) + timedelta(days=1), zone)


def snap(bound: int, now: int, zone: ZoneInfo) -> int:
    """A bound on the grid that is kept at its age."""
    if now - bound > 90 * DAY:
        return day_start(bound, zone)
    return bound - bound % (MINUTE if now - bound <= 25 * HOUR else QUARTER)


def window_end(at: int, now: int, zone: ZoneInfo) -> int:
    """E: up to the minute, and further up where only a coarser grid is kept."""
    end = at if at % MINUTE == 0 else at - at % MINUTE + MINUTE
    if now - end > 90 * DAY:
        return next_day_start(end, zone)
    if now - end > 25 * HOUR and end % QUARTER:
        end += QUARTER - end % QUARTER
    return end


def bounds(at: int, length: int, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """[S, E) of a window as of `at`, read at `now`."""
    end = window_end(at, now, zone)
    return snap(end - length, now, zone), end


def period(
    instant: int, word: str, zone: ZoneInfo, sprint: Sprint | None = None
) -> tuple[int, int]:
    """The calendar period that an instant lies in, as [start, end)."""
    day = local_date(instant, zone)
    match word:
        case "day":
            first, following = day, day + timedelta(days=1)
        case "week":
            first = day - timedelta(days=day.weekday())
            following = first + timedelta(days=7)
        case "month":
            first = day.replace(day=1)
            following = (first + timedelta(days=31)).replace(day=1)
        case _:
            assert sprint is not None
            first = day - timedelta(days=(day - sprint.starts).days % sprint.days)
            following = first + timedelta(days=sprint.days)
    return first_instant(first, zone), first_instant(following, zone)
