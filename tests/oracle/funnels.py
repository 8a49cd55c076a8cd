"""funnel: steps in order, greedily, within a limit from the first."""

from fractions import Fraction
from itertools import pairwise

from tests.oracle.answer import Answer
from tests.oracle.attributes import MICRO
from tests.oracle.statistics import nearest_rank
from tests.oracle.subjects import SKEW
from tests.oracle.view import Pick, View, everything

#: Distinct times that are kept of a subject's step, the earliest.
KEPT = 64


def _ways(view: View, pick: Pick) -> list[list[int]]:
    """Of each subject when it reached its steps, as far as it came."""
    kpi = view.kpi
    starts = dict[str, int]()
    picked = set[str]()
    for each in view.told(kpi.steps[0], kpi.by):
        if each.subject not in starts:
            starts[each.subject] = each.time
            if pick(view.labels(each.event)):
                picked.add(each.subject)
    told = [view.told(alternatives, kpi.by) for alternatives in kpi.steps[1:]]
    ways = []
    for subject, start in starts.items():
        way = [start]
        for step in told:
            kept = sorted({each.time for each in step if each.subject == subject})[:KEPT]
            chance = [t for t in kept if t >= way[-1] - SKEW and t - start <= kpi.expires]
            if not chance:
                break
            way.append(chance[0])
        if subject in picked:
            ways.append(way)
    return ways


def funnel(view: View, pick: Pick = everything) -> Answer:
    """The share that reached the last step, and how many reached each."""
    kpi = view.kpi
    low, high = view.matured(kpi.expires)
    every = _ways(view, pick)
    ways = [way for way in every if low <= way[0] < high]
    reached = [sum(len(way) > step for way in ways) for step in range(len(kpi.steps))]
    answer = Answer.of_share(reached[-1], reached[0])
    for step, number in enumerate(reached, start=1):
        answer.stats[f"reached_{step}"] = float(number)
    for step in range(1, len(kpi.steps)):
        took = sorted(max(0, way[step] - way[step - 1]) for way in ways if len(way) > step)
        if took:
            answer.stats[f"median_{step}"] = Fraction(nearest_rank(took, 0.5), MICRO)
    losses = [before - after for before, after in pairwise(reached)]
    worst = losses.index(max(losses))
    answer.notes["worst"] = str(worst + 1) if losses[worst] else None
    answer.pending = sum(
        len(way) < len(kpi.steps) and view.end - way[0] <= kpi.expires for way in every
    )
    return answer
