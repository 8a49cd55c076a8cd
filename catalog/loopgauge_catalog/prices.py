"""What things cost and what may be spent: prices, rates of currencies, budgets.

Prices stand here and not in the library that services import, because a price that
changes must not need every service deployed again, and history can be priced anew.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, Strict, model_validator

from loopgauge_catalog.calendar import Day, Period, Zone
from loopgauge_catalog.errors import shown
from loopgauge_catalog.filters import Filter
from loopgauge_catalog.model import Model, listed
from loopgauge_catalog.quantities import Quantity

#: The event whose amounts are added up, and what is read from it to price them.
COST_EVENT = "cost.incurred"
COST_ATTRIBUTES: tuple[str, ...] = (
    "provider", "operation", "model", "cost.quantity", "cost.unit", "cost.amount", "cost.currency",
)  # fmt: skip

#: Signs that a price or limit may carry in place of a currency code.
SIGNS: dict[str, str] = {"$": "USD", "€": "EUR"}

CODE_PATTERN = r"^[A-Z]{3}$"
_PRICE_PATTERN = r"^[$€]? ?[0-9]{1,12}(\.[0-9]{1,12})?$"
_RATE_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"

CurrencyCode = Annotated[str, Field(pattern=CODE_PATTERN, examples=["EUR"])]


def _decimal_text(pattern: str, what: str) -> Callable[[object], object]:
    """Reads exact decimals only: a float has lost what stood in the file."""

    def read(raw: object) -> object:
        if isinstance(raw, float):
            raise ValueError(f"{raw} is a float, which is not exact; put it in quotes")
        text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
        if isinstance(text, str) and not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"{shown(text)} is no {what}")
        return text

    return read


_Amount = Annotated[
    str,
    BeforeValidator(
        _decimal_text(_PRICE_PATTERN, "price; write $0.15, or 0.15 in quotes with a currency"),
        json_schema_input_type=Annotated[str, Field(pattern=_PRICE_PATTERN)] | int,
    ),
]
_RateText = Annotated[
    str,
    BeforeValidator(
        _decimal_text(_RATE_PATTERN, 'rate; write it as "1.08"'),
        json_schema_input_type=Annotated[str, Field(pattern=_RATE_PATTERN)] | int,
    ),
]


def _midnight(day: date, zone: ZoneInfo) -> int:
    """Microseconds of the day's first moment in a zone."""
    return int(datetime.combine(day, time(), tzinfo=zone).timestamp()) * 1_000_000


class Price(Model):
    """What a provider asks for a quantity of something, from one day on.

    A price for a model comes before one for an operation. It holds from the first moment
    of `from` to the last before `to`, in the product's time zone.
    """

    provider: Annotated[str, Field(min_length=1)]
    model: str | None = None
    operation: str | None = None
    unit: Annotated[str, Field(min_length=1, description="What cost.unit says, as token")]
    price: Annotated[_Amount, Field(description="$0.15, or 0.15 in quotes with a currency")]
    per: Annotated[int, Field(ge=1, description="Units that the price is for"), Strict()] = 1
    currency: CurrencyCode | None = None
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None
    source: Annotated[str, Field(min_length=3, description="Where the price stands")]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.model is None) == (self.operation is None):
            raise ValueError("a price is for a model or for an operation; give exactly one of them")
        sign = SIGNS.get(self.price[0])
        if sign is not None and self.currency is not None and sign != self.currency:
            raise ValueError(
                f"the price {self.price} is not in {self.currency}; delete the sign or the currency"
            )
        if self.to is not None and self.to <= self.from_:
            raise ValueError(
                f"the price ends on {self.to}, which is not after {self.from_}; write a later day"
            )
        return self

    @property
    def amount(self) -> Decimal:
        """What `per` units cost, exactly."""
        return Decimal(self.price.lstrip("$€ "))

    @property
    def code(self) -> str | None:
        """The currency's code; None where the product's own is meant."""
        return self.currency or SIGNS.get(self.price[0])

    @property
    def what(self) -> tuple[str, str | None, str | None, str]:
        """What it is for: provider, model, operation, unit."""
        return self.provider, self.model, self.operation, self.unit

    def bounds(self, zone: ZoneInfo) -> tuple[int, int | None]:
        """When it holds, as microseconds: from inclusive, to exclusive, None without end."""
        end = None if self.to is None else _midnight(self.to, zone)
        return _midnight(self.from_, zone), end

    def overlaps(self, other: "Price") -> bool:
        """Whether both would price the same item at some moment."""
        if self.what != other.what:
            return False
        starts_late = other.to is not None and self.from_ >= other.to
        ends_early = self.to is not None and self.to <= other.from_
        return not (starts_late or ends_early)


class Rate(Model):
    """What one unit of a currency is worth in the product's own, from one day on."""

    rate: _RateText
    from_: Annotated[Day | None, Field(alias="from")] = None

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.factor <= 0:
            raise ValueError('a rate of 0 makes everything free; write for example "1.08"')
        return self

    @property
    def factor(self) -> Decimal:
        """The rate, exactly."""
        return Decimal(self.rate)

    def since(self, zone: ZoneInfo) -> int | None:
        """Microseconds from which it holds; None where it always did."""
        return None if self.from_ is None else _midnight(self.from_, zone)


#: One rate, or several that follow each other.
Rates = Annotated[
    tuple[Rate, ...],
    BeforeValidator(
        listed, json_schema_input_type=Rate | Annotated[list[Rate], Field(min_length=1)]
    ),
    Field(min_length=1),
]


class Budget(Model):
    """What may be spent in a calendar period, on the costs that `where` picks."""

    limit: Annotated[Quantity, Field(description="Money, as $300")]
    period: Period = "month"
    timezone: Annotated[Zone | None, Field(description="The product's, unless given")] = None
    where: Filter = Filter({})

    @model_validator(mode="after")
    def _spendable(self) -> Self:
        if self.limit.dimension != "money" or self.limit.micro <= 0:
            raise ValueError(
                f"a budget of {self.limit.text} is no amount that can be spent; write it as $300"
            )
        return self

    @property
    def code(self) -> str:
        """The currency of the limit."""
        return SIGNS[self.limit.text[0]]


#: Currencies that a product can count its money in; each has a unit of its own.
OwnCurrency = Literal["USD", "EUR"]


def clashes(prices: tuple[Price, ...]) -> Iterator[tuple[int, int]]:
    """Pairs of prices, by position, that hold for the same thing at the same time."""
    seen: dict[tuple[str, str | None, str | None, str], list[int]] = {}
    for number, price in enumerate(prices):
        twins = seen.setdefault(price.what, [])
        yield from ((twin, number) for twin in twins if prices[twin].overlaps(price))
        twins.append(number)


def price_words(price: Price) -> str:
    """``openai gpt-4o, token``: what it is for."""
    return f"{price.provider} {price.model or price.operation}, {price.unit}"
