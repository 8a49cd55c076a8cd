"""What an attribute can still be under conditions: whether they can hold, whether they must."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loopgauge_catalog.catalog import Attribute, Event
from loopgauge_catalog.checks.events import fits
from loopgauge_catalog.filters import Condition, Filter, Scalar
from loopgauge_catalog.kpis import Step


@dataclass(frozen=True, slots=True)
class _Span:
    """From the lowest to the highest number; an open end is not in it."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def narrowed(self, condition: Condition) -> "_Span":
        low, high = (self.low, self.low_open), (self.high, not self.high_open)
        if condition.at_least is not None:
            low = max(low, (condition.at_least, False))
        if condition.above is not None:
            low = max(low, (condition.above, True))
        if condition.at_most is not None:
            high = min(high, (condition.at_most, True))
        if condition.below is not None:
            high = min(high, (condition.below, False))
        return _Span(low[0], high[0], low[1], not high[1])

    @property
    def is_empty(self) -> bool:
        if self.low == self.high:
            return self.low_open or self.high_open
        return self.low > self.high


def _span(attribute: Attribute, conditions: Sequence[Condition]) -> _Span:
    span = _Span(
        -math.inf if attribute.minimum is None else attribute.minimum,
        math.inf if attribute.maximum is None else attribute.maximum,
    )
    for condition in conditions:
        span = span.narrowed(condition)
    if attribute.type != "integer":
        return span
    low, high = span.low, span.high
    if math.isfinite(low):
        low = math.floor(low) + 1 if span.low_open else math.ceil(low)
    if math.isfinite(high):
        high = math.ceil(high) - 1 if span.high_open else math.floor(high)
    return _Span(low, high)


def _holds(condition: Condition, value: Scalar) -> bool:
    if condition.equals is not None and value != condition.equals:
        return False
    if condition.in_ is not None and value not in condition.in_:
        return False
    if value == condition.not_equals or value in (condition.not_in or ()):
        return False
    if not condition.bounds:
        return True
    if isinstance(value, str | bool):
        return False
    return not _Span(value, value).narrowed(condition).is_empty


def _values(attribute: Attribute, conditions: Sequence[Condition]) -> list[Scalar] | None:
    """Every value that is left, where they can be listed; else None."""
    listed: Sequence[Scalar] | None = attribute.allowed
    if listed is None and attribute.type == "boolean":
        listed = (True, False)
    for condition in conditions:
        if listed is None and condition.equals is not None:
            listed = (condition.equals,)
        if listed is None:
            listed = condition.in_
    if listed is None:
        return None
    return [
        value
        for value in listed
        if fits(attribute, value) and all(_holds(condition, value) for condition in conditions)
    ]


def can_hold(attribute: Attribute, *conditions: Condition) -> bool:
    """Whether some value fulfils all conditions."""
    values = _values(attribute, conditions)
    if values is not None:
        return bool(values)
    return not attribute.is_numeric or not _span(attribute, conditions).is_empty


def must_hold(attribute: Attribute, condition: Condition, given: Sequence[Condition] = ()) -> bool:
    """Whether every value that fulfils what is given fulfils the condition too."""
    if condition in given:
        return True
    values = _values(attribute, given)
    if values is not None:
        return all(_holds(condition, value) for value in values)
    if condition.values or not attribute.is_numeric:
        return False
    span = _span(attribute, given)
    return span == _span(attribute, (*given, condition))


def both_can_hold(one: Filter, other: Filter, event: Event | None) -> bool:
    """Whether some event matches two filters at once."""
    attributes = {} if event is None else event.attributes
    return all(
        can_hold(attributes.get(name, Attribute()), condition, other.root[name])
        for name, condition in one.root.items()
        if name in other.root
    )


def overlap(one: Step, other: Step, event: Event | None) -> bool:
    """Whether one event can be two steps at once."""
    return one.event == other.event and both_can_hold(one.where, other.where, event)
