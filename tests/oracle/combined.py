"""per and composite: numbers that are made of other numbers."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from loopgauge_catalog.kpis import Aggregate

from tests.oracle.answer import Answer
from tests.oracle.attributes import MICRO, text
from tests.oracle.view import Pick, View, everything

#: Kinds whose attainment is measured on the bad side.
_SHARES = {
    "ratio", "conversion", "duration", "quantile", "funnel", "uptime", "subject_share",
}  # fmt: skip
#: States in which a member says nothing.
_SILENT = {"no_data", "stale", "too_few", "unpriced"}
_MOST = 2.0


def per(view: View, _pick: Pick = everything) -> Answer:
    """One amount for each of another; undefined unless the other is above 0."""
    above, _ = _amount(view, view.kpi.numerator)
    below, n = _amount(view, view.kpi.denominator)
    answer = Answer(samples=n)
    if below > 0:
        answer.value = Fraction(above, below)
    return answer


def _amount(view: View, side: Aggregate) -> tuple[int, int]:
    """The amount in millionths, and how many events it is made of."""
    seen, total, n = set[str](), 0, 0
    for event, is_eligible in view.chosen(side.event, side.where):
        micro = MICRO if side.value is None else view.value(event, side.value)
        subject = text(event.attributes.get(side.once_per)) if side.once_per else event.id
        if not is_eligible or micro is None or subject is None or subject in seen:
            continue
        if side.once_per:
            seen.add(subject)
        if view.inside(event.time):
            total, n = total + micro, n + 1
    return total, n


def attainment(kpi: Any, answer: Answer, against: Answer | None = None) -> float | None:
    """How much of the target is reached, at most 2; None where that has no meaning."""
    value = answer.share if kpi.judged_by_share and kpi.target else answer.value
    if value is None:
        return None
    if against is not None:
        return None if not against.value else _capped(value, against.value)
    if kpi.target is None:
        return None
    wanted = Fraction(kpi.target.threshold.micro, MICRO)
    is_floor = kpi.target.lower_is_better is False
    if kpi.judged_by_share:
        wanted, is_floor = Fraction(kpi.target.share.micro, MICRO), True
    if wanted == 0:
        return _capped(1, 1 + value)
    if wanted == 1 and kpi.target.comparator in ("at_least", "equals", "within", "under", "below"):
        return _capped(value, wanted)
    if is_floor and kpi.kind in _SHARES:
        return _capped(1 - wanted, 1 - value)
    return (
        _capped(value, wanted)
        if is_floor or kpi.target.comparator == "equals"
        else _capped(wanted, value)
    )


def _capped(above: Fraction | float, below: Fraction | float) -> float:
    return _MOST if below == 0 else min(_MOST, float(above / below))


def composite(kpi: Any, member: Callable[[str], tuple[Any, Answer]]) -> Answer:
    """The score of 100, with what it rests on and its best case.

    Args:
        kpi: the row.
        member: a KPI of the same product by its key, and its answer at the same moment.
    """
    score = rests = 0.0
    known = 0
    for part in kpi.parts.values():
        share = part.weight / len(part.kpis)
        for each in part.kpis:
            row, answer = member(each.kpi)
            other = None if each.against is None else member(each.against)[1]
            silent = answer.state in _SILENT or (other is not None and other.state in _SILENT)
            reached = None if silent else attainment(row, answer, other)
            if reached is not None:
                score += share * min(1.0, reached)
                rests += share
                known += 1
    return Answer(
        value=score if known else None,
        samples=known,
        stats={"rests_on": rests / 100, "best_case": score + 100 - rests},
    )
