"""Event times: RFC 3339 text or nanoseconds, to microseconds UTC, floored and never rounded up.

KPI_SEMANTICS, R2.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

import numpy as np
import pyarrow as pa

from loopgauge_collector.admission.reasons import Fault, shown

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_LONGEST = 64
#: Arrow reads a text in a tenth of a microsecond, after 20 to get going.
_ENOUGH_FOR_ARROW = 64
#: By the length of a text: how it is written and the end of its line, every digit as 0.
_LINES = {24: b"0000-00-00T00:00:00.000Z\n", 27: b"0000-00-00T00:00:00.000000Z\n"}
_SHAPE = bytes.maketrans(b"123456789", b"0" * 9)
_MICROSECONDS = pa.timestamp("us", "UTC")

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
    if isinstance(time, str):
        return _known_second(time)
    if time is None or time == 0:
        raise Fault("invalid_time", "the event has no time; write 2026-11-21T10:30:00.123Z")
    if time < 0:
        raise Fault("invalid_time", f"the time {time} ns is before 1970")
    return time // 1000


def all_micros(times: Sequence[str | int | None]) -> list[int | None]:
    """Times of a batch as `micros` reads them; None for one that it would refuse."""
    quick = _quickly(times)
    return [_micros_or_none(time) for time in times] if quick is None else quick


def _quickly(times: Sequence[str | int | None]) -> list[int | None] | None:
    """Times that are all of one kind and plainly good; None for any others."""
    if times and isinstance(times[0], int):
        numbers = [time for time in times if isinstance(time, int)]
        if len(numbers) == len(times) and min(numbers) > 0:
            return [number // 1000 for number in numbers]
    elif len(times) >= _ENOUGH_FOR_ARROW:
        with suppress(pa.ArrowInvalid, TypeError, UnicodeEncodeError):
            if (alike := _alike(cast("Sequence[str]", times))) is not None:
                moments = alike.cast(_MICROSECONDS).view(pa.int64())
                return cast("list[int | None]", moments.to_numpy().tolist())
    return None


def _micros_or_none(time: str | int | None) -> int | None:
    try:
        return micros(time)
    except Fault:
        return None


def _alike(texts: Sequence[str]) -> pa.StringArray | None:
    """The texts for Arrow, if all are 2026-11-21T10:30:00.123Z with 3 digits or all with 6.

    Arrow reads more forms than RFC 3339 has, so only this one is left to it.

    Raises:
        TypeError, UnicodeEncodeError: they are no texts, or no such texts.
    """
    count, size = len(texts), len(texts[0])
    line = _LINES.get(size)
    lines = "\n".join([*texts, ""]).encode("ascii")
    if line is None or lines.translate(_SHAPE) != line * count:
        return None
    written = np.frombuffer(lines, np.uint8).reshape(count, size + 1)[:, :size].tobytes()
    places = np.arange(0, len(written) + 1, size, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(places), pa.py_buffer(written))


def _known_second(text: str) -> int:
    """The forms that most senders write, when another event of the same second was read."""
    second = _seconds.get(text[:19])
    if second is not None and text[19:20] == ".":
        if text[-1] == "Z":
            fraction = text[20:-1]
        elif text[-6:] == "+00:00":
            fraction = text[20:-6]
        else:
            return _parsed(text)
        if fraction.isascii() and fraction.isdecimal() and len(text) <= _LONGEST:
            return second + int(fraction[:6].ljust(6, "0"))
    return _parsed(text)


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
