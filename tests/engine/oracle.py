"""A brute-force answer to "what is this KPI at that moment?", in plain Python.

It keeps all events and looks at every one of them each time. Written from the KPI semantics
(sections 3 and 4) and sharing no code with the engine, so that the two can be compared.
"""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.engine.harness import Event
from tests.engine.oracle_facts import COMPARE, MICRO, Answer, Fact, amount, fact
from tests.engine.oracle_latest import has_old, latest, reports
from tests.engine.windows_by_calendar import DAY, HOUR, MINUTE, bounds

_Z = 1.959964
_PERIOD = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


class Oracle:
    """All accepted events of all products, and the files of the catalog.

    Args:
        events: each once.
        products: catalog files as dicts.
        admitted: (KPI id, label) -> label values that have a series of their own (R8).
    """

    def __init__(
        self,
        events: Iterable[Event],
        products: Iterable[Mapping[str, Any]],
        admitted: Mapping[tuple[str, str], set[str]],
    ) -> None:
        self._events = sorted(events, key=lambda event: (event.time, event.id))
        self._products = {raw["product"]: raw for raw in products}
        self._admitted = admitted

    def answer(self, product: str, key: str, at: int, now: int) -> Answer:
        """The KPI as of `at`, asked at `now`."""
        raw = self._products[product]
        kpi = raw["tables"]["main"]["kpis"][key]
        declared = raw["events"].get(kpi["event"], {})
        zone = ZoneInfo(raw["timezone"])
        length = amount(kpi["window"]) if "window" in kpi else MINUTE
        start, end = bounds(at, length, now, zone)
        known = [e for e in self._events if e.product == product and e.time < end]
        if kpi["kind"] == "latest":
            answer: Answer = latest(kpi, reports(kpi, declared.get("attributes", {}), known), end)
        else:
            facts = [
                f for e in known if (f := fact(kpi, declared.get("attributes", {}), e)) is not None
            ]
            answer = _number(kpi, facts, _counted(kpi, facts), start, end)
            for label in kpi.get("labels", ()):
                own = self._admitted.get((f"{product}.{key}", label), set())
                answer.breakdowns[label] = _parts(kpi, facts, label, own, start, end)
        answer.end = end
        answer.state, answer.sure = self._state(kpi, declared, known, answer, at, start)
        if answer.state == "no_data":
            return Answer(
                answer.start, end, None, answer.samples, answer.ineligible, state="no_data"
            )
        return answer

    def _state(
        self,
        kpi: Mapping[str, Any],
        declared: Mapping[str, Any],
        known: list[Event],
        answer: Answer,
        at: int,
        start: int,
    ) -> tuple[str, bool]:
        """The decision table, line by line."""
        own = [e for e in known if e.environment in (None, "production")]
        feeding = [e for e in own if e.name == kpi["event"]]
        if not feeding and not kpi.get("zero_ok"):
            return "no_data", False
        patience = amount(kpi["stale_after"]) if "stale_after" in kpi else None
        if feeding and declared.get("source") == "batch":
            if patience is not None and at - max(e.time for e in feeding) > patience:
                return "stale", False
        elif feeding:
            senders = {e.service for e in feeding}
            sign = max(e.time for e in own if e.service in senders)
            if at - sign > (patience or 15 * MINUTE):
                return "stale", False
        if kpi["kind"] == "latest" and patience is not None and has_old(kpi, answer, at, patience):
            return "stale", False
        if answer.value is None:
            return "too_few", False
        if "target" not in kpi:
            return "ok", False
        missed, sure, least = _judged(kpi, answer)
        floor = kpi["kind"] in ("count", "sum") and not {"at_least", "above"}.isdisjoint(
            kpi["target"]
        )
        if floor and missed and feeding and min(e.time for e in feeding) > start:
            return "too_few", False
        if missed and sure:
            return "breach", True
        if answer.samples < least:
            return "too_few", False
        return ("breach" if missed else "ok"), False


def _counted(kpi: Mapping[str, Any], facts: list[Fact]) -> list[Fact]:
    """Eligible or not: of each subject of `once_per` only the first eligible event stays."""
    if "once_per" not in kpi:
        return facts
    seen: set[str | None] = set()
    kept = []
    for each in facts:  # in order of (time, id)
        if each.eligible and each.subject in seen:
            continue
        if each.eligible:
            seen.add(each.subject)
        kept.append(each)
    return kept


def _parts(
    kpi: Mapping[str, Any], facts: list[Fact], label: str, own: set[str], start: int, end: int
) -> dict[str, Answer]:
    """One answer per label value that has anything in the window."""
    counted = _counted(kpi, facts)
    groups: dict[str, tuple[list[Fact], list[Fact]]] = {}
    for at, each in [(0, f) for f in facts] + [(1, f) for f in counted]:
        value = each.labels[label]
        groups.setdefault(value if value in own else "__other__", ([], []))[at].append(each)
    parts = {value: _number(kpi, *pair, start, end) for value, pair in groups.items()}
    return {value: part for value, part in parts.items() if part.samples or part.ineligible}


