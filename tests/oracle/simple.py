"""count, sum, rate, mean, ratio, quantile: what single events add up to."""

from dataclasses import dataclass
from fractions import Fraction

from loopgauge_catalog.targets import Target

from tests.oracle.answer import Answer
from tests.oracle.attributes import COMPARE, MICRO, matches, text
from tests.oracle.events import DAY, HOUR, Event
from tests.oracle.statistics import (
    mean_interval,
    nearest_rank,
    shown,
    sketch_index,
    stat_name,
    wilson,
)
from tests.oracle.view import Pick, View, everything

_PERIOD = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


@dataclass(frozen=True)
class Fact:
    """An event as one KPI sees it; not eligible when something it needs is missing (R6)."""

    event: Event
    is_eligible: bool
    micro: int = 0
    is_good: bool = False
    weight: int = MICRO
    subject: str | None = None


def simple(view: View, pick: Pick = everything, numerator: Pick = everything) -> Answer:
    """The number of one of the six kinds.

    Args:
        view: the KPI and its moment.
        pick: which events count.
        numerator: which of them may be good, for `split`.
    """
    kpi = view.kpi
    facts = [_fact(view, *pair) for pair in view.chosen(kpi.event, kpi.where)]
    counted = [fact for fact in _counted(view, facts) if pick(view.labels(fact.event))]
    inside = [fact for fact in counted if view.inside(fact.event.time)]
    good = [fact for fact in inside if fact.is_eligible]
    answer = Answer(value=Fraction(0))
    n = len(good)
    match kpi.kind:
        case "count":
            answer = Answer(value=Fraction(n), samples=n)
        case "sum":
            answer = Answer(value=Fraction(sum(fact.micro for fact in good), MICRO), samples=n)
        case "rate":
            firsts = [f.event.time for f in facts if f.is_eligible and pick(view.labels(f.event))]
            observed = view.end - max(view.start, min(firsts)) if firsts else 0
            value = Fraction(n * _PERIOD[kpi.per], observed) if observed > 0 else None
            answer = Answer(value=value, samples=n)
        case "mean":
            micros = [fact.micro for fact in good]
            value = Fraction(sum(micros), n * MICRO) if n else None
            answer = Answer(value=value, samples=n, interval=mean_interval(micros))
        case "ratio":
            hits = [f for f in good if f.is_good and numerator(view.labels(f.event))]
            answer = Answer.of_share(_weighed(hits), _weighed(good))
        case "quantile":
            answer = _quantile(view, good)
    answer.ineligible = len(inside) - n
    return answer


def _weighed(facts: list[Fact]) -> int:
    return sum(fact.weight for fact in facts) // MICRO


def _fact(view: View, event: Event, is_eligible: bool) -> Fact:
    kpi, micro, good, weight, subject = view.kpi, 0, False, MICRO, None
    if (name := getattr(kpi, "value", None)) is not None:
        value = view.value(event, name)
        is_eligible, micro = is_eligible and value is not None, value or 0
    if (name := getattr(kpi, "weight", None)) is not None:
        value = view.value(event, name)
        is_eligible, weight = is_eligible and value is not None, value or 0
    if kpi.kind == "ratio":
        matching = matches(kpi.matching, event.attributes)
        is_eligible, good = is_eligible and matching is not None, matching is True
    if kpi.kind == "quantile" and kpi.target is not None:
        good = COMPARE[kpi.target.comparator](micro, kpi.target.threshold.micro)
    by = getattr(kpi, "once_per", None) or getattr(kpi, "last_per", None)
    if by is not None:
        subject = text(event.attributes.get(by))
        is_eligible = is_eligible and subject is not None
    return Fact(event, is_eligible, micro, good, weight, subject)


def _counted(view: View, facts: list[Fact]) -> list[Fact]:
    """Of each subject the first eligible event before E, or the last; and all that are not."""
    last = getattr(view.kpi, "last_per", None) is not None
    if not last and getattr(view.kpi, "once_per", None) is None:
        return facts
    one: dict[str | None, Fact] = {}
    for fact in facts if last else reversed(facts):  # in order of (time, id)
        if fact.is_eligible:
            one[fact.subject] = fact
    return [*one.values(), *(fact for fact in facts if not fact.is_eligible)]


def wanted_share(target: Target, quantile: float) -> int:
    """The share that must be within the target, in millionths."""
    return target.share.micro if target.share is not None else round(quantile * MICRO)


def _quantile(view: View, good: list[Fact]) -> Answer:
    kpi, n = view.kpi, len(good)
    answer = Answer(samples=n)
    if not n:
        return answer
    micros = sorted(fact.micro for fact in good)
    answer.stats = {
        stat_name(q): shown(sketch_index(nearest_rank(micros, q)))
        for q in {0.5, 0.95, 0.99, kpi.quantile}
    }
    own = stat_name(kpi.quantile)
    if kpi.target is not None:
        within = sum(fact.is_good for fact in good)
        answer.hits, answer.share, answer.interval = within, Fraction(within, n), wilson(within, n)
        wanted = wanted_share(kpi.target, kpi.quantile)
        met = within * MICRO >= wanted * n
        seems = COMPARE[kpi.target.comparator](
            round(answer.stats[own] * MICRO), kpi.target.threshold.micro
        )
        # Only a target about the same quantile can be contradicted by it.
        if wanted == round(kpi.quantile * MICRO) and met != seems:
            answer.stats[own] = Fraction(kpi.target.threshold.micro, MICRO)
    answer.value = answer.stats[own]
    return answer
