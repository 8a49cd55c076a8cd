"""Prices, currencies, rates, costs and budgets; each mistake in exact words."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: (old text, new text, everything that the loader says).
MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "a budget that nobody declares": (
        "budget: films",
        "budget: fims",
        ["studio.yaml:133:17: no budget is called fims; did you mean 'films'?"],
    ),
    "a budget that is no money": (
        "limit: $500",
        "limit: 500",
        ["studio.yaml:12:3: a budget of 500 is no amount that can be spent; write it as $300"],
    ),
    "a budget for costs that cannot be": (
        "[render, voice]",
        "[render, voce]",
        ["studio.yaml:12:57: cost.kind is never 'voce'; did you mean 'voice'?"],
    ),
    "a budget by what costs do not carry": (
        "where: {cost.kind:",
        "where: {cost.knd:",
        [
            "studio.yaml:12:57: cost.incurred does not declare the attribute cost.knd; did you mean 'cost.kind'?"
        ],
    ),
    "a budget in a zone of its own": (
        "timezone: Europe/Berlin",
        "timezone: Europe/Berln",
        ["studio.yaml:12:34: 'Europe/Berln' is no IANA time zone; did you mean 'Europe/Berlin'?"],
    ),
    "costs that nobody declares": (
        "  cost.incurred:\n",
        "  cost.incured:\n",
        [
            "studio.yaml:114:7: studio.spend reads cost.incurred, which is not declared under events; did you mean 'cost.incured'?",
            "studio.yaml:120:7: studio.film_cost reads cost.incurred, which is not declared under events; did you mean 'cost.incured'?",
            "studio.yaml:133:17: studio.budget_left reads cost.incurred, which is not declared under events; did you mean 'cost.incured'?",
        ],
    ),
    "costs without a quantity": (
        "      cost.quantity: {type: number, minimum: 0}\n",
        "",
        [
            "studio.yaml:284:5: cost.incurred does not declare cost.quantity, by which costs are priced; declare it under the event's attributes"
        ],
    ),
    "an amount that is a float": (
        "cost.amount: {type: money, unit: usd}",
        "cost.amount: {type: number}",
        [
            "studio.yaml:291:7: cost.amount is of type number, so no cost could be priced by it; write type: money"
        ],
    ),
    "a currency without a rate": (
        'currencies:\n  EUR: {rate: "1.08", from: 2026-01-01}\n',
        "",
        [
            "studio.yaml:8:5: no rate says what EUR is worth in USD, so such amounts would never be added up; add EUR under currencies",
            "studio.yaml:290:38: no rate says what EUR is worth in USD, so such amounts would never be added up; add EUR under currencies",
        ],
    ),
    "a currency of a cost without a rate": (
        "allowed: [USD, EUR]",
        "allowed: [USD, GBP]",
        [
            "studio.yaml:292:38: no rate says what GBP is worth in USD, so such amounts would never be added up; add GBP under currencies"
        ],
    ),
    "a rate of the own currency": (
        "  EUR: {rate",
        '  USD: {rate: "1"}\n  EUR: {rate',
        ["studio.yaml:7:3: costs are counted in USD, which needs no rate; delete it"],
    ),
    "two rates of a day": (
        '{rate: "1.08", from: 2026-01-01}',
        '[{rate: "1.08"}, {rate: "1.1"}]',
        [
            "studio.yaml:7:25: EUR has two rates from the same day; delete one, or give it another from"
        ],
    ),
    "a rate that is a float": (
        '"1.08"',
        "1.08",
        ["studio.yaml:7:15: 1.08 is a float, which is not exact; put it in quotes"],
    ),
    "a rate of nothing": (
        '"1.08"',
        "0",
        ['studio.yaml:7:3: a rate of 0 makes everything free; write for example "1.08"'],
    ),
    "a price twice": (
        "source: Price list}",
        "source: Price list}\n  - {provider: voices, model: tenor, unit: second, price: $0.03, from: 2026-03-01, source: Price list}",
        [
            "studio.yaml:10:5: voices tenor, second has two prices from 2026-03-01 on (see studio.yaml:9:5); add to: 2026-03-01 to the older one"
        ],
    ),
    "a price that is a float": (
        "price: $0.02",
        "price: 0.02",
        ["studio.yaml:9:59: 0.02 is a float, which is not exact; put it in quotes"],
    ),
    "a price for nothing": (
        "model: tenor, ",
        "",
        ["studio.yaml:9:5: a price is for a model or for an operation; give exactly one of them"],
    ),
    "a price for both": (
        "model: tenor, ",
        "model: tenor, operation: speak, ",
        ["studio.yaml:9:5: a price is for a model or for an operation; give exactly one of them"],
    ),
    "a price with two currencies": (
        "price: $0.02",
        "price: $0.02, currency: EUR",
        ["studio.yaml:9:5: the price $0.02 is not in EUR; delete the sign or the currency"],
    ),
    "a price that ends before it begins": (
        "to: 2026-07-01",
        "to: 2025-07-01",
        [
            "studio.yaml:10:5: the price ends on 2025-07-01, which is not after 2026-01-01; write a later day"
        ],
    ),
    "a price without a source": (
        ", source: Price list",
        "",
        ["studio.yaml:9:5: 'source' is missing; add for example source: Price list of January"],
    ),
    "a price that is no money": (
        "price: $0.02",
        "price: cheap",
        ["studio.yaml:9:59: 'cheap' is no price; write $0.15, or 0.15 in quotes with a currency"],
    ),
    "a limit of nothing": (
        "limit: 10000",
        "limit: 0",
        ["studio.yaml:147:16: a limit of 0 leaves nothing to use up; write 10000 or so"],
    ),
    "a currency that is no code": (
        "  EUR: {",
        "  Euro: {",
        ["studio.yaml:7:3: 'Euro' is no name here: write three capital letters, such as EUR"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_refuses_the_catalog(mistake: str, studio_after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert studio_after(old, new) == said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit: $500", "limit: €500"),
        ("price: $0.02", 'price: "0.02"'),
        ("price: $0.02", "price: 3"),
        ('{rate: "1.08", from: 2026-01-01}', '[{rate: "1.08"}, {rate: "1.1", from: 2026-03-01}]'),
        (
            "to: 2026-07-01, source: Contract}",
            "to: 2026-07-01, source: Contract}\n  - {provider: farm, operation: render, unit: frame, price: €0.6, from: 2026-07-01, source: Contract}",
        ),
        ("model: tenor, ", "operation: tenor, "),
        ("timezone: Europe/Berlin, ", ""),
        ("allowed: [USD, EUR]", "allowed: [EUR]"),
    ],
)
def test_the_neighbour_of_a_mistake_is_taken(old: str, new: str, studio_after: Edit) -> None:
    assert studio_after(old, new) == []


def test_a_budget_in_a_currency_without_a_rate_is_refused(studio_after: Edit) -> None:
    said = studio_after(
        'currencies:\n  EUR: {rate: "1.08", from: 2026-01-01}\n', "", "limit: $500", "limit: €500"
    )
    assert (
        "studio.yaml:10:18: no rate says what EUR is worth in USD, so such amounts would never be added up; add EUR under currencies"
        in said
    )


def test_a_budget_of_sprints_needs_to_know_when_they_begin(studio_after: Edit) -> None:
    assert studio_after("limit: $500", "limit: $500, period: sprint") == []
    said = studio_after(
        "limit: $500",
        "limit: $500, period: sprint",
        "sprint: {starts: 2026-01-05, length: 14d}\n",
        "",
    )
    assert (
        said[0]
        == "studio.yaml:11:32: nothing says when sprints begin; add sprint: {starts: 2026-01-05, length: 14d}"
    )
