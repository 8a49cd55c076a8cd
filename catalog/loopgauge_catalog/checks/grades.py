"""Checks of what stands beside the target: a graver threshold, and notes."""

from collections.abc import Iterator

from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.checks.targets import check_dimension, check_share
from loopgauge_catalog.errors import Path, article
from loopgauge_catalog.kpis import DurationKpi
from loopgauge_catalog.quantities import Dimension, Quantity
from loopgauge_catalog.targets import COMPARATORS, Target

_LOUDNESS = ("info", "ticket", "page")
_EXAMPLES: dict[Dimension, str] = {
    "time": "a duration such as 15m",
    "share": "a percentage such as 95%",
    "money": "an amount of money such as $3.00",
    "number": "a plain number such as 4.5",
}


def check_escalation(subject: Subject) -> Iterator[Finding]:
    """A second threshold that is no graver, no louder, or second to nothing."""
    kpi = subject.kpi
    graver = kpi.escalate
    if graver is None:
        return
    path = subject.at("escalate")
    if kpi.target is None or kpi.alert is None:
        yield Finding(
            path,
            f"{kpi.id} has nothing to escalate: a second threshold needs a target and an alert",
            "add them, or make this the target and alert",
        )
        return
    if _LOUDNESS.index(graver.alert.severity) <= _LOUDNESS.index(kpi.alert.severity):
        yield Finding(
            (*path, "alert", "severity"),
            f"{article(graver.alert.severity)} is no louder than the {kpi.alert.severity} "
            "before it",
            "write severity: page"
            if kpi.alert.severity != "page"
            else "make the first alert a ticket",
        )
    if graver.target.stretch is not None:
        yield Finding(
            (*path, "target", "stretch"), "a stretch belongs to the first target", "delete it"
        )
    if any(check_dimension(subject)) or any(check_share(subject)):
        return  # which of the two is graver follows from what is wrong there
    if kpi.judged_by_share:
        yield from _graver_share(kpi.target, graver.target, (*path, "target"))
    else:
        yield from _graver_threshold(kpi.target, graver.target, (*path, "target"))


def _graver_share(first: Target, second: Target, path: Path) -> Iterator[Finding]:
    same = (first.symbol, first.threshold.micro) == (second.symbol, second.threshold.micro)
    if not same:
        yield Finding(
            (*path, second.comparator),
            f"what is counted is who is {first.comparator} {first.threshold.text}, "
            "so both thresholds are shares of that",
            f"write {first.comparator}: {first.threshold.text} and a lower share",
        )
    elif first.share and second.share and second.share.micro >= first.share.micro:
        yield Finding(
            (*path, "share"),
            f"{second.share.text} is missed no later than {first.share.text}",
            "write a lower share",
        )


def _graver_threshold(first: Target, second: Target, path: Path) -> Iterator[Finding]:
    if first.lower_is_better is None or second.lower_is_better != first.lower_is_better:
        yield Finding(
            (*path, second.comparator),
            f"{second.comparator} is no graver kind of {first.comparator}",
            f"write {first.comparator}"
            if first.lower_is_better is not None
            else "delete escalate; an exact target is met or not",
        )
        return
    gap = second.threshold.micro - first.threshold.micro
    if (gap <= 0) if first.lower_is_better else (gap >= 0):
        yield Finding(
            (*path, second.comparator),
            f"{second.threshold.text} is missed no later than {first.threshold.text}",
            "swap them" if gap else "delete escalate",
        )


def check_notes(subject: Subject) -> Iterator[Finding]:
    """A note on an amount that the KPI does not have."""
    for number, note in enumerate(subject.kpi.notes):
        path = subject.at("notes", number, "when")
        shares = [name for name in note.when if name.startswith("share_")]
        plain = [name for name in note.when if name in COMPARATORS]
        if not shares:
            for name in plain:
                yield from _amount((*path, name), note.when[name], subject.dimension)
            continue
        if not isinstance(subject.kpi, DurationKpi):
            yield Finding(
                (*path, shares[0]),
                f"{article(subject.kpi.kind)} does not count who is within another threshold",
                "write a condition on the number itself",
            )
            continue
        if len(shares) > 1 or not plain:
            yield Finding(
                path,
                "a note on a share says within what, and how great the share is",
                "write for example {share_below: 5m, at_least: 50%}",
            )
        yield from _amount((*path, shares[0]), note.when[shares[0]], "time")
        for name in plain:
            yield from _amount((*path, name), note.when[name], "share")


def _amount(path: Path, quantity: Quantity, wanted: Dimension) -> Iterator[Finding]:
    if quantity.dimension != wanted:
        message = f"{quantity.text} can never be compared here"
        yield Finding(path, message, f"write {_EXAMPLES[wanted]}")


CHECKS = (check_escalation, check_notes)
