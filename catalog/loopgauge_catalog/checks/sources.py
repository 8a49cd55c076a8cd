"""Checks that a KPI reads only what its events carry.

A KPI on an event that nobody sends is the zero that nothing feeds, so every name that
a row uses has to be declared under `events`.
"""

from collections.abc import Iterator

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.checks.events import NUMERIC, described, fits
from loopgauge_catalog.errors import Path, article, did_you_mean
from loopgauge_catalog.filters import Condition, Filter
from loopgauge_catalog.quantities import UNITS

#: Filters that decide the number, and what an empty one makes of it.
_DECIDING = {
    "matching": "the ratio is always 100%",
    "up": "it is always up",
    "passing": "it always passes",
}


def check_events_declared(subject: Subject) -> Iterator[Finding]:
    """An event name that no entry of `events` declares."""
    seen: set[tuple[Path, str]] = set()
    for use in subject.kpi.uses:
        path = subject.at(*use.path)
        if subject.event(use.event) is None and (path, use.event) not in seen:
            seen.add((path, use.event))
            yield Finding(
                path,
                f"{subject.kpi.id} reads {use.event}, which is not declared under events",
                did_you_mean(use.event, [*subject.product.events], otherwise="declare it there"),
            )


def check_attributes_declared(subject: Subject) -> Iterator[Finding]:
    """An attribute that the event it is read from does not declare."""
    for use, read, path, attribute in subject.reads():
        event = subject.event(use.event)
        if attribute is None and event is not None:
            yield Finding(
                path,
                f"{use.event} does not declare the attribute {read.name}",
                did_you_mean(
                    read.name,
                    [*event.attributes],
                    otherwise="declare it under the event's attributes",
                ),
            )


def check_value_is_a_number(subject: Subject) -> Iterator[Finding]:
    """A value that cannot be summed or compared."""
    for _, read, path, attribute in subject.reads():
        if read.role == "value" and attribute is not None and attribute.type not in NUMERIC:
            yield Finding(
                path,
                f"{read.name} is of type {attribute.type}, "
                f"and {article(subject.kpi.kind)} needs a number",
                "declare it as number, integer or money, or take another attribute",
            )


def check_values_add_up(subject: Subject) -> Iterator[Finding]:
    """Values of different units that are added or divided."""
    if subject.kpi.kind not in ("delta", "per"):
        return
    first: tuple[str, Attribute] | None = None
    for _, read, path, attribute in subject.reads():
        if read.role != "value" or attribute is None or attribute.type not in NUMERIC:
            continue
        if first is None:
            first = (read.name, attribute)
        elif UNITS[attribute.unit] != UNITS[first[1].unit]:
            yield Finding(
                path,
                f"{read.name} is in {attribute.unit} and {first[0]} in {first[1].unit}, "
                "so what comes of both has no unit",
                "take attributes of one unit",
            )


def check_filters_can_match(subject: Subject) -> Iterator[Finding]:
    """A condition that no event can fulfil, or that every event fulfils."""
    for _, read, path, attribute in subject.reads():
        if read.condition is not None and attribute is not None:
            yield from condition_faults(path, read.name, read.condition, attribute)


def condition_faults(
    path: Path, name: str, condition: Condition, attribute: Attribute
) -> Iterator[Finding]:
    """What is wrong with asking this of an attribute."""
    if attribute.type == "money":
        yield Finding(path, f"{name} is money, which a filter cannot compare", "delete it")
        return
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


def check_filter_asks(subject: Subject) -> Iterator[Finding]:
    """A condition that decides the number and is empty, so that it decides nothing."""
    for field, result in _DECIDING.items():
        asked = getattr(subject.kpi, field, None)
        if isinstance(asked, Filter) and not asked:
            yield Finding(
                subject.at(field),
                f"an empty condition matches every event, so {result}",
                "say which events are counted, for example {outcome: failed}",
            )


def check_retired_by(subject: Subject) -> Iterator[Finding]:
    """A retiring event that does not say what is gone."""
    name = getattr(subject.kpi, "retired_by", None)
    event = subject.event(name) if name is not None else None
    if event is None:
        return
    per = subject.kpi.label_sets or ()
    if not any(attribute in event.attributes for attribute in per):
        yield Finding(
            subject.at("retired_by"),
            f"{name} carries no attribute of per, so it cannot say what is gone",
            f"declare one of {', '.join(per)} in it" if per else "add per",
        )


CHECKS = (
    check_events_declared,
    check_attributes_declared,
    check_value_is_a_number,
    check_values_add_up,
    check_filters_can_match,
    check_filter_asks,
    check_retired_by,
)
