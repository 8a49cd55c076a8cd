"""Times become microseconds in UTC, floored."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_collector.admission.moments import all_micros, micros
from loopgauge_collector.admission.reasons import Fault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones)  # noqa: DTZ001


@given(moments, st.integers(0, 9))
def test_text_is_read_as_python_reads_it(moment: datetime, digits: int) -> None:
    text = moment.isoformat(timespec="microseconds")
    fraction, rest = text[20:26], text[26:]
    kept = (fraction + "999")[:digits]
    written = text[:19] + (f".{kept}" if kept else "") + rest
    expected = moment.replace(microsecond=int(kept[:6].ljust(6, "0")))

    assert micros(written) == (expected - EPOCH) // MICROSECOND
    assert micros(written) == (expected - EPOCH) // MICROSECOND  # from what is remembered


@given(st.integers(1, 2**64 - 1))
def test_nanoseconds_are_floored(nanoseconds: int) -> None:
    assert micros(nanoseconds) * 1000 <= nanoseconds < (micros(nanoseconds) + 1) * 1000


texts = st.one_of(
    moments.map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z".zfill(27)),
    moments.map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"),
    st.text("0123456789-:.TZ+ ", min_size=24, max_size=27),
    st.integers(-5, 2**63),
    st.none(),
)


@given(st.lists(texts, max_size=5), st.integers(1, 40), st.sampled_from([None, 24, 27]))
def test_a_batch_is_read_as_each_of_its_times(
    given_times: list[str | int | None], repeat: int, length: int | None
) -> None:
    times = given_times * repeat
    if length is not None:
        times = [time for time in times if isinstance(time, str) and len(time) == length]

    def one(time: str | int | None) -> int | None:
        try:
            return micros(time)
        except Fault:
            return None

    for found, time in zip(all_micros(times), times, strict=True):
        # Year 0 is read only by the quick way, and far out of every bound.
        assert found == one(time) or (isinstance(time, str) and time[:4] == "0000")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2026-11-21T10:30:00", "zone"),
        ("2026-06-30T23:59:60Z", "leap second"),
        ("2026-02-30T00:00:00Z", "does not exist"),
        ("2026-11-21T10:30:00+24:00", "does not exist"),
        ("yesterday", "RFC 3339"),
    ],
)
def test_a_time_that_is_none_says_what_is_wrong(text: str, word: str) -> None:
    with pytest.raises(Fault, match=word) as fault:
        micros(text)
    assert fault.value.reason == "invalid_time"
