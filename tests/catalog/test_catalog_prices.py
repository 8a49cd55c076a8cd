"""When a price or a rate holds, compared with a calendar that is walked day by day."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.calendar import Sprint
from loopgauge_catalog.prices import Price, Rate, clashes
from pydantic import ValidationError

FIRST = date(2026, 1, 1)
DAYS = 40
OFFER = {"provider": "farm", "model": "fast", "unit": "frame", "price": "$0.5", "source": "list"}


def price(start: int, length: int | None, **other: object) -> Price:
    """From a day on, for so many days; None is without end."""
    begins = FIRST + timedelta(days=start)
    ends = None if length is None else str(begins + timedelta(days=length))
    return Price.model_validate({**OFFER, "from": str(begins), "to": ends, **other})


SPANS = st.tuples(st.integers(0, 25), st.none() | st.integers(1, 14))


@given(st.lists(SPANS, max_size=6))
def test_two_prices_clash_when_some_day_has_both(spans: list[tuple[int, int | None]]) -> None:
    def days(start: int, length: int | None) -> set[int]:
        return set(range(start, DAYS if length is None else start + length))

    found = set(clashes(tuple(price(*span) for span in spans)))
    assert found == {
        (one, two)
        for two in range(len(spans))
        for one in range(two)
        if days(*spans[one]) & days(*spans[two])
    }


def test_prices_of_different_things_never_clash() -> None:
    offers = (
        price(0, None),
        price(0, None, provider="other"),
        price(0, None, model="slow"),
        price(0, None, model=None, operation="fast"),
        price(0, None, unit="second"),
    )
    assert list(clashes(offers)) == []


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Auckland"])
def test_a_price_holds_from_midnight_to_midnight_of_the_products_zone(zone: str) -> None:
    start, end = price(0, 31).bounds(ZoneInfo(zone))
    assert end is not None
    for bound, day in ((start, 1), (end, 32)):
        local = datetime.fromtimestamp(bound / 1e6, UTC).astimezone(ZoneInfo(zone))
        assert (local.date(), local.time()) == (FIRST + timedelta(days=day - 1), time())
    assert price(0, None).bounds(ZoneInfo(zone)) == (start, None)


def test_an_amount_is_the_decimal_that_stands_there() -> None:
    assert price(0, None, price="€ 0.000000000001").amount == Decimal("1e-12")
    assert price(0, None, price="€ 0.5").code == "EUR"
    assert price(0, None, price="12", currency="JPY").code == "JPY"
    assert price(0, None, price=12).code is None
    assert Rate(rate="0.0067").factor == Decimal("0.0067")


def test_a_rate_without_a_day_always_held() -> None:
    assert Rate(rate="1.08").since(ZoneInfo("UTC")) is None
    late = Rate.model_validate({"rate": "1.08", "from": "2026-01-02"})
    assert late.since(ZoneInfo("UTC")) == int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()) * 10**6


@pytest.mark.parametrize(
    "written", ["20260105", "2026-1-5", "5.1.2026", "2026-02-30", 20260105, 0, None]
)
def test_what_is_no_day_is_refused(written: object) -> None:
    with pytest.raises(ValidationError, match="no day"):
        Sprint.model_validate({"starts": written, "length": "14d"})


def test_a_sprint_has_whole_days() -> None:
    assert Sprint.model_validate({"starts": "2026-01-05", "length": "14d"}).days == 14
    assert Sprint.model_validate({"starts": "2026-01-05", "length": "168h"}).days == 7
