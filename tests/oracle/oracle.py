"""A brute-force answer to "what is this KPI at that moment?", in plain Python.

It keeps all events and looks at every one of them each time. Written from the KPI semantics
and sharing no code with the engine, so that the two can be compared.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import BudgetKpi

from tests.oracle.answer import Answer
from tests.oracle.attributes import text
from tests.oracle.combined import composite, per
from tests.oracle.events import DAY, Event
from tests.oracle.funnels import funnel
from tests.oracle.money import budget, cost, cost_per, quota
from tests.oracle.newest import age, delta, latest
from tests.oracle.periods import period
from tests.oracle.presence import distinct, in_flight, subject_share
from tests.oracle.signals import drift, loss, uptime
from tests.oracle.simple import simple
from tests.oracle.states import before, decide
from tests.oracle.subjects import conversion, duration
from tests.oracle.trend import Trend, shift, trend
from tests.oracle.view import Pick, View, everything

#: Each takes the view and which events count.
READERS: dict[str, Callable[[View, Pick], Answer]] = {
    "count": simple, "sum": simple, "rate": simple, "mean": simple, "ratio": simple,
    "quantile": simple, "latest": latest, "age": age, "delta": delta, "duration": duration,
    "conversion": conversion, "funnel": funnel, "distinct": distinct,
    "subject_share": subject_share, "in_flight": in_flight, "per": per, "uptime": uptime,
    "cost": cost, "cost_per": cost_per, "budget": budget, "quota": quota, "drift": drift,
    "loss": loss,
}  # fmt: skip


class Oracle:
    """All accepted events of all products, and the catalog.

    Args:
        events: in any order; the same id again is dropped.
        catalog: the KPIs.
        admitted: (KPI id, label) -> label values that have a series of their own (R8).
            Without it all have.
        label_cap: how many label sets are shown at most.
    """

    def __init__(
        self,
        events: Iterable[Event],
        catalog: Catalog,
        admitted: Mapping[tuple[str, str], set[str]] | None = None,
        label_cap: int = 20,
    ) -> None:
        unique = {event.id: event for event in events}
        self._events = sorted(unique.values(), key=lambda event: (event.time, event.id))
        self._catalog = catalog
        self._admitted = admitted
        self._label_cap = label_cap

    def view(self, product: str, key: str, at: int, now: int, length: int | None = None) -> View:
        """What the KPI can see."""
        kpi = self._catalog.kpi(f"{product}.{key}")
        assert kpi is not None, key
        events = tuple(event for event in self._events if event.product == product)
        return View(
            self._catalog.products[product],
            kpi,
            events,
            self._registry(kpi, events),
            at,
            now,
            length,
        )

    def _registry(self, kpi: Any, events: Iterable[Event]) -> dict[str, set[str]]:
        names = (*kpi.labels, *getattr(kpi, "split", ()))
        if self._admitted is not None:
            return {name: self._admitted.get((kpi.id, name), set()) for name in names}
        return {
            name: {"__none__"} | {t for e in events if (t := text(e.attributes.get(name)))}
            for name in names
        }

    def answer(
        self, product: str, key: str, at: int, now: int, length: int | None = None
    ) -> Answer:
        """The KPI as of `at`, asked at `now`; over another window than its own without a state."""
        view = self.view(product, key, at, now, length)
        answer = self._number(view)
        answer.start = view.start or None
        answer.end = view.end
        if length is not None:
            return answer
        answer.breakdowns = _breakdowns(view, self._label_cap)
        if before(view, answer) is None and view.kpi.kind == "count":
            _add_listed(view, answer, self._label_cap)
        answer.state, answer.sure = decide(view, answer)
        if self._is_unfed_score(view):
            answer.state, answer.sure = "no_data", False
        if answer.state == "no_data":
            return Answer(
                answer.start, view.end, None, answer.samples,
                ineligible=answer.ineligible, state="no_data",
            )  # fmt: skip
        return answer

    def _number(self, view: View) -> Answer:
        if view.kpi.kind != "composite":
            return READERS[view.kpi.kind](view, everything)
        return composite(view.kpi, lambda key: self._member(view, key))

    def _is_unfed_score(self, view: View) -> bool:
        """Whether nothing that a score is made of has ever been reported."""
        if view.kpi.kind != "composite":
            return False
        keys = {
            key
            for part in view.kpi.parts.values()
            for each in part.kpis
            for key in (each.kpi, each.against)
            if key is not None
        }
        return all(self._member(view, key)[1].state == "no_data" for key in keys)

    def _member(self, view: View, key: str) -> tuple[Any, Answer]:
        kpi = self._catalog.kpi(f"{view.product.product}.{key}")
        return kpi, self.answer(view.product.product, key, view.at, view.now)

    def trend(self, product: str, key: str, at: int, now: int) -> Trend:
        """The move since the same window some weeks ago; calendar kinds: the period before."""
        view = self.view(product, key, at, now)
        kpi = view.kpi
        then = at - (7 * DAY if kpi.own_window is None else shift(kpi.own_window))
        if kpi.period is not None:
            start = period(view.end - 1, kpi.period, view.zone, view.product.sprint)[0]
            before = period(start - 1, kpi.period, view.zone, view.product.sprint)[0]
            # Not beyond its end, where it was the shorter one.
            then = min(start, before + at - start)
        return trend(kpi, self.answer(product, key, at, now), self.answer(product, key, then, now))


def _breakdowns(view: View, label_cap: int) -> dict[str, dict[str, Answer]]:
    """One answer per label value that has anything in the window."""
    kpi, found = view.kpi, dict[str, dict[str, Answer]]()
    if isinstance(kpi, BudgetKpi) or kpi.kind == "composite":
        return found
    for label in kpi.labels:
        parts = {v: READERS[kpi.kind](view, _only(label, v)) for v in _values(view, label)}
        found[label] = {v: p for v, p in sorted(parts.items()) if p.samples or p.ineligible}
        if kpi.label_sets is not None:
            found[label] = _most_telling(kpi, found[label], label_cap)
    for label in getattr(kpi, "split", ()):
        parts = {v: simple(view, numerator=_only(label, v)) for v in _values(view, label)}
        found[label] = {v: p for v, p in sorted(parts.items()) if p.hits}
    return found


def _add_listed(view: View, answer: Answer, label_cap: int) -> None:
    """Label values that the catalog lists are 0, not unknown (rows C15 and C16)."""
    for label, parts in answer.breakdowns.items():
        registered = view.registry.get(label, set())
        is_full = len(registered - {"__other__"}) >= label_cap
        for value in view.declared(view.kpi.event, label).allowed or ():
            # One that came when all places were taken would be among the others.
            if isinstance(value, str) and (value in registered or not is_full):
                parts.setdefault(value, Answer(value=0.0))


def _most_telling(kpi: Any, parts: dict[str, Answer], most: int) -> dict[str, Answer]:
    """The label sets with the greatest numbers, or with the lowest where the target is a floor."""
    down = not (kpi.target is not None and kpi.target.lower_is_better is False)
    by_name = sorted(parts)
    known = [name for name in by_name if parts[name].value is not None]
    known.sort(key=lambda name: float(parts[name].value or 0), reverse=down)
    unknown = [name for name in by_name if parts[name].value is None]
    return {name: parts[name] for name in [*known, *unknown][:most]}


def _only(label: str, value: str) -> Pick:
    return lambda labels: labels[label] == value


def _values(view: View, label: str) -> set[str]:
    names = {use.event for use in view.kpi.uses if any(read.name == label for read in use.reads)}
    events = [event for event in view.scoped if event.name in names]
    if view.kpi.label_sets is None:
        return {view.label(event, label) for event in events}
    return {t for event in events if (t := text(event.attributes.get(label))) is not None}
