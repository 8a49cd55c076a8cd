"""What every KPI kind answers: how events are reduced, and what the sums mean.

A kind is one file. `reduce` turns the catalog row into a rule, `read` turns the sums of
one window into a number, `judge` compares it with the target. Nothing here knows about
storage, windows or states.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
from loopgauge_catalog.catalog import Attribute, Catalog
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.expressions import filter_sql, text
from loopgauge_collector.kinds.rules import AdditiveRule, Rule, revision

NO_INDEX: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LatestRow:
    """The newest event of one label set.

    Attributes:
        key: attribute -> value as text.
        time: microseconds.
        micro: its value; None when the label set was retired.
    """

    key: tuple[str, ...]
    time: int
    micro: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """The sums of one series over one window.

    Attributes:
        n: eligible events.
        good: those that match, or are within the target.
        s, s2: sum of the values in micro-units, and of their squares.
        ineligible: events that lacked an attribute.
        first: time of the first eligible event ever, in microseconds; None without.
        index, counts: the log sketch, ascending.
        latest: rows of a `latest` reduction.
        start, end: the window's bounds in microseconds.
    """

    start: int
    end: int
    n: int = 0
    good: int = 0
    s: int = 0
    s2: int = 0
    ineligible: int = 0
    first: int | None = None
    index: npt.NDArray[np.int64] = field(default_factory=lambda: NO_INDEX)
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: NO_INDEX)
    latest: tuple[LatestRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """What a kind makes of a cell; in base units, None where undefined."""

    value: float | None
    samples: int
    stats: dict[str, float] = field(default_factory=dict)
    share: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a number stands to its target.

    Attributes:
        missed: the point estimate misses.
        sure: the miss is beyond chance.
        min_samples: samples below which an unsure number is too few; 0 where none is a number.
        floor: a lower limit on an amount that grows with the window.
    """

    missed: bool
    sure: bool
    min_samples: int = 0
    floor: bool = False


class Kind(ABC):
    """One KPI kind. Methods take the kind's own model, which the registry guarantees."""

    @abstractmethod
    def reduce(self, kpi: Any, catalog: Catalog) -> tuple[Rule, ...]:
        """What has to be reduced from events; most kinds have one rule."""

    @abstractmethod
    def read(self, kpi: Any, cell: Cell) -> Number:
        """The number that the cell means."""

    @abstractmethod
    def judge(self, kpi: Any, cell: Cell) -> Judgement:
        """How it stands to `kpi.target`, which is not None; the number is defined."""

    def is_stale(self, kpi: Any, cell: Cell, at: int) -> bool:
        """Whether the kind itself knows that its number is too old; `at` in microseconds."""
        return False


def additive_rule(kpi: Any, catalog: Catalog, **fields: Any) -> AdditiveRule:
    """The rule of a KPI that sums over one event name, with its breakdowns."""
    once = getattr(kpi, "once_per", None)
    return AdditiveRule(
        **identity(kpi, catalog),
        event=kpi.event,
        where=filter_sql(kpi.where),
        labels=tuple((label, text(label)) for label in kpi.labels),
        subject=text(once) if once else None,
        **fields,
    )


class Identity(TypedDict):
    """What all rules of a KPI share."""

    kpi: str
    revision: str
    product: str
    environment: str


def identity(kpi: Kpi, catalog: Catalog) -> Identity:
    """Whose a rule is, and which product's events it reads."""
    return {
        "kpi": kpi.id,
        "revision": revision(kpi, catalog),
        "product": kpi.product,
        "environment": kpi.environment,
    }


def declared(kpi: Kpi, catalog: Catalog) -> Attribute:
    """How the event declares the KPI's value attribute."""
    return catalog.attribute(kpi, kpi.value)  # type: ignore[union-attr]  # kinds with a value only


def missed(kpi: Kpi, micro: int, per: int = 1) -> bool:
    """Whether `micro / per` misses the KPI's target, compared in whole numbers."""
    assert kpi.target is not None
    return not kpi.target.met_by(micro, per)


def base(micro: int) -> float:
    """Millionths as a number in the base unit."""
    return micro / MICRO
