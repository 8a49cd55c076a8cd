"""What one KPI can see at one moment: its product's events in order, and its window."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.declarations import Attribute
from loopgauge_catalog.filters import Filter
from loopgauge_catalog.kpis import Step

from tests.oracle.attributes import matches, text, value_of
from tests.oracle.events import DAY, HOUR, MINUTE, Event
from tests.oracle.periods import QUARTER, bounds, period, snap, window_end

#: Which events (by their labels) a breakdown is about; the total takes all.
Pick = Callable[[Mapping[str, str]], bool]


def everything(_labels: Mapping[str, str]) -> bool:
    """The total."""
    return True


@dataclass(frozen=True)
class Told:
    """One event that says something about a subject."""

    time: int
    subject: str
    event: Event


@dataclass(frozen=True)
class View:
    """One KPI at one moment.

    Attributes:
        events: of the product, each once, in order of (time, id); also those after E.
        registry: label -> values that have a series of their own (R8).
        length: another window than the KPI's own.
    """

    product: ProductCatalog
    kpi: Any
    events: tuple[Event, ...]
    registry: Mapping[str, set[str]]
    at: int
    now: int
    length: int | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the calendar of the KPI is: its own, its budget's or its product's zone."""
        plan = getattr(self.kpi, "plan", None)
        own = getattr(self.kpi, "timezone", None) or getattr(plan, "timezone", None)
        return ZoneInfo(own) if own else self.product.zone

    @cached_property
    def span(self) -> tuple[int, int]:
        """[S, E) of the window; without one, from the beginning of time.

        A calendar period is that of the last instant before E, so that the running minute is
        in it and the value depends on E alone.
        """
        length = self.length or self.kpi.own_window
        if length is not None:
            return bounds(self.at, length, self.now, self.product.zone)
        end = window_end(self.at, self.now, self.product.zone)
        if self.kpi.period is None:
            return 0, end
        # Its beginning is an instant (R9) that no grid moves: rows of foreign days are kept by it.
        return period(end - 1, self.kpi.period, self.zone, self.product.sprint)[0], end

    @property
    def start(self) -> int:
        """S."""
        return self.span[0]

    @property
    def end(self) -> int:
        """E."""
        return self.span[1]

    @property
    def moment(self) -> int:
        """The moment itself; one that is too old for its minute is moved to E (R3)."""
        return self.end if self.now - self.end > 25 * HOUR else self.at

    def snap(self, bound: int) -> int:
        """A bound on the grid of its age (R3)."""
        return snap(bound, self.now, self.product.zone)

    def matured(self, chance: int) -> tuple[int, int]:
        """The starts that had their full chance (R12)."""
        length = (
            self.length or self.kpi.own_window or (DAY if self.kpi.period == "day" else 7 * DAY)
        )
        grain = MINUTE if length <= 25 * HOUR else QUARTER
        whole = -(-chance // grain) * grain
        return self.snap(self.start - whole), self.snap(self.end - whole)

    def inside(self, time: int) -> bool:
        """Whether a time lies in the window."""
        return self.start <= time < self.end

    @cached_property
    def scoped(self) -> tuple[Event, ...]:
        """Events that any row may count (section 1, point 5), of every time."""
        return tuple(
            event
            for event in self.events
            if event.environment in (None, self.kpi.environment)
            and event.attributes.get("user.internal") is not True
        )

    def chosen(self, name: str, where: Filter, *, later: bool = False) -> list[tuple[Event, bool]]:
        """Events of a name before E that match, or of which nobody can say (False)."""
        return [
            (event, matching is True)
            for event in self.scoped
            if event.name == name
            and (later or event.time < self.end)
            and (matching := matches(where, event.attributes)) is not False
        ]

    def told(self, steps: Iterable[Step], by: str, *, later: bool = False) -> list[Told]:
        """What any of the steps says about subjects, in order of (time, id)."""
        found = [
            Told(event.time, subject, event)
            for step in steps
            for event, is_eligible in self.chosen(step.event, step.where, later=later)
            if is_eligible and (subject := text(event.attributes.get(by))) is not None
        ]
        return sorted(found, key=lambda each: (each.time, each.event.id))

    def declared(self, event: str, name: str) -> Attribute:
        """How the catalog declares an attribute."""
        found = self.product.event(event)
        return (found.attributes.get(name) if found else None) or Attribute()

    def value(self, event: Event, name: str) -> int | None:
        """An attribute in millionths."""
        return value_of(event.attributes, name, self.declared(event.name, name))

    def label(self, event: Event, name: str) -> str:
        """A label's value as its series has it."""
        found = text(event.attributes.get(name))
        found = "__none__" if found is None else found
        return found if found in self.registry.get(name, ()) else "__other__"

    def labels(self, event: Event) -> dict[str, str]:
        """All labels of the breakdowns."""
        names = (*self.kpi.labels, *getattr(self.kpi, "split", ()))
        return {name: self.label(event, name) for name in names}

    def key(self, event: Event) -> tuple[str, ...] | None:
        """The label set that a report belongs to; None when a member is missing."""
        members = [text(event.attributes.get(name)) for name in self.kpi.label_sets or ()]
        return (
            None if None in members else tuple(member for member in members if member is not None)
        )
