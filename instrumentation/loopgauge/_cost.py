"""What was used, and what it cost where the provider named it. The collector sets prices.

Money is never a float here: 0.1 + 0.2 is not 0.3, and bills are added up.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from loopgauge._checks import InvalidEvent

COST_EVENT: Final = "cost.incurred"

_AMOUNT = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")


def cost_attributes(
    *,
    provider: object,
    operation: object,
    quantity: object,
    unit: object,
    model: object,
    amount: object,
    currency: object,
    attributes: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The attributes of a `cost.incurred` event.

    Raises:
        InvalidEvent: when neither usage nor an amount is complete, or money is a float.
    """
    result: dict[str, Any] = {} if attributes is None else dict(attributes)
    result["provider"] = _word("provider", provider)
    result["operation"] = _word("operation", operation)
    if model is not None:
        result["model"] = _word("model", model)
    if quantity is None and amount is None:
        raise InvalidEvent("a cost needs quantity= and unit=, or amount= and currency=, or both")
    if (quantity is None) != (unit is None):
        raise InvalidEvent(
            "quantity= and unit= belong together, such as quantity=12, unit='second'"
        )
    if (amount is None) != (currency is None):
        raise InvalidEvent(
            "amount= and currency= belong together, such as amount='0.12', currency='USD'"
        )
    if quantity is not None:
        result["cost.quantity"] = _number(quantity)
        result["cost.unit"] = _word("unit", unit)
    if amount is not None:
        result["cost.amount"] = _money(amount)
        if not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
            raise InvalidEvent("currency= must be an ISO 4217 code such as 'USD'")
        result["cost.currency"] = currency
    return result


def _word(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"{name}= must be a string that is not empty")
    return value


def _number(quantity: object) -> object:
    if isinstance(quantity, bool):
        raise InvalidEvent("quantity= must be a number")
    if isinstance(quantity, Decimal) and quantity.is_finite():
        return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
    if isinstance(quantity, str):
        raise InvalidEvent("quantity= must be a number, not a string")
    return quantity  # judged with all other attributes


def _money(amount: object) -> str:
    """The amount as a plain decimal string, digit for digit."""
    if isinstance(amount, float):
        raise InvalidEvent(
            "amount= is a float, which is not exact; write amount='0.12' or Decimal('0.12'), "
            "as the provider's answer has it"
        )
    if isinstance(amount, bool) or not isinstance(amount, int | str | Decimal):
        raise InvalidEvent("amount= must be a decimal string or a Decimal")
    text = format(amount, "f") if isinstance(amount, Decimal) else str(amount)
    if not _AMOUNT.fullmatch(text):
        raise InvalidEvent("amount= must be a decimal number such as '0.12'")
    return text
