"""What the catalog says about an event's attributes, compiled once per catalog.

Two forms of one check: types for a generated msgspec struct (`forms.py`), whose decoder
takes a good event in a third of a microsecond, and `check`, which finds the attribute
and the reason.
"""

import math
import re
from collections.abc import Collection
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from loopgauge_catalog.catalog import Attribute, Event
from loopgauge_catalog.quantities import MICRO, UNITS

from loopgauge_collector.admission.attributes import INT64_MAX, INT64_MIN, Attributes, JsonScalar
from loopgauge_collector.admission.currencies import CURRENCIES
from loopgauge_collector.admission.reasons import Fault, shown

#: KPIs count in millionths in 64 bits; a round number below that, so that every bound
#: made from it is exact as a double too.
_GREATEST_MICRO = 9 * 10**18

_AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,18})?"
_DECIMAL = re.compile(f"-?{_AMOUNT}")
#: Above all that the text of an amount can say, in millionths.
_MONEY_MICRO = 10**12 * MICRO
_CURRENCY: Any = Literal[tuple(sorted(CURRENCIES))]
_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
}


class Field(NamedTuple):
    """An attribute in the generated struct: its type, and whether it has to be there."""

    type: Any
    required: bool


class Declared:
    """One event of the catalog, ready to judge attributes.

    Args:
        name: the event's name, for messages.
        event: what the catalog declares.
        summed: attributes that a KPI counts in millionths.
    """

    def __init__(self, name: str, event: Event, summed: Collection[str] = ()) -> None:
        self._name = name
        self._rules = [
            _Rule(attribute, declared, attribute in summed)
            for attribute, declared in event.attributes.items()
        ]
        self._has_money = any(rule.kind == "money" for rule in self._rules)

    def check(self, attributes: Attributes) -> None:
        """Find what is wrong. A null counts as absent.

        Raises:
            Fault: the first attribute that does not fit its declaration.
        """
        if self._has_money:
            _check_currencies(attributes)
        for rule in self._rules:
            value = attributes.get(rule.name)
            if value is not None:
                rule.check(value)
            elif rule.required:
                raise Fault("missing_attribute", f"{self._name} needs the attribute {rule.name}")

    def fields(self) -> dict[str, Field] | None:
        """Types that exactly the good values have; None when types cannot say it all."""
        fields: dict[str, Field] = {}
        for rule in self._rules:
            kind = rule.type(may_be_any_text=not self._is_currency(rule.name))
            if kind is None:
                return None
            fields[rule.name] = Field(kind if rule.required else kind | None, rule.required)
        return fields

    def other_field(self, name: str) -> Field:
        """The type of an attribute that the catalog does not declare."""
        return Field(_CURRENCY | None if self._is_currency(name) else JsonScalar, required=False)

    def _is_currency(self, name: str) -> bool:
        return self._has_money and _is_currency(name)


