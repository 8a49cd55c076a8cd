"""Checks of kinds that follow subjects: who is followed, from where to where, and how long."""

from collections.abc import Iterator

from loopgauge_catalog.checks.base import RETENTION, Finding, Subject
from loopgauge_catalog.checks.conditions import overlap
from loopgauge_catalog.errors import Path, did_you_mean
from loopgauge_catalog.kpis import MINUTE, DurationKpi, Funnel, InFlight, Step, SubjectShare
from loopgauge_catalog.quantities import format_duration

#: Of each subject it is kept which of so many thresholds it is within.
MOST_THRESHOLDS = 8


def check_subject_names(subject: Subject) -> Iterator[Finding]:
    """A subject that is no identity."""
    for use, read, path, attribute in subject.reads():
        if read.role != "subject" or attribute is None or read.name.endswith(".id"):
            continue
        event = subject.event(use.event)
        ids = [name for name in (event.attributes if event else ()) if name.endswith(".id")]
        yield Finding(
            path,
            f"{read.name} is no subject: those are attributes that end in .id",
            did_you_mean(
                read.name,
                ids,
                otherwise=f"write {' or '.join(ids)}" if ids else "declare one such as order.id",
            ),
        )


def check_steps_differ(subject: Subject) -> Iterator[Finding]:
    """One event that would be two steps at once."""
    named: list[tuple[Path, Step, str]] = []
    start = getattr(subject.kpi, "from_", None)
    if isinstance(start, Step):
        named.append((("from",), start, "start"))
    for field, does in (("to", "end"), ("fails", "fail"), ("excludes", "exclude")):
        for number, step in enumerate(getattr(subject.kpi, field, ())):
            named.append(((field, number), step, does))
    for place, (path, step, does) in enumerate(named):
        for _, other, did in named[:place]:
            # A start that may be an end would be over at once.
            at_once = (did, does) == ("start", "end") and overlap(
                step, other, subject.event(step.event)
            )
            if step == other or at_once:
                yield Finding(
                    subject.at(*path),
                    f"{step.event} would both {did} and {does} a subject"
                    if did != does
                    else f"{step.event} is given twice",
                    "name another event, or tell them apart with where"
                    if did != does
                    else "delete one",
                )
                break


def check_step_names(subject: Subject) -> Iterator[Finding]:
    """Two steps of a funnel that are called the same, so that only one could be shown."""
    kpi = subject.kpi
    if not isinstance(kpi, Funnel):
        return
    for place, name in enumerate(kpi.step_names):
        if name in kpi.step_names[:place]:
            yield Finding(
                subject.at(*(("names", place) if kpi.names else ("steps", place))),
                f"two steps are called {name}",
                "give each a name of its own" if kpi.names else "add names, one for each step",
            )


def check_steps_apart(subject: Subject) -> Iterator[Finding]:
    """Two steps of a funnel, one after the other, that one event would reach at once."""
    kpi = subject.kpi
    if not isinstance(kpi, Funnel):
        return
    for place in range(1, len(kpi.steps)):
        for number, step in enumerate(kpi.steps[place]):
            event = subject.event(step.event)
            if any(overlap(step, before, event) for before in kpi.steps[place - 1]):
                yield Finding(
                    subject.at("steps", place, number),
                    f"{step.event} would reach this step together with the one before",
                    "name another event, or tell them apart with where",
                )


def check_share_of_some(subject: Subject) -> Iterator[Finding]:
    """A share of subjects among those who all have it."""
    kpi = subject.kpi
    if isinstance(kpi, SubjectShare) and all(step in kpi.having for step in kpi.among):
        yield Finding(
            subject.at("among"),
            "whoever is among these has had one of having, so the share is always 100%",
            "add the other events of those who are looked at",
        )


def check_limit(subject: Subject) -> Iterator[Finding]:
    """A subject that is waited for longer than it is kept, or than the target asks."""
    kpi = subject.kpi
    expires = getattr(kpi, "expires", None)
    if expires is None:
        if isinstance(kpi, DurationKpi) and kpi.anchor == "start":
            yield Finding(
                subject.path,
                f"{kpi.id} has no limit, so nothing ever counts as lost",
                "add expires, for example 7d, or anchor: end to look only at what ended",
            )
        return
    path = subject.at("expires")
    # What is in flight is kept by the second.
    if expires % MINUTE and not isinstance(kpi, InFlight):
        yield Finding(
            path,
            "subjects are kept by the minute, so nobody sees who is within "
            f"{format_duration(expires)}",
            f"write {format_duration(-(-expires // MINUTE) * MINUTE)}",
        )
    if expires > RETENTION:
        yield Finding(
            path,
            f"subjects are kept for {format_duration(RETENTION)}, so none can be waited for "
            f"{format_duration(expires)}",
            f"write at most {format_duration(RETENTION)}",
        )
    if not isinstance(kpi, DurationKpi) or kpi.anchor == "end":
        return
    longest = max((micro for _, micro in kpi.thresholds), default=0)
    if longest > expires:
        yield Finding(
            path,
            f"after {format_duration(expires)} a subject is given up, so nobody sees whether "
            f"it is done within {format_duration(longest)}",
            f"write at least {format_duration(longest)}",
        )


def check_thresholds(subject: Subject) -> Iterator[Finding]:
    """More thresholds than are counted for each subject."""
    kpi = subject.kpi
    if isinstance(kpi, DurationKpi) and len(kpi.thresholds) > MOST_THRESHOLDS:
        more = len(kpi.thresholds) - MOST_THRESHOLDS
        yield Finding(
            subject.at("notes"),
            f"the target and the notes of {kpi.id} name {len(kpi.thresholds)} thresholds, and of a "
            f"subject it is kept which of {MOST_THRESHOLDS} it is within",
            f"delete {more} of the notes",
        )


def check_anchor(subject: Subject) -> Iterator[Finding]:
    """What cannot be said of subjects by their end, or by their start."""
    kpi = subject.kpi
    if not isinstance(kpi, DurationKpi):
        return
    if kpi.anchor == "end" and kpi.thresholds:
        yield Finding(
            subject.at("target" if kpi.target is not None else "notes"),
            "anchor: end looks only at subjects that ended, so one that never does would improve "
            "the number",
            "write anchor: start with expires, or delete it",
        )
    if kpi.anchor == "start" and kpi.show == "mean":
        yield Finding(
            subject.at("show"),
            "by their start some subjects have not ended, so their mean is not known",
            "write a quantile such as 0.5, or anchor: end",
        )


def check_in_flight(subject: Subject) -> Iterator[Finding]:
    """A window for what is now, or none for what was most."""
    kpi = subject.kpi
    if not isinstance(kpi, InFlight):
        return
    if kpi.read == "current" and kpi.window is not None:
        yield Finding(
            subject.at("window"),
            "what is in flight now has no window",
            "delete it, or write read: maximum",
        )
    elif kpi.read == "maximum" and kpi.window is None:
        yield Finding(
            subject.at("read"),
            "the most that was in flight at once needs a window to look at",
            "add window, for example 7d",
        )


CHECKS = (
    check_subject_names,
    check_steps_differ,
    check_step_names,
    check_steps_apart,
    check_share_of_some,
    check_limit,
    check_thresholds,
    check_anchor,
    check_in_flight,
)
