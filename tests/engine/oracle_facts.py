"""What one event says to one KPI, in plain Python: written from the KPI semantics alone.

Nothing here imports the engine or the catalog's models; KPIs are the dicts of a catalog file.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from tests.engine.harness import Event

MICRO = 1_000_000
_UNITS = {
    "us": Fraction(1, MICRO), "ms": Fraction(1, 1000), "s": Fraction(1), "min": Fraction(60),
    "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86400), "1": Fraction(1),
    "points": Fraction(1), "usd": Fraction(1),
}  # fmt: skip
#: Exactly at a strict target is a miss, exactly at an inclusive one is met.
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge, "above": operator.gt, "at_most": operator.le, "within": operator.le,
    "below": operator.lt, "under": operator.lt, "equals": operator.eq,
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """An event as one KPI sees it.

    `eligible` is False when something that the KPI needs is missing or of a wrong type (R6).
    """

    time: int
    id: str
    eligible: bool
    micro: int
    good: bool
    subject: str | None
    labels: Mapping[str, str]


@dataclass
class Answer:
    """A KPI's number over one window, and its state."""

    start: int | None = None
    end: int = 0
    value: Fraction | float | None = None
    samples: int = 0
    ineligible: int = 0
    share: Fraction | None = None
    interval: tuple[float, float] | None = None
    stats: dict[str, float] = field(default_factory=dict)
    state: str = ""
    sure: bool = False
    breakdowns: dict[str, dict[str, "Answer"]] = field(default_factory=dict)
    #: For judging: how many are bad, a sum in millionths, whether it is a miss.
    bad: int = 0
    micro: Fraction = Fraction(0)


def amount(text: Any) -> int:
    """``200ms``, ``95%``, ``4.5`` or ``$3`` in millionths."""
    words = str(text).lstrip("$")
    digits = words.rstrip("%abcdefghijklmnopqrstuvwxyz")
    unit = words[len(digits) :]
    factor = Fraction(1, 100) if unit == "%" else _UNITS[unit] if unit else Fraction(1)
    result = Fraction(digits) * factor * MICRO
    assert result.denominator == 1
    return int(result)


def is_number(value: Any) -> bool:
    """A JSON number: true and "1" are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def millionths(value: Any, factor: Fraction = Fraction(1)) -> int:
    """A JSON number in millionths of the base unit, half away from zero (R5)."""
    exact = Fraction(Decimal(repr(value))) * factor * MICRO
    whole = Decimal(abs(exact).numerator) / Decimal(exact.denominator)
    return int(whole.quantize(Decimal(1), ROUND_HALF_UP)) * (-1 if exact < 0 else 1)


def typed_alike(value: Any, wanted: Any) -> bool:
    """Whether a value can be compared with what the catalog wrote."""
    if isinstance(wanted, bool):
        return isinstance(value, bool)
    if isinstance(wanted, str):
        return isinstance(value, str)
    return is_number(value)


def comparable(value: Any) -> Any:
    """Numbers are compared in millionths; the rest as it is."""
    return millionths(value) if is_number(value) else value


def holds(condition: Any, value: Any) -> bool | None:
    """Whether a value fulfils one attribute's condition; None when nobody can say."""
    if isinstance(condition, list):
        condition = {"in": condition}
    elif not isinstance(condition, dict):
        condition = {"equals": condition}
    results = []
    for word, wanted in condition.items():
        listed = wanted if isinstance(wanted, list) else [wanted]
        if value is None or not all(typed_alike(value, each) for each in listed):
            return None
        left, right = comparable(value), [comparable(each) for each in listed]
        match word:
            case "equals" | "in":
                results.append(left in right)
            case "not" | "not_in":
                results.append(left not in right)
            case _:
                results.append(COMPARE[word](left, right[0]))
    return all(results)


def matches(asked: Mapping[str, Any], attributes: Mapping[str, Any]) -> bool | None:
    """Whether all conditions hold; None as soon as one cannot be judged."""
    results = [holds(condition, attributes.get(name)) for name, condition in asked.items()]
    return None if None in results else all(results)


def text(value: Any) -> str | None:
    """An attribute as a label or a subject."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def value_of(attributes: Mapping[str, Any], name: str, declared: Mapping[str, Any]) -> int | None:
    """The attribute in millionths of the base unit; None when it is no such number."""
    value = attributes.get(name)
    if declared.get("type") == "money":
        if isinstance(value, str):
            return int(Decimal(value) * MICRO) if value.replace(".", "", 1).isdecimal() else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    factor = _UNITS[declared.get("unit", "1")]
    return millionths(value, factor) if is_number(value) else None


def fact(kpi: Mapping[str, Any], declared: Mapping[str, Any], event: Event) -> Fact | None:
    """What the event says; None when the KPI has nothing to do with it."""
    attributes = event.attributes
    if event.name != kpi["event"] or event.environment not in (None, "production"):
        return None
    if attributes.get("user.internal") is True:
        return None
    wanted = matches(kpi.get("where", {}), attributes)
    if wanted is False:
        return None
    eligible, micro, good, subject = wanted is True, 0, False, None
    if "value" in kpi:
        value = value_of(attributes, kpi["value"], declared.get(kpi["value"], {}))
        eligible, micro = eligible and value is not None, value or 0
    if "matching" in kpi:
        matching = matches(kpi["matching"], attributes)
        eligible, good = eligible and matching is not None, matching is True
    if kpi["kind"] == "quantile" and "target" in kpi:
        (word, limit), *_ = [pair for pair in kpi["target"].items() if pair[0] != "share"]
        good = COMPARE[word](micro, amount(limit))
    if "once_per" in kpi:
        subject = text(attributes.get(kpi["once_per"]))
        eligible = eligible and subject is not None
    labels = {
        name: "__none__" if (label := text(attributes.get(name))) is None else label
        for name in kpi.get("labels", ())
    }
    return Fact(event.time, event.id, eligible, micro, good, subject, labels)
