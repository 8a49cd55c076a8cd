"""duration and conversion: from a start to an end of the same subject (R10 to R12)."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.answer import Answer
from tests.oracle.attributes import COMPARE, MICRO
from tests.oracle.events import MINUTE, SECOND, Event
from tests.oracle.statistics import shown, sketch_index, stat_name, wilson
from tests.oracle.view import Pick, Told, View, everything

#: Clocks differ: an end up to a second before its start is one (R7).
SKEW = SECOND
#: Distinct times of one step that are kept of a subject, the earliest.
KEPT = 8


@dataclass
class Pair:
    """A subject with its earliest start, and what came of it."""

    start: int
    first: Event
    times: dict[str, set[int]] = field(default_factory=dict)

    def earliest(self, step: str) -> int | None:
        """The earliest of a step at or after the start, among those that are kept."""
        kept = sorted(self.times.get(step, ()))[:KEPT]
        return min((time for time in kept if time >= self.start - SKEW), default=None)

    def took(self) -> int | None:
        """The duration; a negative one is 0."""
        end = self.earliest("to")
        return None if end is None else max(0, end - self.start)

    def reached(self, step: str, limit: int | None) -> bool:
        """Whether the step came within the limit, which is inclusive."""
        time = self.earliest(step)
        return time is not None and (limit is None or time - self.start <= limit)

    def outcome(self, end: int, limit: int | None) -> str:
        """done, failed, excluded, expired or pending, as of E."""
        done, out = self.earliest("to"), self.earliest("excludes")
        if self.reached("excludes", limit) and (done is None or (out is not None and out < done)):
            return "excluded"
        for step, name in (("to", "done"), ("fails", "failed")):
            if self.reached(step, limit):
                return name
        return "pending" if limit is None or end - self.start <= limit else "expired"


def pairs(view: View, *, later: bool = False) -> list[Pair]:
    """Every subject that has started before E; with what came of it later, if that is asked."""
    kpi = view.kpi
    found: dict[str, Pair] = {}
    for each in view.told([kpi.from_], kpi.by):
        found.setdefault(each.subject, Pair(each.time, each.event))
    for step in ("to", "fails", "excludes"):
        told: list[Told] = view.told(getattr(kpi, step, ()), kpi.by, later=later)
        for each in told:
            if each.subject in found:  # else an orphan
                found[each.subject].times.setdefault(step, set()).add(each.time)
    return list(found.values())


def conversion(view: View, pick: Pick = everything) -> Answer:
    """done / (done + failed + expired) over starts that had their full chance."""
    limit = view.kpi.expires
    low, high = view.matured(limit)
    subjects = [pair for pair in pairs(view) if pick(view.labels(pair.first))]
    outcomes = [p.outcome(view.end, limit) for p in subjects if low <= p.start < high]
    answer = Answer.of_share(outcomes.count("done"), sum(each != "excluded" for each in outcomes))
    answer.stats = {name: float(outcomes.count(name)) for name in ("done", "failed", "expired")}
    _beside(view, subjects, answer)
    return answer


def _beside(view: View, subjects: list[Pair], answer: Answer) -> None:
    """Who ended too late; who is pending.

    Who has failed and will yet be done may be counted as pending at E.
    """
    answer.late = sum(_is_late(view, pair) for pair in subjects)
    outcomes = [pair.outcome(view.end, view.kpi.expires) for pair in subjects]
    answer.pending = outcomes.count("pending")
    later = {pair.first.id: pair for pair in pairs(view, later=True)}
    answer.maybe_pending = sum(
        outcome == "failed" and later[pair.first.id].outcome(view.end, view.kpi.expires) != "failed"
        for pair, outcome in zip(subjects, outcomes, strict=True)
    )


def _is_late(view: View, pair: Pair) -> bool:
    """Ended after the limit (R11): in the window, or among those who had their full chance."""
    limit, took = view.kpi.expires, pair.took()
    if limit is None or took is None or pair.outcome(view.end, limit) != "expired":
        return False
    if getattr(view.kpi, "anchor", "start") == "end":
        return view.inside(pair.start + took)
    low, high = view.matured(limit)
    return low <= pair.start < high


def duration(view: View, pick: Pick = everything) -> Answer:
    """The share within the target over matured starts; quantiles over those of the window."""
    kpi, limit = view.kpi, view.kpi.expires
    subjects = [pair for pair in pairs(view) if pick(view.labels(pair.first))]
    alive = [p for p in subjects if p.outcome(view.end, limit) != "excluded"]
    answer = _ended(view, alive) if kpi.anchor == "end" else _started(view, alive)
    _beside(view, subjects, answer)
    return answer


def _within(view: View, subjects: list[Pair], answer: Answer) -> None:
    """The deciding number."""
    target, n = view.kpi.target, len(subjects)
    if target is None:
        return
    compare, limit = COMPARE[target.comparator], view.kpi.expires
    answer.hits = sum(
        p.outcome(view.end, limit) == "done" and compare(p.took(), target.threshold.micro)
        for p in subjects
    )
    answer.samples, answer.interval = n, wilson(answer.hits, n)
    answer.share = Fraction(answer.hits, n) if n else None


def _started(view: View, alive: list[Pair]) -> Answer:
    kpi, limit = view.kpi, view.kpi.expires
    inside = [p for p in alive if view.inside(p.start)]
    answer = Answer(samples=len(inside))
    expired = any(p.outcome(view.end, limit) == "expired" for p in inside)
    for quantile in kpi.stats:
        index = next(
            (j for j, *_, f in survival(view, inside) if f >= Fraction(repr(quantile))), None
        )
        if index is not None:
            answer.stats[stat_name(quantile)] = shown(index)
        elif expired:
            answer.stats[stat_name(quantile)] = float("inf")
    answer.value = answer.stats.get(stat_name(kpi.shown))
    if kpi.target is not None:
        low, high = view.matured(kpi.target.threshold.micro)
        _within(view, [p for p in alive if low <= p.start < high], answer)
        if not answer.samples:
            answer.value, answer.stats = None, {}
    return answer


def survival(view: View, inside: list[Pair]) -> list[tuple[int, int, int, Fraction]]:
    """Kaplan–Meier over the log index: (j, at risk, done, F), ascending.

    Pending and failed subjects are at risk up to the age that they have, or to the limit.
    """
    limit, marks = view.kpi.expires, list[tuple[int, bool]]()
    for pair in inside:
        if pair.outcome(view.end, limit) == "done":
            took = pair.took()
            assert took is not None
            marks.append((sketch_index(took), True))
        else:
            age = view.end - pair.start // MINUTE * MINUTE
            marks.append((sketch_index(min(age, limit)), False))
    rows, left = [], Fraction(1)
    for j in sorted({index for index, _ in marks}):
        at_risk = sum(index >= j for index, _ in marks)
        done = sum(index == j and is_done for index, is_done in marks)
        left *= 1 - Fraction(done, at_risk)
        rows.append((j, at_risk, done, 1 - left))
    return rows


def _ended(view: View, alive: list[Pair]) -> Answer:
    """anchor: end. Those whose end is in the window, without censoring."""
    kpi, limit = view.kpi, view.kpi.expires
    done = []
    for pair in alive:
        took = pair.took()
        if pair.outcome(view.end, limit) == "done" and took is not None:
            done.append((took, pair))
    inside = [(took, p) for took, p in done if view.inside(p.start + took)]
    answer = Answer(samples=len(inside))
    lasted = sorted(micros for micros, _ in inside)
    for quantile in kpi.stats if lasted else ():
        rank = -(-Fraction(repr(quantile)) * len(lasted) // 1)
        answer.stats[stat_name(quantile)] = shown(sketch_index(lasted[int(rank) - 1]))
    if lasted:
        answer.stats["mean"] = Fraction(sum(lasted), len(lasted) * MICRO)
    open_ = [p.start for p in alive if p.outcome(view.end, limit) == "pending"]
    if open_:
        answer.stats["oldest_open"] = Fraction(view.end - min(open_), MICRO)
    name = "mean" if kpi.shown == "mean" else stat_name(kpi.shown)
    answer.value = answer.stats.get(name)
    _within(view, [pair for _, pair in inside], answer)
    return answer
