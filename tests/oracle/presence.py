"""distinct, subject_share, in_flight: who was there."""

from collections.abc import Iterable
from fractions import Fraction

from loopgauge_catalog.kpis import Step

from tests.oracle.answer import Answer
from tests.oracle.attributes import MICRO
from tests.oracle.events import SECOND
from tests.oracle.subjects import KEPT, SKEW
from tests.oracle.view import Pick, View, everything


def _active(view: View, steps: Iterable[Step], pick: Pick = everything) -> set[str]:
    return {
        each.subject
        for each in view.told(steps, view.kpi.by)
        if view.inside(each.time) and pick(view.labels(each.event))
    }


def distinct(view: View, pick: Pick = everything) -> Answer:
    """Subjects with at least one event in the window."""
    n = len(_active(view, view.kpi.events_, pick))
    return Answer(value=Fraction(n), samples=n)


def subject_share(view: View, _pick: Pick = everything) -> Answer:
    """Subjects that had an event, among all that had any of the listed ones."""
    having = _active(view, view.kpi.having)
    return Answer.of_share(len(having), len(having | _active(view, view.kpi.among)))


def in_flight(view: View, pick: Pick = everything) -> Answer:
    """The level now, at the second of `at`, or its maximum over whole seconds of the window."""
    lives = _lives(view, pick)

    def level(x: int) -> tuple[int, int]:
        inside = [weight for start, out, weight in lives if start <= x and (out is None or x < out)]
        return sum(inside), len(inside)

    if view.kpi.read == "current":
        micro, n = level(view.moment // SECOND * SECOND)
        return Answer(value=Fraction(micro, MICRO), samples=n)
    turns = {view.start, *(start for start, _, _ in lives), *(o for _, o, _ in lives if o)}
    seconds = {-(-turn // SECOND) * SECOND for turn in turns}
    levels = [level(x) for x in seconds if view.inside(x)]
    micro = max((micro for micro, _ in levels), default=0)
    return Answer(value=Fraction(micro, MICRO), samples=max((n for _, n in levels), default=0))


def _lives(view: View, pick: Pick) -> list[tuple[int, int | None, int]]:
    """When each subject came, when it left, and what it weighs."""
    kpi = view.kpi
    # The present is a moment, not a window: what is at that moment counts, E or not.
    later = kpi.read == "current"
    starts = dict[str, tuple[int, int, bool]]()
    for each in view.told([kpi.from_], kpi.by, later=later):
        weight = MICRO if kpi.value is None else view.value(each.event, kpi.value)
        if weight is not None and each.subject not in starts:
            starts[each.subject] = (each.time, weight, pick(view.labels(each.event)))
    ends = view.told(kpi.to, kpi.by, later=later)
    lives = []
    for subject, (start, weight, picked) in starts.items():
        kept = sorted({each.time for each in ends if each.subject == subject})[:KEPT]
        outs = [max(start, time) for time in kept if time >= start - SKEW]
        if kpi.expires is not None:
            outs.append(start + kpi.expires)
        if picked:
            lives.append((start, min(outs, default=None), weight))
    return lives
