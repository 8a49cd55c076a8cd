"""How each kind is computed, in one or two sentences with the row's own numbers.

To add a kind: a function for its model, here or in the file of its like, that is registered.
"""

from functools import singledispatch

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.handbook import combined_methods as combined
from loopgauge_catalog.handbook import subject_methods as subjects
from loopgauge_catalog.handbook import words
from loopgauge_catalog.kpis import (
    Age,
    Count,
    Delta,
    Distinct,
    KpiBase,
    Latest,
    Mean,
    QuantileKpi,
    Rate,
    Ratio,
    SubjectShare,
    Sum,
)
from loopgauge_catalog.names import stat_name

_COMBINED = {
    "sum": "added up", "max": "of which the greatest counts", "min": "of which the least counts",
    "mean": "of which the mean is taken",
}  # fmt: skip


@singledispatch
def method(kpi: KpiBase, _: Catalog) -> str:
    """How the number is computed."""
    raise TypeError(f"nobody has said how {kpi.id} is computed")


for _explained in (
    subjects.duration, subjects.conversion, subjects.funnel, subjects.in_flight,
    combined.per, combined.uptime, combined.cost, combined.cost_per, combined.budget,
    combined.quota, combined.composite, combined.drift, combined.loss,
):  # fmt: skip
    method.register(_explained)


@method.register
def _count(kpi: Count, _: Catalog) -> str:
    counted = f"Counts {words.event(kpi.event, kpi.where)} {words.during(kpi.window)}"
    return f"{counted}{_once(kpi.once_per)}."


@method.register
def _sum(kpi: Sum, _: Catalog) -> str:
    events = words.event(kpi.event, kpi.where)
    added = f"Adds up {words.code(kpi.value)} of {events} {words.during(kpi.window)}"
    return f"{added}{_once(kpi.once_per)}."


@method.register
def _rate(kpi: Rate, _: Catalog) -> str:
    return (
        f"Counts {words.event(kpi.event, kpi.where)}{_once(kpi.once_per)}, per {kpi.per} "
        f"{words.during(kpi.window)}. A {kpi.per} without one counts as 0; time before the first "
        "event ever does not count."
    )


@method.register
def _mean(kpi: Mean, _: Catalog) -> str:
    events = words.event(kpi.event, kpi.where)
    return (
        f"The mean of {words.code(kpi.value)} of {events} {words.during(kpi.window)}"
        f"{_once(kpi.once_per)}."
    )


@method.register
def _ratio(kpi: Ratio, _: Catalog) -> str:
    asked = words.conditions(kpi.matching)
    text = (
        f"Of {words.event(kpi.event, kpi.where)} {words.during(kpi.window)}, the share whose "
        f"{asked}. An event that lacks one of these attributes counts on neither side."
    )
    if kpi.weight is not None:
        text += f" Each counts as many times as its {words.code(kpi.weight)} says."
    if kpi.last_per is not None:
        text += f" Of each {words.code(kpi.last_per)} only the newest counts, at its own time."
    return text


@method.register
def _quantile(kpi: QuantileKpi, _: Catalog) -> str:
    events = words.event(kpi.event, kpi.where)
    beside = words.joined(stat_name(each) for each in kpi.stats if each != kpi.quantile)
    text = (
        f"Shows {words.ordinal(kpi.quantile)}, beside it {beside}, of {words.code(kpi.value)} of "
        f"{events} {words.during(kpi.window)}, right within 1%."
    )
    if kpi.target is None:
        return text
    within = words.within(kpi.target)
    return f"{text} Judged is not that number but the exact share of events {within}."


@method.register
def _latest(kpi: Latest, catalog: Catalog) -> str:
    events = words.event(kpi.event, kpi.where)
    if kpi.passing is not None:
        text = f"100% when, in the newest {events}, {words.conditions(kpi.passing)}, else 0%"
    else:
        text = f"The newest {words.code(kpi.value or '')} in {events}"
    text += _apart(kpi.per, _COMBINED[kpi.combine]) + "." + _gone(kpi)
    if kpi.status is not None:
        plan = catalog.kpi(f"{kpi.product}.{kpi.status.against}")
        title = "" if plan is None else f" ({plan.row})"
        text += (
            f" On track while it is at most {words.distance(kpi.status.on_track)} behind "
            f"{words.code(kpi.status.against)}{title}, at risk up to "
            f"{words.distance(kpi.status.at_risk)}, else delayed."
        )
    return text


@method.register
def _delta(kpi: Delta, _: Catalog) -> str:
    text = (
        f"How much {words.codes(kpi.value)} of {words.event(kpi.event, kpi.where)} grew "
        f"{words.during(kpi.window)}: the newest value less the one before that time, or else the "
        "first in it"
        f"{_apart(kpi.per, 'added up')}"
    )
    if kpi.over is None:
        return f"{text}."
    return (
        f"{text}, divided by the growth of {words.codes(kpi.over)}; where that did not grow, there "
        "is no number."
    )


@method.register
def _age(kpi: Age, _: Catalog) -> str:
    events = words.event(kpi.event, kpi.where)
    apart = _apart(kpi.per, "of which the longest wait counts")
    return f"The time since the newest {events}{apart}.{_gone(kpi)}"


@method.register
def _distinct(kpi: Distinct, _: Catalog) -> str:
    return (
        f"Counts the different {words.code(kpi.by)} that had {words.either(kpi.events_)} "
        f"{words.during(kpi.window)}."
    )


@method.register
def _subject_share(kpi: SubjectShare, _: Catalog) -> str:
    return (
        f"Of all {words.code(kpi.by)} that had {words.either(kpi.among)} "
        f"{words.during(kpi.window)}, the share that had {words.either(kpi.having)}."
    )


def _once(subject: str | None) -> str:
    return "" if subject is None else f", each {words.code(subject)} once, at its first event"


def _apart(labels: tuple[str, ...], combined: str) -> str:
    return f", for each {words.codes(labels)} by itself, {combined}" if labels else ""


def _gone(kpi: Latest | Age) -> str:
    ways = []
    if kpi.drop_after is not None:
        ways.append(f"says nothing for {words.duration(kpi.drop_after)}")
    if kpi.retired_by is not None:
        ways.append(f"{words.code(kpi.retired_by)} names")
    return f" What {words.joined(ways, 'or what')} counts no more." if ways else ""
