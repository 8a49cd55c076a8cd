"""latest, delta, age: what was reported last, by label set."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from tests.oracle.answer import Answer
from tests.oracle.attributes import MICRO, matches, text
from tests.oracle.events import Event
from tests.oracle.view import Pick, View, everything

_COMBINED: dict[str, Callable[[list[int]], int]] = {
    "sum": sum, "mean": sum, "max": max, "min": min,
}  # fmt: skip

#: Time and numbers of one report, in order of (time, id).
Report = tuple[int, tuple[int, ...]]


def _labels(view: View, key: Sequence[str]) -> dict[str, str]:
    return dict(zip(view.kpi.label_sets or (), key, strict=True))


def _reports(view: View, pick: Pick, names: Sequence[str]) -> dict[tuple[str, ...], list[Report]]:
    """Label set -> its reports since it was last retired."""
    kpi, found = view.kpi, dict[tuple[str, ...], list[Report]]()
    asked = {event.id: ok for event, ok in view.chosen(kpi.event, kpi.where)}
    for event in view.scoped:
        if event.time >= view.end:
            continue
        if event.name == getattr(kpi, "retired_by", None):
            for key in [key for key in found if _names(event, _labels(view, key))]:
                del found[key]
        key_of = view.key(event)
        if not asked.get(event.id) or key_of is None or not pick(_labels(view, key_of)):
            continue
        values = _values(view, event, names)
        if values is not None:
            found.setdefault(key_of, []).append((event.time, values))
    return found


def _names(event: Event, labels: dict[str, str]) -> bool:
    """Whether a retirement is about a label set; what it does not say matches anything."""
    said = {name: text(event.attributes.get(name)) for name in labels}
    return all(value is None or value == labels[name] for name, value in said.items())


def _values(view: View, event: Event, names: Sequence[str]) -> tuple[int, ...] | None:
    passing = getattr(view.kpi, "passing", None)
    if passing is not None:
        is_passing = matches(passing, event.attributes)
        return None if is_passing is None else (MICRO if is_passing else 0,)
    values = tuple(view.value(event, name) for name in names)
    return None if None in values else tuple(value for value in values if value is not None)


def _present(view: View, reports: dict[tuple[str, ...], list[Report]]) -> list[Report]:
    """The newest report of each label set that has not left."""
    drop = view.kpi.drop_after
    newest = [of[-1] for of in reports.values()]
    return [report for report in newest if drop is None or view.end - report[0] <= drop]


def latest(view: View, pick: Pick = everything) -> Answer:
    """The newest value of each label set, combined."""
    kpi = view.kpi
    present = _present(view, _reports(view, pick, [kpi.value] if kpi.value else []))
    values = [micros[0] for _, micros in present]
    answer = Answer(samples=len(values), ages=[(time, micros[0]) for time, micros in present])
    if values:
        total = Fraction(_COMBINED[kpi.combine](values))
        answer.value = total / (MICRO * len(values) if kpi.combine == "mean" else MICRO)
    return answer


def age(view: View, pick: Pick = everything) -> Answer:
    """The time since the newest report, of the label set that has waited longest."""
    present = _present(view, _reports(view, pick, []))
    answer = Answer(samples=len(present))
    if present:
        answer.value = Fraction(view.end - min(time for time, _ in present), MICRO)
    return answer


def delta(view: View, pick: Pick = everything) -> Answer:
    """Latest before E less latest before S; the first one in the window where there is none."""
    kpi = view.kpi
    above, below = list(kpi.value), list(kpi.over or ())
    reports = _reports(view, pick, [*above, *below])
    growth = [0, 0]
    for of in reports.values():
        before = [values for time, values in of if time < view.start]
        base = before[-1] if before else of[0][1]
        moved = [last - first for last, first in zip(of[-1][1], base, strict=True)]
        growth[0] += sum(moved[: len(above)])
        growth[1] += sum(moved[len(above) :])
    answer = Answer(samples=len(reports))
    if reports and not below:
        answer.value = Fraction(growth[0], MICRO)
    elif reports and growth[1] > 0:
        answer.value = Fraction(*growth)
    return answer
