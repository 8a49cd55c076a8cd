"""Checks that a KPI reads only what its events carry.

A KPI on an event that nobody sends is the zero that nothing feeds, so every name that
a row uses has to be declared under `events`.
"""

from collections.abc import Iterator

from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.checks.events import NUMERIC, described, fits
from loopgauge_catalog.errors import Path, did_you_mean
from loopgauge_catalog.filters import Condition, Filter


def _event_fields(subject: Subject) -> Iterator[tuple[Path, str]]:
    for field in ("event", "retired_by"):
        name = getattr(subject.kpi, field, None)
        if name is not None:
            yield (*subject.path, field), name


def _conditions(subject: Subject) -> Iterator[tuple[Path, str, Condition]]:
    for field in ("where", "matching"):
        asked = getattr(subject.kpi, field, None)
        if isinstance(asked, Filter):
            for name, condition in asked.root.items():
                yield (*subject.path, field, name), name, condition


def _attribute_fields(subject: Subject) -> Iterator[tuple[Path, str]]:
    for field in ("value", "once_per"):
        name = getattr(subject.kpi, field, None)
        if name is not None:
            yield (*subject.path, field), name
    for field in ("per", "labels"):
        listed = getattr(subject.kpi, field, None)
        if isinstance(listed, tuple):
            for number, name in enumerate(listed):
                yield (*subject.path, field, number), name
    for path, name, _ in _conditions(subject):
        yield path, name


def check_events_declared(subject: Subject) -> Iterator[Finding]:
    """An event name that no entry of `events` declares."""
    for path, name in _event_fields(subject):
        if name not in subject.product.events:
            yield Finding(
                path,
                f"{subject.kpi.id} reads {name}, which is not declared under events",
                did_you_mean(name, [*subject.product.events], otherwise="declare it there"),
            )


def check_attributes_declared(subject: Subject) -> Iterator[Finding]:
    """An attribute that the KPI's event does not declare."""
    event = subject.event
    if event is None:
        return  # said already
    for path, name in _attribute_fields(subject):
        if name not in event.attributes:
            yield Finding(
                path,
                f"{subject.kpi.event} does not declare the attribute {name}",
                did_you_mean(
                    name, [*event.attributes], otherwise="declare it under the event's attributes"
                ),
            )


def check_value_is_a_number(subject: Subject) -> Iterator[Finding]:
    """A value that cannot be summed or compared."""
    name = getattr(subject.kpi, "value", None)
    attribute = None if name is None else subject.attribute(name)
    if attribute is not None and attribute.type not in NUMERIC:
        yield Finding(
            (*subject.path, "value"),
            f"{name} is of type {attribute.type}, and a {subject.kpi.kind} needs a number",
            "declare it as number, integer or money, or take another attribute",
        )


def check_filters_can_match(subject: Subject) -> Iterator[Finding]:
    """A condition that no event can fulfil, or that every event fulfils."""
    for path, name, condition in _conditions(subject):
        attribute = subject.attribute(name)
        if attribute is None:
            continue
        if attribute.type == "money":
            yield Finding(path, f"{name} is money, which a filter cannot compare", "delete it")
            continue
        if condition.bounds and attribute.type not in NUMERIC:
            yield Finding(
                path,
                f"{name} is of type {attribute.type}, so it is never above or below a number",
                "write equals, not, in or not_in",
            )
        for value in condition.values:
            impossible = not fits(attribute, value)
            if impossible or (attribute.allowed is not None and value not in attribute.allowed):
                listed = [str(each) for each in attribute.allowed or ()]
                otherwise = f"it is {described(attribute)}"
                if listed:
                    otherwise = f"allowed are {', '.join(listed)}"
                yield Finding(
                    path,
                    f"{name} is never {value!r}",
                    did_you_mean(str(value), listed, otherwise=otherwise),
                )
        if _contradicts(condition):
            yield Finding(path, f"no number fulfils this condition on {name}", "swap the bounds")


def _contradicts(condition: Condition) -> bool:
    lows = [bound for bound in (condition.at_least, condition.above) if bound is not None]
    highs = [bound for bound in (condition.at_most, condition.below) if bound is not None]
    if not lows or not highs:
        return False
    low, high = max(lows), min(highs)
    return low > high or (low == high and (condition.above == low or condition.below == high))


def check_matching_asks(subject: Subject) -> Iterator[Finding]:
    """A ratio whose condition is empty, which reads 100 % for ever."""
    matching = getattr(subject.kpi, "matching", None)
    if isinstance(matching, Filter) and not matching:
        yield Finding(
            (*subject.path, "matching"),
            "an empty condition matches every event, so the ratio is always 100%",
            "say which events are counted, for example {outcome: failed}",
        )


def check_labels(subject: Subject) -> Iterator[Finding]:
    """Labels that would show a person, have a value per event, or split what `latest` keeps."""
    per = getattr(subject.kpi, "per", None)
    for number, name in enumerate(subject.kpi.labels):
        path: Path = (*subject.path, "labels", number)
        if name in subject.kpi.labels[:number]:
            yield Finding(path, f"the label {name} is given twice", "delete one")
        attribute = subject.attribute(name)
        if attribute is None:
            continue
        if attribute.personal:
            yield Finding(
                path,
                f"{name} is personal, and a label would show it to everybody who reads metrics",
                "take a label that names no person",
            )
        elif attribute.type in ("number", "money"):
            yield Finding(
                path,
                f"{name} is of type {attribute.type}: as a label it has a series for each number",
                "take a label with few values",
            )
        if subject.kpi.kind == "latest" and name not in (per or ()):
            yield Finding(
                path,
                f"the label {name} is not among per, so nothing is kept for its values",
                f"add {name} to per, or delete the label",
            )


def check_retired_by(subject: Subject) -> Iterator[Finding]:
    """A retiring event that does not say what is gone."""
    name = getattr(subject.kpi, "retired_by", None)
    event = subject.product.events.get(name) if name is not None else None
    if event is None:
        return
    per = getattr(subject.kpi, "per", ())
    if not any(attribute in event.attributes for attribute in per):
        yield Finding(
            (*subject.path, "retired_by"),
            f"{name} carries no attribute of per, so it cannot say what is gone",
            f"declare one of {', '.join(per)} in it" if per else "add per",
        )


CHECKS = (
    check_events_declared,
    check_attributes_declared,
    check_value_is_a_number,
    check_filters_can_match,
    check_matching_asks,
    check_labels,
    check_retired_by,
)
