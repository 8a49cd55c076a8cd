"""The decision table of section 4, line by line."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from loopgauge_catalog.targets import Target

from tests.oracle.answer import Answer
from tests.oracle.attributes import COMPARE, MICRO
from tests.oracle.events import MINUTE, Event
from tests.oracle.periods import period
from tests.oracle.simple import wanted_share
from tests.oracle.statistics import tail
from tests.oracle.view import View

#: Shares that the binomial tail judges.
SHARES = frozenset({"ratio", "conversion", "funnel", "subject_share", "loss"})
#: Numbers that grow with their window, so that a floor is not judged before it is full.
_GROWING = frozenset({"count", "sum", "distinct"})

#: Missed, surely so, and the samples that an unsure judgement needs.
Judged = tuple[bool, bool, int]


def decide(view: View, answer: Answer) -> tuple[str, bool]:
    """The state, and whether a breach is sure; label values of `each` make it worse."""
    state = before(view, answer) or _by_target(view, answer)
    if view.kpi.target is None or state[0] in ("no_data", "stale"):
        return state
    for label in view.kpi.each:
        for part in answer.breakdowns.get(label, {}).values():
            # Only a label value that has min_samples (section 1, point 6).
            if undefined(view.kpi, part) or part.samples < _judged(view.kpi, part)[2]:
                continue
            own = _unpriced(view.kpi, part) or _by_target(view, part)
            if own[0] == "breach":
                state = ("breach", own[1] or state == ("breach", True))
    return state


def before(view: View, answer: Answer) -> tuple[str, bool] | None:
    """Lines 1 to 4: what does not depend on how the number stands to a target."""
    kpi = view.kpi
    own = [
        event
        for event in view.events
        if event.time < view.end and event.environment in (None, kpi.environment)
    ]
    if not kpi.zero_ok and any(
        all(event.name not in group for event in own) for group in kpi.required
    ):
        return "no_data", False
    if any(_silent(view, own, group) for group in kpi.required) or _old(view, answer):
        return "stale", False
    return _unpriced(kpi, answer)


def _unpriced(kpi: Any, answer: Answer) -> tuple[str, bool] | None:
    """Lines 3 and 4."""
    if not answer.unpriced:
        return None
    upper = kpi.target is not None and kpi.target.lower_is_better is True
    if upper and answer.value is not None and _judged(kpi, answer)[0]:
        return "breach", True
    return "unpriced", False


def undefined(kpi: Any, answer: Answer) -> bool:
    """Whether there is nothing to judge; for durations that is the share."""
    if kpi.judged_by_share and kpi.target is not None:
        return answer.samples == 0
    return answer.value is None


def _by_target(view: View, answer: Answer) -> tuple[str, bool]:
    kpi = view.kpi
    if undefined(kpi, answer):
        return "too_few", False
    if kpi.target is None:
        return "ok", False
    missed, sure, least = _judged(kpi, answer)
    is_floor = kpi.target.lower_is_better is False
    if is_floor and kpi.kind in _GROWING and missed and (_young(view) or _is_running(view)):
        return "too_few", False
    if missed and sure:
        return "breach", True
    if answer.samples < least:
        return "too_few", False
    return ("breach" if missed else "ok"), False


def _silent(view: View, own: Sequence[Event], group: Sequence[str]) -> bool:
    """Whether the source of what is required gives no sign of life; one of a group is enough."""
    feeding = [event for event in own if event.name in group]
    if not feeding:
        return False
    patience = view.kpi.stale_after
    declared = [view.product.event(name) for name in group]
    if all(event is not None and event.source == "batch" for event in declared):
        newest = max(event.time for event in feeding)
        return patience is not None and view.at - newest > patience
    senders = {event.service for event in feeding}
    sign = max(event.time for event in own if event.service in senders)
    return view.at - sign > (patience or 15 * MINUTE)


def _old(view: View, answer: Answer) -> bool:
    """latest: an old label set, unless the fresh ones alone already miss a zero target."""
    kpi = view.kpi
    if kpi.kind != "latest" or kpi.stale_after is None:
        return False
    fresh = [micro for time, micro in answer.ages if view.at - time <= kpi.stale_after]
    if len(fresh) == len(answer.ages):
        return False
    is_zero = kpi.target is not None and kpi.target.threshold.micro == 0
    return not (is_zero and kpi.combine == "sum" and sum(fresh) > 0)


def _young(view: View) -> bool:
    """Whether the source is younger than the window."""
    times = [
        event.time
        for event in view.events
        if event.name in view.kpi.events
        and event.time < view.end
        and event.environment in (None, view.kpi.environment)
    ]
    return bool(times) and min(times) > view.start


def _is_running(view: View) -> bool:
    """Whether the calendar period goes on: its window is not full (row B1)."""
    kpi = view.kpi
    if kpi.period is None:
        return False
    return period(view.end - 1, kpi.period, view.zone, view.product.sprint)[1] > view.end


def _judged(kpi: Any, answer: Answer) -> Judged:
    target: Target = kpi.target
    threshold, n = target.threshold.micro, answer.samples
    if kpi.judged_by_share:
        wanted = wanted_share(target, getattr(kpi, "quantile", 1.0))
        missed = answer.hits * MICRO < wanted * n
        return missed, *_surely(kpi, missed, n - answer.hits, n, MICRO - wanted)
    assert answer.value is not None
    missed = not COMPARE[target.comparator](answer.value * MICRO, threshold)
    if kpi.kind in SHARES:
        if target.lower_is_better is False or threshold == MICRO:
            return missed, *_surely(kpi, missed, n - answer.hits, n, MICRO - threshold)
        return missed, *_surely(kpi, missed, answer.hits, n, threshold)
    if kpi.kind == "uptime":
        bad = int((1 - Fraction(answer.value)) * n)  # part of a slot is no bad one
        return missed, *_surely(kpi, missed, bad, n, MICRO - threshold)
    if kpi.kind == "mean":
        least = kpi.min_samples or 20
        low, high = answer.interval or (-math.inf, math.inf)
        return missed, n >= least and not low <= threshold / MICRO <= high, least
    return missed, missed, (kpi.min_samples or 1) if kpi.kind in ("per", "cost_per") else 0


def _surely(kpi: Any, missed: bool, bad: int, n: int, allowed: int) -> tuple[bool, int]:
    """By the exact binomial tail, and at least two bad ones; none allowed: by one."""
    if allowed == 0:
        return missed and bad >= 1, kpi.min_samples or 1
    share = Fraction(allowed, MICRO)
    least = kpi.min_samples or min(1000, max(20, math.ceil(5 / share)))
    return missed and bad >= 2 and tail(bad, n, share) <= Fraction(1, 40), least
