"""Costs: usage for the collector to price, money only as an exact decimal."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge import Emitter
from loopgauge.testing import RecordingTransport, capture_events


def test_usage_is_sent_without_a_price(emit: Emitter) -> None:
    with capture_events(emit) as events:
        emit.cost(
            provider="acme",
            operation="synthesize",
            quantity=1200,
            unit="character",
            model="voice-2",
            attributes={"video.id": "v1"},
            stage="audio",
        )
    (event,) = events
    assert event.name == "cost.incurred"
    assert event.attributes == {
        "provider": "acme",
        "operation": "synthesize",
        "model": "voice-2",
        "cost.quantity": 1200,
        "cost.unit": "character",
        "video.id": "v1",
        "stage": "audio",
    }


@pytest.mark.parametrize(
    ("amount", "sent"),
    [
        ("0.12", "0.12"),
        ("0.10", "0.10"),
        (Decimal("0.0000012"), "0.0000012"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (3, "3"),
        ("-0.50", "-0.50"),
    ],
)
def test_an_amount_that_the_provider_named_is_sent_digit_for_digit(
    emit: Emitter, amount: Any, sent: str
) -> None:
    with capture_events(emit) as events:
        emit.cost(provider="acme", operation="render", amount=amount, currency="USD")
    assert events[0].attributes == {
        "provider": "acme",
        "operation": "render",
        "cost.amount": sent,
        "cost.currency": "USD",
    }


@pytest.fixture(scope="module")
def shared_emitter() -> Iterator[Emitter]:
    emitter = Emitter(product="campaigns", service="api", transport=RecordingTransport())
    yield emitter
    emitter.close()


@given(amount=st.decimals(-(10**12), 10**12, places=9))
def test_no_amount_is_ever_rounded(shared_emitter: Emitter, amount: Decimal) -> None:
    with capture_events(shared_emitter) as events:
        shared_emitter.cost(provider="acme", operation="render", amount=amount, currency="EUR")
    assert Decimal(str(events[0].attributes["cost.amount"])) == amount


@pytest.mark.parametrize(
    ("quantity", "sent"), [(12, 12), (0.5, 0.5), (Decimal(12), 12), (Decimal("0.5"), 0.5)]
)
def test_a_quantity_is_a_number(emit: Emitter, quantity: Any, sent: object) -> None:
    with capture_events(emit) as events:
        emit.cost(provider="acme", operation="render", quantity=quantity, unit="second")
    assert events[0].attributes["cost.quantity"] == sent
    assert type(events[0].attributes["cost.quantity"]) is type(sent)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"amount": 0.12, "currency": "USD"}, "amount= is a float"),
        ({"amount": True, "currency": "USD"}, "decimal string"),
        ({"amount": "1,20", "currency": "USD"}, "decimal number"),
        ({"amount": "1e3", "currency": "USD"}, "decimal number"),
        ({"amount": "NaN", "currency": "USD"}, "decimal number"),
        ({"amount": "١٢", "currency": "USD"}, "decimal number"),
        ({"amount": "1\n", "currency": "USD"}, "decimal number"),
        ({"amount": Decimal("NaN"), "currency": "USD"}, "decimal number"),
        ({"amount": Decimal("Infinity"), "currency": "USD"}, "decimal number"),
        ({"amount": "1"}, "belong together"),
        ({"currency": "USD", "quantity": 1, "unit": "call"}, "belong together"),
        ({"amount": "1", "currency": "usd"}, "ISO 4217"),
        ({"amount": "1", "currency": "USDX"}, "ISO 4217"),
        ({"amount": "1", "currency": 1}, "ISO 4217"),
        ({"quantity": 1}, "belong together"),
        ({"unit": "call"}, "needs quantity"),
        ({}, "needs quantity"),
        ({"quantity": "12", "unit": "second"}, "quantity= must be a number"),
        ({"quantity": True, "unit": "second"}, "quantity= must be a number"),
        ({"quantity": float("nan"), "unit": "second"}, "NaN"),
        ({"quantity": Decimal("sNaN"), "unit": "second"}, "cost.quantity"),
        ({"quantity": 1, "unit": ""}, "unit= must be a string"),
        ({"quantity": 1, "unit": "call", "provider": None}, "provider= must be a string"),
        ({"quantity": 1, "unit": "call", "operation": 7}, "operation= must be a string"),
        ({"quantity": 1, "unit": "call", "model": 7}, "model= must be a string"),
        ({"quantity": 1, "unit": "call", "attributes": 7}, "raise an error"),
        ({"quantity": 1, "unit": "call", "stage": []}, "one value each"),
    ],
)
def test_what_cannot_be_priced_is_refused_counted_and_told(
    make_emitter: Callable[..., Emitter],
    caplog: pytest.LogCaptureFixture,
    given: dict[str, Any],
    says: str,
) -> None:
    transport = RecordingTransport()
    emit = make_emitter(transport=transport)
    emit.cost(**{"provider": "acme", "operation": "render", **given})
    assert emit.flush()
    assert transport.events == []
    assert emit.stats().emitted == 1
    assert emit.stats().dropped == {"invalid": 1}
    (record,) = caplog.records
    assert says in record.getMessage()
    assert "test_cost_events.py" in record.getMessage()
