"""What an attribute's value means to a filter, a sum or a label (R5, R6, R8)."""

import operator
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from loopgauge_catalog.declarations import Attribute
from loopgauge_catalog.filters import Condition, Filter

MICRO = 1_000_000
_FACTORS = {
    "us": Fraction(1, MICRO), "ms": Fraction(1, 1000), "min": Fraction(60), "h": Fraction(3600),
}  # fmt: skip
#: Exactly at a strict target is a miss, exactly at an inclusive one is met.
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge, "above": operator.gt, "at_most": operator.le, "within": operator.le,
    "below": operator.lt, "under": operator.lt, "equals": operator.eq,
}  # fmt: skip


def is_number(value: Any) -> bool:
    """A JSON number: true and "1" are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(exact: Fraction) -> int:
    """The nearest whole number, half away from zero."""
    whole = Decimal(abs(exact).numerator) / Decimal(exact.denominator)
    return int(whole.quantize(Decimal(1), ROUND_HALF_UP)) * (-1 if exact < 0 else 1)


def millionths(value: Any, factor: Fraction = Fraction(1)) -> int:
    """A JSON number in millionths of the base unit (R5)."""
    return rounded(Fraction(Decimal(repr(value))) * factor * MICRO)


def _typed_alike(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return isinstance(value, bool)
    if isinstance(wanted, str):
        return isinstance(value, str)
    return is_number(value)


def _comparable(value: Any) -> Any:
    return millionths(value) if is_number(value) else value


def _holds(condition: Condition, value: Any) -> bool | None:
    """Whether a value fulfils one attribute's condition; None when nobody can say."""
    if value is None:
        return None
    if not all(_typed_alike(value, wanted) for wanted in (*condition.values, *condition.bounds)):
        return None
    mine = _comparable(value)
    listed = {
        name: [_comparable(each) for each in wanted]
        for name, wanted in (("in", condition.in_), ("not_in", condition.not_in))
        if wanted is not None
    }
    results = [
        mine in wanted if name == "in" else mine not in wanted for name, wanted in listed.items()
    ]
    if condition.equals is not None:
        results.append(mine == _comparable(condition.equals))
    if condition.not_equals is not None:
        results.append(mine != _comparable(condition.not_equals))
    for word in ("at_least", "above", "at_most", "below"):
        bound = getattr(condition, word)
        if bound is not None:
            results.append(COMPARE[word](mine, _comparable(bound)))
    return all(results)


def matches(asked: Filter, attributes: Mapping[str, Any]) -> bool | None:
    """Whether all conditions hold; None as soon as one cannot be judged."""
    results = [_holds(condition, attributes.get(name)) for name, condition in asked.root.items()]
    return None if None in results else all(results)


def text(value: Any) -> str | None:
    """An attribute as a label, a key or a subject."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def value_of(attributes: Mapping[str, Any], name: str, declared: Attribute) -> int | None:
    """The attribute in millionths of the base unit; None when it is no such number."""
    value = attributes.get(name)
    if declared.type == "money":
        if isinstance(value, str):
            return int(Decimal(value) * MICRO) if value.replace(".", "", 1).isdecimal() else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    factor = _FACTORS.get(declared.unit, Fraction(1))
    return millionths(value, factor) if is_number(value) else None
