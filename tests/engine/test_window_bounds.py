"""Window bounds against the calendar of real zones, clock changes and odd offsets included."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loopgauge_collector.windows import snap, to_datetime, to_micro, window

from tests.engine.harness import DAY, HOUR, MINUTE, moment
from tests.oracle.periods import bounds, day_start, next_day_start

#: On no coarser grid than the minute's, so that every border shows on which side it lies.
NOW = moment("2026-11-18 12:07")
#: Offsets of whole, half and quarter hours; clocks that change at night, at midnight and by
#: half an hour; both hemispheres.
ZONES = (
    "UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Asia/Kolkata",
    "Australia/Lord_Howe", "Pacific/Chatham", "America/Havana", "America/Santiago", "Asia/Beirut",
    "Africa/Cairo", "America/St_Johns", "Pacific/Kiritimati", "Africa/Casablanca",
)  # fmt: skip
LENGTHS = (MINUTE, HOUR, DAY, 25 * HOUR, 7 * DAY, 28 * DAY, 90 * DAY)

zones = st.sampled_from([ZoneInfo(name) for name in ZONES])


@given(
    at=st.integers(NOW - 400 * DAY, NOW + HOUR),
    length=st.sampled_from(LENGTHS) | st.integers(1, 90 * 24 * 60).map(lambda m: m * MINUTE),
    zone=zones,
)
@example(at=NOW - 25 * HOUR, length=MINUTE, zone=ZoneInfo("UTC"))
@example(at=NOW - 25 * HOUR - 1, length=MINUTE, zone=ZoneInfo("UTC"))
@example(at=NOW - 90 * DAY, length=MINUTE, zone=ZoneInfo("Asia/Kathmandu"))
@example(at=NOW - 90 * DAY - MINUTE, length=MINUTE, zone=ZoneInfo("Asia/Kathmandu"))
def test_bounds_are_those_of_the_calendar(at: int, length: int, zone: ZoneInfo) -> None:
    span = window(at, length, NOW, zone)

    assert (span.start, span.end) == bounds(at, length, NOW, zone)
    assert span.start % MINUTE == span.end % MINUTE == 0
    assert (span.start_bucket * MINUTE, span.end_bucket * MINUTE) == (span.start, span.end)


def clock_changes(zone: ZoneInfo) -> list[int]:
    """Noons of the days in three years whose offset is not that of the day before."""
    noons = range(moment("2024-01-01 12:00"), moment("2027-01-01 12:00"), DAY)
    offsets = [to_datetime(noon).astimezone(zone).utcoffset() for noon in noons]
    return [noons[at] for at in range(1, len(noons)) if offsets[at] != offsets[at - 1]]


@pytest.mark.parametrize("name", ZONES)
def test_midnight_is_found_from_every_quarter_hour_around_a_clock_change(name: str) -> None:
    zone, now = ZoneInfo(name), moment("2027-06-01 00:00")
    ordinary = moment("2025-06-10 12:00")
    for noon in [*clock_changes(zone), ordinary]:
        for bound in range(noon - 36 * HOUR, noon + 24 * HOUR, 15 * MINUTE):
            floor, ceiling = snap(bound, now, zone), snap(bound, now, zone, up=True)
            assert (floor, ceiling) == (day_start(bound, zone), next_day_start(bound, zone))


def test_the_days_of_a_clock_change_have_23_and_25_hours() -> None:
    berlin, now = ZoneInfo("Europe/Berlin"), moment("2027-06-01 00:00")
    for noon, start, hours in (
        ("2026-03-29 12:00", "2026-03-28 23:00", 23),
        ("2026-10-25 12:00", "2026-10-24 22:00", 25),
    ):
        floor, ceiling = (snap(moment(noon), now, berlin, up=up) for up in (False, True))
        assert floor == moment(start)
        assert (ceiling - floor) / HOUR == hours


def test_a_window_in_kathmandu_begins_on_a_quarter_hour() -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    old = window(moment("2026-05-05 10:07"), HOUR, NOW, zone)
    # Midnight there is 18:15 of the day before in UTC.
    assert (old.start, old.end) == (moment("2026-05-04 18:15"), moment("2026-05-05 18:15"))
    recent = window(moment("2026-11-10 10:07"), HOUR, NOW, zone)
    assert (recent.start, recent.end) == (moment("2026-11-10 09:15"), moment("2026-11-10 10:15"))


@given(st.integers(0, moment("2040-01-01 00:00")))
def test_microseconds_survive_the_way_through_a_datetime(micros: int) -> None:
    there = to_datetime(micros)

    assert there.tzinfo is UTC
    assert to_micro(there) == micros
    assert to_micro(there.astimezone(ZoneInfo("Asia/Kathmandu"))) == micros
    assert there == datetime.fromisoformat(there.isoformat())