class _Rule:
    """One declared attribute."""

    def __init__(self, name: str, declared: Attribute, is_summed: bool) -> None:
        self.name = name
        self.kind = declared.type
        self.required = declared.required
        self.allowed = declared.allowed
        dimension, factor, _ = UNITS[declared.unit]
        self.minimum, self.maximum = declared.minimum, declared.maximum
        if self.minimum is None and dimension == "time":
            self.minimum = 0  # a negative duration comes from a broken clock
        self.greatest = int(_GREATEST_MICRO / (factor * MICRO)) if is_summed else None

    def check(self, value: str | float | bool) -> None:
        """Judge a value that is there."""
        amount: Decimal | None = None
        if self.kind == "money":
            amount = _money(self.name, value)
        elif not self._has_type(value):
            raise Fault(
                "wrong_type",
                f"{self.name} must be {_TYPES[self.kind]}; it is {_written(value)}",
            )
        elif isinstance(value, int | float) and not isinstance(value, bool):
            amount = _exact(value)
        if self.allowed is not None and not any(
            value == one and isinstance(value, bool) == isinstance(one, bool)
            for one in self.allowed
        ):
            texts = ", ".join(str(one) for one in self.allowed[:20])
            raise Fault(
                "not_allowed", f"{self.name} is {_written(value)}; the catalog allows {texts}"
            )
        if amount is not None:
            self._check_range(amount, _written(value))

    def _has_type(self, value: str | float | bool) -> bool:
        if self.kind == "string":
            return isinstance(value, str)
        if isinstance(value, bool):
            return self.kind == "boolean"
        return (isinstance(value, int) and self.kind in ("integer", "number")) or (
            isinstance(value, float) and self.kind == "number"
        )

    def _check_range(self, amount: Decimal, written: str) -> None:
        if self.minimum is not None and amount < _exact(self.minimum):
            raise Fault(
                "out_of_range", f"{self.name} is {written}; the least allowed is {self.minimum}"
            )
        if self.maximum is not None and amount > _exact(self.maximum):
            raise Fault(
                "out_of_range", f"{self.name} is {written}; the greatest allowed is {self.maximum}"
            )
        if self.greatest is not None and abs(amount) > self.greatest:
            raise Fault(
                "number_out_of_range",
                f"{self.name} is {written}; a KPI counts amounts up to {self.greatest}",
            )

    def type(self, *, may_be_any_text: bool) -> Any:
        """The type of a good value; None when a type cannot say it."""
        if self.kind == "string":
            if self.allowed is None:
                return str if may_be_any_text else _CURRENCY
            texts = tuple(
                one
                for one in self.allowed
                if isinstance(one, str) and (may_be_any_text or one in CURRENCIES)
            )
            return Literal[texts] if texts else None
        if self.allowed is not None or not may_be_any_text:
            return None
        if self.kind == "money":
            return self._money()
        if self.kind == "boolean":
            return bool
        low = [b for b in (self.minimum, self.greatest and -self.greatest) if b is not None]
        high = [b for b in (self.maximum, self.greatest) if b is not None]
        integer = Annotated[
            int,
            msgspec.Meta(
                ge=math.ceil(max([INT64_MIN, *low])), le=math.floor(min([INT64_MAX, *high]))
            ),
        ]
        if self.kind == "integer":
            return integer
        bounds = msgspec.Meta(
            ge=float(max(low)) if low else None, le=float(min(high)) if high else None
        )
        return integer | Annotated[float, bounds]

    def _money(self) -> Any:
        """Money without bounds of its own, or not negative, which is most of it."""
        greatest = INT64_MAX if self.greatest is None else self.greatest * MICRO
        if self.minimum not in (None, 0) or self.maximum is not None or greatest < _MONEY_MICRO:
            return None
        sign = "-?" if self.minimum is None else ""
        least = 0 if self.minimum == 0 else max(INT64_MIN, -greatest)
        return (
            Annotated[str, msgspec.Meta(pattern=rf"\A{sign}{_AMOUNT}\Z")]
            | Annotated[int, msgspec.Meta(ge=least, le=min(INT64_MAX, greatest))]
        )


def _exact(number: float) -> Decimal:
    # By way of its text: the catalog's 0.1 and the event's 0.1 are then the same number.
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _money(name: str, value: str | float | bool) -> Decimal:
    """An amount in its currency, from decimal text or from whole micro-units."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value) / MICRO
    raise Fault(
        "invalid_money",
        f'{name} is {_written(value)}; write the amount as decimal text such as "0.42", '
        "or as an integer of millionths (420000); a float of money is never exact",
    )


def _check_currencies(attributes: Attributes) -> None:
    for name in attributes:
        if not _is_currency(name):
            continue
        value = attributes[name]
        if value is not None and value not in CURRENCIES:
            raise Fault(
                "invalid_currency",
                f"{name} is {_written(value)}; write an ISO 4217 code such as USD",
            )


@lru_cache(maxsize=4096)
def _is_currency(name: str) -> bool:
    return name == "currency" or name.endswith((".currency", "_currency"))


def _written(value: str | float | bool) -> str:
    if isinstance(value, str):
        return f"the text {shown(value)}"
    return str(value).lower() if isinstance(value, bool) else str(value)
