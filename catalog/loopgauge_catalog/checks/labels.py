"""Checks of what a number is broken down by: labels, each and split."""

from collections.abc import Iterator

from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.errors import article, did_you_mean
from loopgauge_catalog.kpis import Ratio


def check_labels(subject: Subject) -> Iterator[Finding]:
    """Labels that would show a person, or have a value per event."""
    for _, read, path, attribute in subject.reads():
        if read.role != "label" or attribute is None:
            continue
        if attribute.personal:
            yield Finding(
                path,
                f"{read.name} is personal, and a label would show it to everybody who reads "
                "metrics",
                "take a label that names no person",
            )
        elif attribute.type in ("number", "money"):
            yield Finding(
                path,
                f"{read.name} is of type {attribute.type}: as a label it has a series for each "
                "number",
                "take a label with few values",
            )


def check_label_names(subject: Subject) -> Iterator[Finding]:
    """A label twice, or one that nothing is kept for."""
    kpi = subject.kpi
    if kpi.labels and not kpi.can_break_down:
        yield Finding(
            subject.at("labels"),
            f"{article(kpi.kind)} is one number that has no parts",
            "delete labels",
        )
        return
    split = kpi.split if isinstance(kpi, Ratio) else ()
    named = [(("labels", number), name) for number, name in enumerate(kpi.labels)]
    named += [(("split", number), name) for number, name in enumerate(split)]
    for place, (path, name) in enumerate(named):
        if name in [other for _, other in named[:place]]:
            yield Finding(subject.at(*path), f"the label {name} is given twice", "delete one")
        elif kpi.label_sets is not None and name not in kpi.label_sets:
            yield Finding(
                subject.at(*path),
                f"the label {name} is not among per, so nothing is kept for its values",
                f"add {name} to per, or delete the label",
            )


def check_each(subject: Subject) -> Iterator[Finding]:
    """A target that shall hold for each value of what is no label, or without a target."""
    kpi = subject.kpi
    for number, name in enumerate(kpi.each):
        if name not in kpi.labels:
            yield Finding(
                subject.at("each", number),
                f"{name} is no label of {kpi.id}, so there are no values to judge",
                did_you_mean(name, kpi.labels, otherwise=f"add {name} to labels"),
            )
    if kpi.each and kpi.target is None:
        yield Finding(
            subject.at("each"),
            f"{kpi.id} has no target that could hold for each {kpi.each[0]}",
            "add a target, or delete each",
        )


CHECKS = (check_labels, check_label_names, check_each)
