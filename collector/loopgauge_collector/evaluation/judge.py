"""From a number to a state: the decision table of KPI_SEMANTICS section 4, line by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.states import State

from loopgauge_collector.kinds.base import Judgement, Kind, Number
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.partials.activity import Key, Seen
from loopgauge_collector.windows import MINUTE

STALE_AFTER = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Feed:
    """What is known of one required event of a KPI.

    Attributes:
        name: the event, or those of which any will do.
        first, last: its first and newest time in microseconds; None when it never came.
        alive: newest sign of life of any service that has sent it, heartbeats included.
        batch: it comes from CI, scans or surveys, where silence is normal.
    """

    name: str
    first: int | None
    last: int | None
    alive: int | None
    batch: bool


class Sources:
    """Activity by product and environment, in the form that feeds are asked for."""

    def __init__(self, seen: Mapping[Key, Seen]) -> None:
        self._by_name: dict[tuple[str, str], list[tuple[str, str, Seen]]] = {}
        self._alive: dict[tuple[str, str, str], int] = {}
        for (product, environment, service, name), times in seen.items():
            self._by_name.setdefault((product, name), []).append((environment, service, times))
            key = (product, environment, service)
            self._alive[key] = max(times.last, self._alive.get(key, times.last))

    def feeds(self, kpi: Any, catalog: Catalog) -> tuple[Feed, ...]:
        """What a KPI requires, from its own environment or from none; of a group any will do."""
        return tuple(self._feed(kpi, group, catalog) for group in kpi.required)

    def _feed(self, kpi: Any, group: tuple[str, ...], catalog: Catalog) -> Feed:
        senders = [
            (environment, service, times)
            for name in group
            for environment, service, times in self._by_name.get((kpi.product, name), ())
            if environment in {"", kpi.environment}
        ]
        declared = [catalog.event(kpi.product, name) for name in group]
        batch = all(event is not None and event.source == "batch" for event in declared)
        name = " or ".join(group)
        if not senders:
            return Feed(name, None, None, None, batch)
        return Feed(
            name,
            first=min(times.first for _, _, times in senders),
            last=max(times.last for _, _, times in senders),
            # A heartbeat may come without an environment where the events carry one.
            alive=max(
                self._alive.get((kpi.product, environment, service), 0)
                for _, service, _ in senders
                for environment in ("", kpi.environment)
            ),
            batch=batch,
        )


def _silent(kpi: Any, feeds: Iterable[Feed], at: int) -> bool:
    for feed in feeds:
        if feed.first is None or feed.last is None or feed.alive is None:
            continue  # allowed by zero_ok
        if feed.batch:
            if kpi.stale_after is not None and at - feed.last > kpi.stale_after:
                return True
        elif at - feed.alive > (kpi.stale_after or STALE_AFTER):
            return True
    return False


def decide(
    kpi: Any, kind: Kind, cell: Cell, number: Number, feeds: tuple[Feed, ...], at: int
) -> tuple[State, bool]:
    """The state and whether a breach is sure; the first line that matches wins.

    Args:
        kpi: the catalog row.
        kind: its kind.
        cell, number: sums of the KPI's own window and what they mean.
        feeds: its required events.
        at: the moment that freshness is judged at, in microseconds.
    """
    if not kpi.zero_ok and any(feed.first is None for feed in feeds):
        return State.NO_DATA, False
    if _silent(kpi, feeds, at) or kind.is_stale(kpi, cell, at):
        return State.STALE, False
    if number.unpriced:
        if kpi.target is not None and number.is_defined and kind.judge(kpi, cell).missed:
            return State.BREACH, True
        return State.UNPRICED, False
    if not number.is_defined:
        return State.TOO_FEW, False
    if kpi.target is None:
        return State.OK, False
    return _by_target(kind.judge(kpi, cell), cell, number, feeds)


def _by_target(
    judged: Judgement, cell: Cell, number: Number, feeds: Iterable[Feed]
) -> tuple[State, bool]:
    if judged.floor and judged.missed and _is_filling(cell, feeds):
        return State.TOO_FEW, False
    if judged.missed and judged.sure:
        return State.BREACH, True
    if number.samples < judged.min_samples:
        return State.TOO_FEW, False
    return (State.BREACH, False) if judged.missed else (State.OK, False)


def _is_filling(cell: Cell, feeds: Iterable[Feed]) -> bool:
    """Whether the window may still get what it lacks: too young a source, or a running period."""
    young = any(feed.first is not None and feed.first > cell.start for feed in feeds)
    return young or cell.until > cell.end


def breach_of_part(
    kpi: Any, kind: Kind, part: Cell, number: Number, feeds: tuple[Feed, ...]
) -> bool | None:
    """Whether a label value breaches the target by itself: None if not, else whether surely.

    One with too few samples does not, however bad they are (KPI_SEMANTICS section 1, point 6).
    """
    if not number.is_defined:
        return None
    judged = kind.judge(kpi, part)
    if number.unpriced:
        return True if judged.missed else None
    state, sure = _by_target(judged, part, number, feeds)
    if state is not State.BREACH or number.samples < judged.min_samples:
        return None
    return sure


def needs(kpi: Any, feeds: Iterable[Feed]) -> tuple[str, ...]:
    """What has to be instrumented before the KPI can have a value, in words."""
    carrying = f" with {', '.join(kpi.attributes)}" if kpi.attributes else ""
    return tuple(
        f"emit {feed.name}{carrying} (product {kpi.product}, environment {kpi.environment})"
        for feed in feeds
        if feed.first is None and not kpi.zero_ok
    )
