"""uptime, drift, loss: the state of a system and of its data."""

import fnmatch
import math
from fractions import Fraction
from typing import Any

from loopgauge_catalog.quantities import MICRO

from tests.oracle.answer import Answer
from tests.oracle.attributes import matches, text
from tests.oracle.events import DAY, HEARTBEAT
from tests.oracle.periods import first_instant, next_day_start
from tests.oracle.statistics import chi_square_95
from tests.oracle.view import Pick, View, everything

#: More unknown time than this, and there is no uptime.
_UNKNOWN = Fraction(1, 10)


def uptime(view: View, _pick: Pick = everything) -> Answer:
    """Σ up / known slots; slots that have ended, counted from the epoch."""
    kpi, probes = view.kpi, dict[int, dict[str | None, list[bool]]]()
    for event, is_eligible in view.chosen(kpi.event, kpi.where):
        is_up = matches(kpi.up, event.attributes)
        place = text(event.attributes.get(kpi.location)) if kpi.location else ""
        if is_eligible and is_up is not None and place is not None:
            probes.setdefault(event.time // kpi.every, {}).setdefault(place, []).append(is_up)
    up = {
        slot: max(Fraction(sum(seen), len(seen)) for seen in places.values())
        for slot, places in probes.items()
    }
    slots = range(-(-view.start // kpi.every), min(view.moment, view.end) // kpi.every)
    known = [up.get(slot, up.get(slot - 1)) for slot in slots]
    shares = [share for share in known if share is not None]
    answer = Answer(samples=len(shares))
    if not shares:
        return answer
    unknown = 1 - Fraction(len(shares), len(slots))
    answer.stats = {"up": sum(shares) / len(shares), "unknown": unknown}
    if unknown <= _UNKNOWN:
        answer.value = answer.stats["up"]
    return answer


def drift(view: View, pick: Pick = everything) -> Answer:
    """The greatest population stability index of all versions that can be judged."""
    kpi, scores = view.kpi, dict[str, list[tuple[int, int]]]()
    for event, is_eligible in view.chosen(kpi.event, kpi.where):
        version, micro = text(event.attributes.get(kpi.per)), view.value(event, kpi.value)
        if is_eligible and version is not None and micro is not None and pick({kpi.per: version}):
            scores.setdefault(version, []).append((event.time, micro))
    found = [each for of in scores.values() if (each := _index(view, of)) is not None]
    return max(found, key=lambda answer: answer.value or 0.0, default=Answer())


def _index(view: View, scores: list[tuple[int, int]]) -> Answer | None:
    """PSI of one version; None without samples, without a reference, or when chance may be all."""
    kpi, reference = view.kpi, _reference(view, scores[0][0])
    if reference is None:
        return None
    low, high = reference
    now = _bins(kpi, [micro for time, micro in scores if view.inside(time)])
    then = _bins(kpi, [micro for time, micro in scores if low <= time < high])
    if not sum(now) or not sum(then):
        return None
    bound = chi_square_95(kpi.bins - 1) * (1 / sum(now) + 1 / sum(then))
    if kpi.target is not None and bound > kpi.target.threshold.value:
        return None
    return Answer(
        value=stability(now, then),
        samples=sum(now),
        stats={"bound": bound, "reference": float(sum(then))},
    )


def stability(now: list[int], then: list[int]) -> float:
    """PSI = Σ(p − r)·ln(p/r), with half a count more in each bin."""
    smooth = len(now) / 2
    p = [(n + 0.5) / (sum(now) + smooth) for n in now]
    r = [(n + 0.5) / (sum(then) + smooth) for n in then]
    return math.fsum((a - b) * math.log(a / b) for a, b in zip(p, r, strict=True))


def _reference(view: View, first: int) -> tuple[int, int] | None:
    """The named interval, else the version's first seven full local days once they are over."""
    zone, named = view.product.zone, view.kpi.reference
    if named is not None:
        return first_instant(named.from_, zone), first_instant(named.to, zone)
    start = next_day_start(first, zone)
    end = next_day_start(start + 6 * DAY + DAY // 2, zone)
    return (start, end) if end <= view.end else None


def _bins(kpi: Any, micros: list[int]) -> list[int]:
    """Counts in equal bins of the range; what lies outside goes to the edge."""
    counts = [0] * kpi.bins
    low, high = (Fraction(repr(bound)) * MICRO for bound in kpi.bounds)
    for micro in micros:
        place = math.floor((micro - low) * kpi.bins / (high - low))
        counts[min(max(place, 0), kpi.bins - 1)] += 1
    return counts


def loss(view: View, _pick: Pick = everything) -> Answer:
    """Numbered events that never came, of those numbered long enough ago."""
    kpi = view.kpi
    low, high = view.snap(view.start - kpi.grace), view.snap(view.end - kpi.grace)
    reports = dict[str, list[tuple[int, int]]]()
    for event in view.scoped:
        said = event.attributes.get("loop.sequence.high")
        if event.name != HEARTBEAT or event.producer is None or not isinstance(said, int):
            continue
        if not kpi.services or any(fnmatch.fnmatchcase(event.service, s) for s in kpi.services):
            reports.setdefault(event.producer, []).append((event.time, said))
    came = dict[str, set[int]]()
    for event in view.events:
        if event.time < view.end and event.producer is not None and event.sequence is not None:
            came.setdefault(event.producer, set()).add(event.sequence)
    expected = present = 0
    for producer, of in reports.items():
        first, last = (max((n for t, n in of if t < bound), default=0) for bound in (low, high))
        expected += max(0, last - first)
        present += sum(first < number <= last for number in came.get(producer, ()))
    answer = Answer.of_share(expected - present, expected)
    answer.stats = {"expected": float(expected), "lost": float(expected - present)}
    return answer
