"""What the catalog says about an event's attributes, compiled once per catalog.

Two forms of one check: a generated msgspec struct that takes a good event in a quarter
of a microsecond, and `check`, which finds the attribute and the reason.
"""

import math
import re
from collections.abc import Collection
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from loopgauge_catalog.catalog import Attribute, Event
from loopgauge_catalog.quantities import MICRO, UNITS

from loopgauge_collector.admission.attributes import INT64_MAX, INT64_MIN, Attributes
from loopgauge_collector.admission.currencies import CURRENCIES
from loopgauge_collector.admission.reasons import Fault, shown

#: KPIs count in millionths in 64 bits; a round number below that, so that every bound
#: made from it is exact as a double too.
_GREATEST_MICRO = 9 * 10**18

_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,18})?", re.ASCII)
_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "an integer",
    "boolean": "true or false",
}


class Declared:
    """One event of the catalog, ready to judge attributes.

    Args:
        name: the event's name, for messages.
        event: what the catalog declares.
        summed: attributes that a KPI counts in millionths.

    Attributes:
        good: a msgspec type that attributes convert to when they fit, as far as a type can
            say it.
        needs_more: whether `check_more` has to be asked too.
    """

    def __init__(self, name: str, event: Event, summed: Collection[str] = ()) -> None:
        self._name = name
        self._rules = [
            _Rule(attribute, declared, attribute in summed)
            for attribute, declared in event.attributes.items()
        ]
        self._has_money = any(rule.kind == "money" for rule in self._rules)
        self._more = [rule for rule in self._rules if rule.field() is None]
        self.needs_more = bool(self._more)
        self.good = _struct(self._rules)

    def check(self, attributes: Attributes) -> None:
        """Find what is wrong. A null counts as absent.

        Raises:
            Fault: the first attribute that does not fit its declaration.
        """
        self._check(attributes, self._rules)

    def check_more(self, attributes: Attributes) -> None:
        """Check what the type `good` cannot say; it has said yes to the rest.

        Raises:
            Fault: the first attribute that does not fit its declaration.
        """
        self._check(attributes, self._more)

    def _check(self, attributes: Attributes, rules: "list[_Rule]") -> None:
        if self._has_money:
            _check_currencies(attributes)
        for rule in rules:
            value = attributes.get(rule.name)
            if value is not None:
                rule.check(value)
            elif rule.required:
                raise Fault("missing_attribute", f"{self._name} needs the attribute {rule.name}")


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

    def field(self) -> Any:
        """The type of a good value in the generated struct; None when a struct cannot say."""
        if self.kind == "string":
            if self.allowed is None:
                return str
            texts = tuple(one for one in self.allowed if isinstance(one, str))
            return Literal[texts] if texts else None
        if self.kind == "money" or self.allowed is not None:
            return None
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


def _struct(rules: list[_Rule]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    for number, rule in enumerate(rules):
        kind = rule.field()
        if kind is None:
            continue
        if rule.required:
            fields.append((f"a{number}", kind, msgspec.field(name=rule.name)))
        else:
            fields.append((f"a{number}", kind | None, msgspec.field(name=rule.name, default=None)))
    return msgspec.defstruct("Good", fields, kw_only=True, gc=False)


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
