"""Checks of filters: some event gets through, and what decides the number decides something."""

from collections.abc import Iterator

from loopgauge_catalog.catalog import Attribute, Event
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.checks.conditions import both_can_hold, can_hold, must_hold
from loopgauge_catalog.checks.events import described, fits
from loopgauge_catalog.errors import Path, did_you_mean
from loopgauge_catalog.filters import Condition, Filter, Scalar
from loopgauge_catalog.kpis import Latest, Ratio, Uptime

#: Filters that decide the number, and what it is where all events match and where none does.
_DECIDING = {
    "matching": ("the ratio is always 100%", "the ratio is always 0%"),
    "up": ("it is always up", "it is never up"),
    "passing": ("it always passes", "it never passes"),
}


def check_filters_can_match(subject: Subject) -> Iterator[Finding]:
    """A condition that no event can fulfil."""
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
    if condition.bounds and not attribute.is_numeric:
        yield Finding(
            path,
            f"{name} is of type {attribute.type}, so it is never above or below a number",
            "write equals, not, in or not_in",
        )
        return
    strange = [value for value in condition.values if not _is_allowed(attribute, value)]
    for value in strange:
        listed = [str(each) for each in attribute.allowed or ()]
        yield Finding(
            path,
            f"{name} is never {value!r}",
            did_you_mean(str(value), listed, otherwise=_can_be(attribute)),
        )
    if strange or can_hold(attribute, condition):
        return
    if can_hold(Attribute(type=attribute.type), condition):
        yield Finding(path, f"no event fulfils this condition on {name}", _can_be(attribute))
    elif condition.values:
        yield Finding(path, f"the conditions on {name} contradict each other", "delete one of them")
    else:
        yield Finding(path, f"no number fulfils this condition on {name}", "swap the bounds")


def _is_allowed(attribute: Attribute, value: Scalar) -> bool:
    return fits(attribute, value) and (attribute.allowed is None or value in attribute.allowed)


def _can_be(attribute: Attribute) -> str:
    if attribute.allowed is not None:
        return f"allowed are {', '.join(map(str, attribute.allowed))}"
    return f"it is {described(attribute)}"


def check_filter_decides(subject: Subject) -> Iterator[Finding]:
    """A condition that decides the number, and that every event fulfils or none."""
    kpi = subject.kpi
    if not isinstance(kpi, Latest | Ratio | Uptime):
        return
    event = subject.event(kpi.event)
    for field, (always, never) in _DECIDING.items():
        asked = getattr(kpi, field, None)
        if asked is None:
            continue
        if not asked:
            yield Finding(
                subject.at(field),
                f"an empty condition matches every event, so {always}",
                "say which events are counted, for example {outcome: failed}",
            )
        elif event is None or not _is_sound(asked, event):
            continue  # said already
        elif not both_can_hold(asked, kpi.where, event):
            yield Finding(
                subject.at(field),
                f"no event that fulfils where fulfils {field} too, so {never}",
                "make where wider",
            )
        elif _must_match(asked, kpi.where, event):
            yield Finding(
                subject.at(field),
                f"every event that has these attributes matches, so {always}",
                "ask for less, or make where wider",
            )


def _is_sound(asked: Filter, event: Event) -> bool:
    """Whether nothing is wrong with the conditions by themselves."""
    return all(
        name in event.attributes
        and not any(condition_faults((), name, condition, event.attributes[name]))
        for name, condition in asked.root.items()
    )


def _must_match(asked: Filter, given: Filter, event: Event) -> bool:
    return all(
        must_hold(event.attributes[name], condition, tuple(filter(None, [given.root.get(name)])))
        for name, condition in asked.root.items()
    )


CHECKS = (check_filters_can_match, check_filter_decides)
