"""Amounts and durations: read exactly, written back as people write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.quantities import MICRO, Quantity, format_duration, parse_duration

DAY = 86_400 * MICRO
UNITS = {"us": 1, "ms": 1000, "s": MICRO, "m": 60 * MICRO, "min": 60 * MICRO, "h": 3600 * MICRO,
         "d": DAY}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "micro", "dimension"),
    [
        ("15m", 900 * MICRO, "time"),
        ("15 min", 900 * MICRO, "time"),
        ("200ms", 200_000, "time"),
        ("0.5s", 500_000, "time"),
        ("1us", 1, "time"),
        ("28d", 28 * DAY, "time"),
        ("95%", 950_000, "share"),
        ("99.99 %", 999_900, "share"),
        ("0.0001%", 1, "share"),
        ("-5%", -50_000, "share"),
        ("$3.00", 3 * MICRO, "money"),
        ("€ 0.000001", 1, "money"),
        ("-$1", -MICRO, "money"),
        ("7", 7 * MICRO, "number"),
        (7, 7 * MICRO, "number"),
        (4.5, 4_500_000, "number"),
        (1e-06, 1, "number"),
        ("-0.5", -500_000, "number"),
        (0.1, 100_000, "number"),
    ],
)
def test_an_amount_is_read_in_millionths_of_its_base_unit(
    written: object, micro: int, dimension: str
) -> None:
    quantity = Quantity.parse(written)
    assert (quantity.micro, quantity.dimension) == (micro, dimension)
    assert quantity.text == str(written).strip()


@pytest.mark.parametrize(
    "written",
    ["", " ", "m", "15 m s", "15M", "1d2h", "+5", ".5", "5.", "1_000", "1,5", "½", "٣",
     "3m\n4", "1e400", "1e999999999", "nan", "inf", "-inf", "Infinity", "9" * 5000, "%", "$",
     "$-1", "3$", "0.0000001", "1e-7", "0.00001%", "0.1us", "10000000000000", "99999999999999d",
     True, None, [], {}, float("nan"), float("inf"), 1e300]
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(written: object) -> None:
    with pytest.raises(ValueError):
        Quantity.parse(written)


@pytest.mark.parametrize(
    "written", [15, 15.0, "15", "95%", "$3", "0s", "-1d", "", None, True, [], "10y"]
)
def test_what_is_no_positive_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="write 30s, 15m, 24h or 28d"):
        parse_duration(written)


@given(amount=st.integers(1, 10**6), unit=st.sampled_from(sorted(UNITS)))
def test_a_whole_duration_is_exact(amount: int, unit: str) -> None:
    assert parse_duration(f"{amount}{unit}") == amount * UNITS[unit]


@given(st.integers(1, 400 * DAY))
def test_a_duration_survives_being_written(micro: int) -> None:
    text = format_duration(micro)
    assert parse_duration(text) == micro
    assert format_duration(parse_duration(text)) == text


@pytest.mark.parametrize(
    "text", ["28d", "24h", "1h", "7d", "90m", "5m", "30s", "200ms", "1us", "48h", "1500ms"]
)
def test_durations_are_written_as_people_write_them(text: str) -> None:
    expected = {"48h": "2d"}.get(text, text)
    assert format_duration(parse_duration(text)) == expected


@given(
    whole=st.integers(0, 10**9),
    decimals=st.text("0123456789", max_size=6),
    form=st.sampled_from(["{}", "-{}", "${}", "-€{}", "{}s", "{}h"]),
)
def test_decimals_are_never_rounded(whole: int, decimals: str, form: str) -> None:
    digits = f"{whole}.{decimals}" if decimals else str(whole)
    factor = 3600 if form.endswith("h") else 1
    expected = Fraction(digits) * factor * MICRO * (-1 if form.startswith("-") else 1)
    if abs(expected) > 10**18:
        with pytest.raises(ValueError, match="greater"):
            Quantity.parse(form.format(digits))
    else:
        assert Quantity.parse(form.format(digits)).micro == expected


@given(st.floats(-1e9, 1e9, allow_nan=False))
def test_a_float_is_the_number_that_it_shows(number: float) -> None:
    shown = Fraction(repr(number)) * MICRO
    if shown.denominator == 1:
        assert Quantity.parse(number).micro == shown
    else:
        with pytest.raises(ValueError, match="finer than a millionth"):
            Quantity.parse(number)


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    try:
        quantity = Quantity.parse(text)
    except ValueError:
        return
    assert Quantity.parse(quantity.text) == quantity
