"""What an item of a bill costs: amounts, prices, rates, and when each of them holds."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.states import State

from tests.engine.costs import COST_EVENTS, cost
from tests.engine.harness import DAY, HOUR, MINUTE, SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
#: In New York a day begins at 05:00 UTC in November.
DAY_16, DAY_17 = moment("2026-11-16 05:00"), moment("2026-11-17 05:00")
ZONE = "America/New_York"

PRICES: list[dict[str, Any]] = [
    {"model": "large", "unit": "token", "price": "$0.03", "per": 1000, "to": "2026-11-17"},
    {"model": "large", "unit": "token", "price": "$0.02", "per": 1000, "from": "2026-11-17"},
    {"operation": "write", "unit": "token", "price": "$0.000001"},
    {"operation": "write", "unit": "page", "price": "€0.40", "per": 3},
    {"model": "odd", "unit": "token", "price": "0.000000000001", "currency": "SEK", "per": 7},
    {"model": "dear", "unit": "token", "price": "999999999999"},
]
SPEND = {"kind": "cost", "window": "7d", "labels": ["model"]}

MakeEngine = Callable[..., Engine]


def files(
    prices: Sequence[dict[str, Any]] = PRICES, kpi: dict[str, Any] = SPEND, **more: Any
) -> dict[str, Any]:
    return {
        **product({"spend": kpi}, COST_EVENTS, zone=ZONE),
        "currencies": {
            "EUR": [{"rate": "1.08"}, {"rate": "1.10", "from": "2026-11-17"}],
            # Before that day nobody knows what a krona was worth.
            "SEK": [{"rate": "0.123456789", "from": "2026-11-16"}],
        },
        "prices": [
            {"provider": "openai", "from": "2026-01-01", "source": "A list", **price}
            for price in prices
        ],
        **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("item", "dollars"),
    [
        (cost(NOON - HOUR, "1.234567"), "1.234567"),
        (cost(NOON - HOUR, 1_234_567), "1.234567"),
        (cost(NOON - HOUR, "-2.50"), "-2.5"),
        # The provider's amount stands, whatever the list says.
        (cost(NOON - HOUR, "0.42", quantity=1e6, unit="token", model="large"), "0.42"),
        (cost(NOON - HOUR, "10", currency="EUR"), "11"),
        (cost(DAY_17 - 1, "10", currency="EUR"), "10.8"),
        (cost(DAY_17, "10", currency="EUR"), "11"),
        (cost(DAY_16 - 1, "10", currency="SEK"), None),
        (cost(DAY_16, "10", currency="SEK"), "1.234568"),
        (cost(NOON - HOUR, "10", currency="GBP"), None),
        (cost(DAY_17 - 1, quantity=1500, unit="token", model="large"), "0.045"),
        (cost(DAY_17, quantity=1500, unit="token", model="large"), "0.03"),
        # No price for the model, but one for what it did.
        (cost(NOON - HOUR, quantity=2e6, unit="token", model="small"), "2"),
        (cost(NOON - HOUR, quantity=2e6, unit="token"), "2"),
        # Half of a millionth counts as one: 0.5 tokens at a millionth of a dollar.
        (cost(NOON - HOUR, quantity=0.5, unit="token"), "0.000001"),
        (cost(NOON - HOUR, quantity=0.499999, unit="token"), "0"),
        # 0.40 / 3 x 1.10, rounded once.
        (cost(NOON - HOUR, quantity=1, unit="page"), "0.146667"),
        (cost(NOON - HOUR, quantity=1, unit="token", provider="other"), None),
        (cost(NOON - HOUR, quantity=1, unit="hour"), None),
        (cost(NOON - HOUR, quantity=1), None),
        (cost(NOON - HOUR), None),
        # The model's price is in a currency without a rate: the operation's does not step in.
        (cost(DAY_16 - 1, quantity=1e6, unit="token", model="odd"), None),
        (cost(NOON - HOUR, quantity=1e11, unit="token", model="odd"), "0.001764"),
        # More than the store's integers hold is no amount.
        (cost(NOON - HOUR, quantity=1e6, unit="token", model="dear"), None),
    ],
)  # fmt: skip
def test_an_item_costs_its_amount_or_its_quantity_at_the_price_of_its_time(
    make_engine: MakeEngine, item: Event, dollars: str | None
) -> None:
    engine = make_engine(files())
    engine.send(item, cost(NOON - MINUTE, "5"))

    reading = engine.read("spend", NOON)

    assert reading.value == float(5 + Decimal(dollars or 0))
    assert (reading.samples, reading.unpriced) == ((1, 1) if dollars is None else (2, 0))
    assert engine.value("spend").state is (State.UNPRICED if dollars is None else State.OK)


def test_breakdowns_count_what_has_no_price_of_each_label_value(make_engine: MakeEngine) -> None:
    engine = make_engine(files())
    engine.send(
        cost(NOON - HOUR, "1", model="large"),
        cost(NOON - HOUR, quantity=1, unit="hour", model="large"),
        cost(NOON - HOUR, "2"),
    )

    found = engine.value("spend").breakdowns["model"]

    assert {v: (r.value, r.samples, r.unpriced) for v, r in found.items()} == {
        "large": (1.0, 1, 1), "__none__": (2.0, 1, 0),
    }  # fmt: skip


def test_a_label_value_that_surely_costs_too_much_is_worse_than_a_missing_price(
    make_engine: MakeEngine,
) -> None:
    kpi = {**SPEND, "target": {"below": "$1"}, "each": ["model"]}
    engine = make_engine(files([], kpi))
    engine.send(
        cost(NOON - MINUTE, "3", model="large"),
        cost(NOON - MINUTE, "-2.5", model="small"),
        cost(NOON - MINUTE, quantity=1, unit="hour"),
    )

    value = engine.value("spend")

    # In all $0.50 and an unknown amount, but the one model is over $1.
    assert (value.state, value.sure) == (State.BREACH, True)
    assert value.worst == ("model", "large")


def test_a_changed_price_prices_history_again(make_engine: MakeEngine) -> None:
    engine = make_engine(files())
    engine.send(*(cost(NOON - n * DAY - 1, quantity=1000, unit="token") for n in range(5)))
    assert engine.read("spend", NOON).value == 0.005
    before = engine.value("spend").revision

    dearer = [
        dict(PRICES[2], to="2026-11-17"),
        dict(PRICES[2], price="$1", **{"from": "2026-11-17"}),
    ]
    engine.adopt(files(dearer))
    engine.catch_up()

    assert engine.value("spend").revision != before
    assert engine.read("spend", NOON).value == 2000.003
    # Another source of the same price is no other price.
    after = engine.value("spend").revision
    engine.adopt(files([dict(price, source="Another list") for price in dearer]))
    assert engine.value("spend").revision == after


def test_other_kpis_are_not_touched_by_a_price(make_engine: MakeEngine) -> None:
    count = {"kind": "count", "event": "cost.incurred", "window": "7d"}
    engine = make_engine(files(kpi=count))
    engine.send(cost(NOON - MINUTE, "1"))

    engine.adopt(files([], kpi=count))

    assert engine.value("spend").state is State.OK


def test_a_budget_in_another_currency_counts_in_it(make_engine: MakeEngine) -> None:
    raw = files(
        kpi={"kind": "budget", "budget": "euros"},
        budgets={"euros": {"limit": "€100", "timezone": "UTC"}},
    )
    engine = make_engine(raw)
    engine.send(
        cost(DAY_17 - 1, "10", currency="EUR"),  # whatever a euro is worth in dollars
        cost(DAY_17 - 1, "1.08"),
        cost(DAY_17, "1.10"),
        cost(DAY_17, quantity=3, unit="page"),
    )

    assert engine.read("spend", NOON).value == 0.1240


def test_hundreds_of_prices_do_not_lengthen_the_statement(make_engine: MakeEngine) -> None:
    many = [{"model": f"m{n}", "unit": "token", "price": f"0.{n:03}", "currency": "USD"}
            for n in range(1, 600)]  # fmt: skip
    engine = make_engine(files(many))
    engine.send(*(cost(NOON - n, quantity=2, unit="token", model=f"m{n}") for n in range(1, 600)))

    assert engine.read("spend", NOON).value == 2 * sum(range(1, 600)) / 1000


_items = st.builds(
    lambda back, **said: cost(NOON - back, **{k: v for k, v in said.items() if v is not None}),
    back=st.one_of(
        st.integers(0, 3 * DAY // SECOND).map(lambda s: s * SECOND),
        st.sampled_from([NOON - DAY_17, NOON - DAY_17 + 1, NOON - DAY_16, NOON - DAY_16 + 1]),
    ),
    amount=st.none() | st.integers(-(10**15), 10**15)
    | st.decimals(0, 10**9, places=6).map(lambda d: f"{d:f}"),
    currency=st.sampled_from(["USD", "EUR", "SEK", "GBP"]),
    quantity=st.none() | st.integers(0, 10**11) | st.sampled_from([0.5, 1.25, 1e-6, 3.333333]),
    unit=st.sampled_from(["token", "page", "hour"]),
    model=st.sampled_from([None, "large", "small", "odd", "dear"]),
)  # fmt: skip


def day_of(event: Event) -> str:
    """The local day of an event, as the prices are dated."""
    new_york = timedelta(microseconds=event.time) - timedelta(hours=5)
    return (datetime(1970, 1, 1, tzinfo=UTC) + new_york).date().isoformat()


def priced(event: Event) -> Decimal | None:
    """An item in dollars, read from the lists as a bookkeeper would."""
    said = event.attributes
    day = day_of(event)
    rates = {
        "USD": "1", "EUR": "1.10" if day >= "2026-11-17" else "1.08",
        "SEK": "0.123456789" if day >= "2026-11-16" else None,
    }  # fmt: skip
    if "cost.amount" in said:
        raw = said["cost.amount"]
        base = Fraction(raw, 10**6) if isinstance(raw, int) else Fraction(raw)
        rate = rates.get(said["cost.currency"])
    else:
        fits = [
            price
            for price in sorted(PRICES, key=lambda price: "operation" in price)
            if said.get("model") == price.get("model", said.get("model"))
            and said["operation"] == price.get("operation", said["operation"])
            and price["unit"] == said["cost.unit"]
            and price.get("from", "2026-01-01") <= day < price.get("to", "2099-01-01")
        ]
        if not fits or "cost.quantity" not in said:
            return None
        text = fits[0]["price"]
        rate = rates["EUR" if "€" in text else fits[0].get("currency", "USD")]
        base = Fraction(str(said["cost.quantity"])) * Fraction(text.strip("$€"))
        base /= fits[0].get("per", 1)
    if rate is None:
        return None
    exact = base * Fraction(rate)
    with localcontext(prec=200):
        value = Decimal(exact.numerator) / Decimal(exact.denominator)
        cents = value.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return cents if abs(cents) < 2**63 / Decimal(10**6) else None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    batches=st.lists(st.lists(_items, min_size=1, max_size=8), min_size=1, max_size=4),
    ages=st.lists(st.integers(1, 3 * 24 * 4 - 1), max_size=3),
)
@example(batches=[[cost(DAY_17, quantity=10**11, unit="token", model="dear")]], ages=[])
def test_any_bill_in_any_order_comes_to_the_same_at_any_moment(
    batches: list[list[Event]], ages: list[int]
) -> None:
    sent = [item for batch in batches for item in batch]
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), files(), now=NOON)
        for number, batch in enumerate(batches):
            engine.send(*batch)
            if number % 2:
                engine.merge()
        for at in (NOON, *(NOON - age * 15 * MINUTE for age in ages)):
            prices = [priced(item) for item in sent if at - 7 * DAY <= item.time < at]
            known = [price for price in prices if price is not None]
            reading = engine.read("spend", at)
            if not any(item.time < at for item in sent):
                assert reading.value is None
                continue
            assert reading.value == float(sum(known, Decimal(0)))
            assert (reading.samples, reading.unpriced) == (len(known), len(prices) - len(known))
        before = engine.value("spend")
        engine.rebuild()
        after = engine.value("spend")
        engine.close()
    assert (before.reading, before.breakdowns) == (after.reading, after.breakdowns)
