"""Checks that a KPI reads only what its events carry.

A KPI on an event that nobody sends is the zero that nothing feeds, so every name that
a row uses has to be declared under `events`.
"""

from collections.abc import Iterator

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.errors import Path, article, did_you_mean
from loopgauge_catalog.kpis import Delta, Per
from loopgauge_catalog.quantities import UNITS


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
        if read.role == "value" and attribute is not None and not attribute.is_numeric:
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
        if read.role != "value" or attribute is None or not attribute.is_numeric:
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


def check_quotient(subject: Subject) -> Iterator[Finding]:
    """The same above and below, so that nothing but 1 can come of it."""
    kpi = subject.kpi
    if isinstance(kpi, Per) and kpi.numerator == kpi.denominator:
        path, result = subject.at("denominator"), "1"
    elif isinstance(kpi, Delta) and kpi.over is not None and set(kpi.over) == set(kpi.value):
        path, result = subject.at("over"), "100%"
    else:
        return
    yield Finding(
        path,
        f"{kpi.id} divides something by itself, so it is always {result}",
        "divide by something else",
    )


def check_retired_by(subject: Subject) -> Iterator[Finding]:
    """A retiring event that does not say what is gone."""
    name = getattr(subject.kpi, "retired_by", None)
    event = subject.event(name) if name is not None else None
    if event is None:
        return
    if name == getattr(subject.kpi, "event", None):
        yield Finding(
            subject.at("retired_by"),
            f"every {name} would take away what it reports",
            "name the event that says that something is gone, or delete it",
        )
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
    check_quotient,
    check_retired_by,
)
