"""Checks of kinds that cut time or values into pieces: slots, grace, bins, and quotas."""

from collections.abc import Iterator

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.kpis import MINUTE, Drift, Loss, Quota, Uptime
from loopgauge_catalog.quantities import UNITS, format_duration


def check_slots(subject: Subject) -> Iterator[Finding]:
    """Slots that do not fit into the window, or are no whole minutes; a grace longer than it."""
    kpi, window = subject.kpi, subject.kpi.own_window
    match kpi:
        case Uptime():
            field, length = "every", kpi.every
        case Loss():
            field, length = "grace", kpi.grace
        case _:
            return
    if window is not None and length > window:
        yield Finding(
            subject.at(field),
            f"{format_duration(length)} is longer than the window of {format_duration(window)}",
            "write less",
        )
    elif field == "every" and length % MINUTE:
        yield Finding(
            subject.at(field),
            f"probes are counted by minute, which slots of {format_duration(length)} would cut",
            f"write {format_duration(-(-length // MINUTE) * MINUTE)}",
        )


def check_plain_unit(subject: Subject) -> Iterator[Finding]:
    """A value in a unit that is converted, beside a plain number that is not."""
    kpi, value = subject.kpi, _value(subject)
    if value is None or UNITS[value.unit][1] == 1:
        return
    field = "limit" if isinstance(kpi, Quota) else "range"
    base = next(unit for unit, of in UNITS.items() if of[1] == 1 and of[2] == UNITS[value.unit][2])
    yield Finding(
        subject.at("value"),
        f"the value is in {value.unit}, and {field} is a number of {base}",
        f"declare the attribute with unit: {base}",
    )


def check_bins(subject: Subject) -> Iterator[Finding]:
    """Bins that no value falls between, so that all are in the first or the last."""
    kpi, value = subject.kpi, _value(subject)
    if not isinstance(kpi, Drift) or value is None:
        return
    low, high = kpi.bounds
    is_above = value.minimum is not None and value.minimum >= high
    if is_above or (value.maximum is not None and value.maximum <= low):
        yield Finding(
            subject.at("range"),
            f"every {kpi.value} is {'above' if is_above else 'below'} this range, so nothing "
            "could ever move",
            "write the range that its values have",
        )


def _value(subject: Subject) -> Attribute | None:
    """How the attribute is declared that a limit or a range is about."""
    kpi = subject.kpi
    if not isinstance(kpi, Drift | Quota):
        return None
    event = subject.event(kpi.event)
    return None if event is None else event.attributes.get(kpi.value)


CHECKS = (check_slots, check_plain_unit, check_bins)