def _number(
    kpi: Mapping[str, Any], facts: list[Fact], counted: list[Fact], start: int, end: int
) -> Answer:
    inside = [f for f in counted if start <= f.time < end]
    good = [f for f in inside if f.eligible]
    answer = Answer(start, end, samples=len(good), ineligible=len(inside) - len(good))
    n, total = len(good), sum(f.micro for f in good)
    match kpi["kind"]:
        case "count":
            answer.value, answer.micro = Fraction(n), Fraction(n * MICRO)
        case "sum":
            answer.value, answer.micro = Fraction(total, MICRO), Fraction(total)
        case "rate":
            firsts = [f.time for f in facts if f.eligible]
            observed = end - max(start, min(firsts)) if firsts else 0
            if observed > 0:
                answer.value = Fraction(n * _PERIOD[kpi.get("per", "day")], observed)
                answer.micro = answer.value * MICRO
        case "mean" if n:
            answer.value, answer.micro = Fraction(total, MICRO * n), Fraction(total, n)
            if n > 1:
                spread = sum((f.micro - answer.micro) ** 2 for f in good) / (n - 1)
                half = 1.96 * math.sqrt(spread / n)
                mean = float(answer.micro)
                answer.interval = ((mean - half) / MICRO, (mean + half) / MICRO)
        case "ratio" if n:
            hits = sum(f.good for f in good)
            answer.value, answer.interval = Fraction(hits, n), _wilson(hits, n)
            answer.micro, answer.bad = answer.value * MICRO, hits
        case "quantile" if n:
            _quantiles(kpi, good, answer)
    return answer


def _quantiles(kpi: Mapping[str, Any], good: list[Fact], answer: Answer) -> None:
    n, own = len(good), str(kpi.get("quantile", 0.95))
    values = sorted(f.micro for f in good)
    for quantile in sorted({"0.5", "0.95", "0.99", own}):
        rank = math.ceil(Fraction(quantile) * n)
        answer.stats[f"p{float(Fraction(quantile) * 100):g}"] = _shown(values[rank - 1])
    mine = f"p{float(Fraction(own) * 100):g}"
    answer.value = answer.stats[mine]
    if "target" not in kpi:
        return
    within = sum(f.good for f in good)
    answer.share, answer.interval, answer.bad = Fraction(within, n), _wilson(within, n), n - within
    wanted = amount(kpi["target"]["share"])
    if wanted != Fraction(own) * MICRO:
        return
    word, limit = next(pair for pair in kpi["target"].items() if pair[0] != "share")
    met = within * MICRO >= wanted * n
    if met != COMPARE[word](round(answer.stats[mine] * MICRO), amount(limit)):
        answer.value = answer.stats[mine] = amount(limit) / MICRO


def _shown(micro: int) -> float:
    if micro < 1000:
        return 0.0
    index = math.floor(math.log(micro / MICRO) / 0.02)
    return 2 * math.exp(0.02 * (index + 1)) / (math.exp(0.02) + 1)


def _wilson(good: int, n: int) -> tuple[float, float]:
    p = good / n
    root = _Z * math.sqrt(p * (1 - p) * n + _Z * _Z / 4)
    return (
        max(0.0, (good + _Z * _Z / 2 - root) / (n + _Z * _Z)),
        min(1.0, (good + _Z * _Z / 2 + root) / (n + _Z * _Z)),
    )


def _judged(kpi: Mapping[str, Any], answer: Answer) -> tuple[bool, bool, int]:
    """Missed, surely so, and the samples that a judgement needs."""
    word, limit = next(
        pair for pair in kpi["target"].items() if pair[0] not in ("share", "stretch")
    )
    threshold, n = amount(limit), answer.samples
    floor = word in ("at_least", "above")
    if kpi["kind"] == "quantile":
        wanted = amount(kpi["target"]["share"])
        missed = (n - answer.bad) * MICRO < wanted * n
        return missed, *_surely(answer.bad, n, Fraction(MICRO - wanted, MICRO), kpi)
    missed = not COMPARE[word](answer.micro, threshold)
    if kpi["kind"] == "ratio":
        bad = n - answer.bad if floor else answer.bad
        return missed, *_surely(
            bad, n, Fraction(MICRO - threshold if floor else threshold, MICRO), kpi
        )
    if kpi["kind"] == "mean":
        least = kpi.get("min_samples", 20)
        low, high = answer.interval or (-math.inf, math.inf)
        return missed, n >= least and not low <= threshold / MICRO <= high, least
    return missed, True, 0


def _surely(bad: int, n: int, allowed: Fraction, kpi: Mapping[str, Any]) -> tuple[bool, int]:
    if allowed == 0:
        return bad >= 1, kpi.get("min_samples", 1)
    tail = sum(math.comb(n, k) * allowed**k * (1 - allowed) ** (n - k) for k in range(bad, n + 1))
    least = kpi.get("min_samples", min(1000, max(20, math.ceil(5 / allowed))))
    return bad >= 2 and tail <= Fraction(1, 40), least
