"""Event times: RFC 3339 text or nanoseconds, to microseconds UTC, floored and never rounded up.

KPI_SEMANTICS, R2.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from loopgauge_collector.reasons import Fault, shown

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_LONGEST = 64

#: Text up to the second -> microseconds since the epoch in UTC; events of one batch share few.
_seconds: dict[str, int] = {}
_SECONDS_KEPT = 4096


def micros(time: str | int | None) -> int:
    """An event's time in microseconds since the epoch.

    Args:
        time: RFC 3339 text with a zone, or nanoseconds since the epoch.

    Raises:
        Fault: `invalid_time`, saying what would be right.
    """
    if type(time) is int and time > 0:
        return time // 1000
    if type(time) is str:
        # The form that our library writes: microseconds and Z.
        if len(time) == 27 and time[19] == "." and time[26] == "Z":
            second = _seconds.get(time[:19])
            fraction = time[20:26]
            if second is not None and fraction.isascii() and fraction.isdecimal():
                return second + int(fraction)
        return _parsed(time)
    if time is None or time == 0:
        raise Fault("invalid_time", "the event has no time; write 2026-11-21T10:30:00.123Z")
    raise Fault(
        "invalid_time", f"the time {time} is before 1970; write nanoseconds since the epoch"
    )


def _parsed(text: str) -> int:
    match = _RFC3339.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise Fault(
            "invalid_time",
            f"the time {shown(text)} is not RFC 3339; write text such as 2026-11-21T10:30:00.123Z",
        )
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, zone = match[7] or "", match[8]
    if zone is None:
        raise Fault(
            "invalid_time",
            f"the time {shown(text)} has no zone; end it with Z or an offset such as +01:00",
        )
    if second == 60:
        raise Fault(
            "invalid_time",
            f"the time {shown(text)} is a leap second, which has no place on the time line of "
            "Unix clocks; write second 59",
        )
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_offset(zone))
    except ValueError as error:
        raise Fault("invalid_time", f"the time {shown(text)} does not exist: {error}") from None
    whole = (moment - _EPOCH) // timedelta(seconds=1) * _SECOND
    if zone in ("Z", "z"):
        if len(_seconds) >= _SECONDS_KEPT:
            _seconds.clear()
        _seconds[text[:19]] = whole
    return whole + int(fraction[:6].ljust(6, "0"))


def _offset(zone: str) -> timezone:
    if zone in ("Z", "z"):
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"there is no offset {zone}")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)
