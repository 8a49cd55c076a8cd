"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_collector.web.humanise import age, amount, duration, size


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "seconds", "–"),
        (math.nan, "", "–"),
        (math.inf, "seconds", "∞"),
        (0.0, "", "0"),
        (12.0, "", "12"),
        (12.34567, "", "12.35"),
        (1234567.0, "", "1,234,567"),
        (1234.56, "", "1,235"),
        (9999.7, "", "10,000"),
        (12345.678, "", "12,346"),
        (0.0000123, "", "0.0000123"),
        (9.999, "ratio", "1,000 %"),
        (2.5, "per_day", "2.5 per day"),
        (13.0, "points", "13 points"),
        (40.0, "hours", "40 h"),
        (0.25, "seconds", "250 ms"),
        (0.0, "ratio", "0 %"),
        (0.034, "ratio", "3.4 %"),
        (0.00034, "ratio", "0.034 %"),
        (0.95, "ratio", "95.0 %"),
        (0.9995, "ratio", "99.950 %"),
        (0.99999999, "ratio", "100.0000 %"),
        (1.0, "ratio", "100 %"),
        (1.5, "ratio", "150 %"),
        (350.0, "ratio", "35,000 %"),
        (3.0, "usd", "$3.00"),
        (-1234.5, "usd", "-$1,234.50"),
        (0.0042, "eur", "€0.0042"),
        (4096.0, "bytes", "4 KiB"),
    ],
)
def test_an_amount_has_its_unit(value: float | None, unit: str, words: str) -> None:
    assert amount(value, unit) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0004, "0.4 ms"),
        (0.9999, "1 s"),
        (59.4, "59.4 s"),
        (60, "1 m"),
        (250, "4 m 10 s"),
        (3599.6, "1 h"),
        (12_000, "3 h 20 m"),
        (86_399, "1 d"),
        (187_200, "2 d 4 h"),
        (-250, "-4 m 10 s"),
    ],
)
def test_a_duration_is_read_at_a_glance(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0.3, "now"), (42.9, "42 s"), (119, "1 min"), (7200, "2 h"), (1e6, "11 d")],
)
def test_an_age_has_one_unit(seconds: float | None, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (5767, "5.63 KiB"),
        (1 << 30, "1 GiB"),
        (1_034_000, "1,010 KiB"),
        (1 << 52, "4,096 TiB"),
    ],
)
def test_a_size_is_in_powers_of_1024(count: int, words: str) -> None:
    assert size(count) == words


_FACTORS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@given(st.floats(min_value=1e-3, max_value=1e8))
def test_a_duration_in_words_is_the_duration_within_two_per_cent(seconds: float) -> None:
    words = duration(seconds).split()

    read = sum(float(n) * _FACTORS[unit] for n, unit in zip(words[::2], words[1::2], strict=True))

    assert read == pytest.approx(seconds, rel=0.021)


@given(
    st.one_of(st.none(), st.floats()),
    st.sampled_from(["", "seconds", "ratio", "usd", "eur", "bytes", "points", "per_hour"]),
)
def test_no_number_is_too_odd_to_be_shown(value: float | None, unit: str) -> None:
    assert amount(value, unit)
