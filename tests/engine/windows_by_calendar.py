"""Window bounds said another way: by walking the calendar, in steps of a quarter hour."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def local_date(micros: int, zone: ZoneInfo) -> object:
    """The calendar day that people in a zone have."""
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(zone).date()


def day_start(micros: int, zone: ZoneInfo) -> int:
    """The first instant of the local day; every offset in use is a multiple of 15 minutes."""
    start = micros - micros % QUARTER
    while local_date(start - QUARTER, zone) == local_date(micros, zone):
        start -= QUARTER
    return start


def next_day_start(micros: int, zone: ZoneInfo) -> int:
    """The first instant of the next local day, or of this one when it is just beginning."""
    if day_start(micros, zone) == micros:
        return micros
    end = micros - micros % QUARTER
    while local_date(end, zone) == local_date(micros, zone):
        end += QUARTER
    return end


def bounds(at: int, length: int, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """[S, E) of a window as of `at`, read at `now`."""
    end = at if at % MINUTE == 0 else at - at % MINUTE + MINUTE
    if now - end > 90 * DAY:
        end = next_day_start(end, zone)
    elif now - end > 25 * HOUR and end % QUARTER:
        end += QUARTER - end % QUARTER
    start = end - length
    if now - start > 90 * DAY:
        return day_start(start, zone), end
    return start - start % (MINUTE if now - start <= 25 * HOUR else QUARTER), end
