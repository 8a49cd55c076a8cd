"""What every KPI kind answers: how events are reduced, and what the sums mean.

A kind is one file. `reduce` turns the catalog row into a rule, `read` turns the sums of
one window into a number, `judge` compares it with the target. Nothing here knows about
storage, windows or states.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypedDict
from zoneinfo import ZoneInfo

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Aggregate, Finished, Kpi, Step
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.cell import Cell, Numbered, Source, SubjectRows, Tally
from loopgauge_collector.kinds.expressions import filter_sql, micro, text
from loopgauge_collector.kinds.rules import AdditiveRule, Rule, SubjectRule, revision
from loopgauge_collector.windows import Grain, Window


@dataclass(frozen=True, slots=True)
class Number:
    """What a kind makes of a cell; in base units, None where undefined.

    Attributes:
        samples: events or subjects that it rests on.
        stats: further numbers in the same unit, by their `stat` label.
        share: of those judged one by one, the part that fulfils the target.
        interval: 95 % interval of the deciding number.
        pending: subjects whose chance is still open; None for kinds without subjects.
        late: subjects that ended after their limit; they count as not done.
        defined: whether the deciding number is; without, whether the value is.
        steps: share of the subjects that reached each step, for funnels.
        unpriced: costs that nobody could price; with any, the value is a lower bound.
        gaps: median seconds from the step before, by step, for funnels.
        worst_step: the step that most of those who reached the one before did not reach.
    """

    value: float | None
    samples: int
    stats: dict[str, float] = field(default_factory=dict)
    share: float | None = None
    interval: tuple[float, float] | None = None
    pending: int | None = None
    late: int = 0
    defined: bool | None = None
    steps: dict[str, float] = field(default_factory=dict)
    unpriced: int = 0
    gaps: dict[str, float] = field(default_factory=dict)
    worst_step: str | None = None

    @property
    def is_defined(self) -> bool:
        """Whether there is something to judge."""
        return self.value is not None if self.defined is None else self.defined


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
    """One KPI kind. Methods take the kind's own model, which the registry guarantees.

    Attributes:
        source: what its cells are filled from.
        breaks_down: whether it needs the cells of each label value to read the whole.
        by_minute: whether it needs the minutes one by one, see `Cell.minutes`.
        zero_counts: whether nothing is a number, a 0; so label values that the catalog lists are
            shown though nobody had them.
        sketched: whether its series carry a sketch, or bins in the place of one.
        grain: the coarsest rows that it can be computed from once they are old; every bound that
            it compares a bucket with has to be snapped (R3), or this has to be `minute`.
    """

    source: ClassVar[Source] = "sums"
    breaks_down: ClassVar[bool] = False
    by_minute: ClassVar[bool] = False
    zero_counts: ClassVar[bool] = False
    sketched: ClassVar[bool] = False
    grain: ClassVar[Grain] = "day"

    @abstractmethod
    def reduce(self, kpi: Any, catalog: Catalog) -> tuple[Rule, ...]:
        """What has to be reduced from events; most kinds have one rule."""

    @abstractmethod
    def read(self, kpi: Any, cell: Cell) -> Number:
        """The number that the cell means."""

    @abstractmethod
    def judge(self, kpi: Any, cell: Cell) -> Judgement:
        """How it stands to `kpi.target`, which is not None; the number is defined."""

    def labels(self, kpi: Any) -> tuple[str, ...]:
        """The labels that its rules are broken down by."""
        labels: tuple[str, ...] = kpi.labels
        return labels

    def shown(self, kpi: Any) -> tuple[str, ...]:
        """The labels that its number is shown for each value of."""
        labels: tuple[str, ...] = kpi.labels
        return labels

    def piece(self, kpi: Any, label: str, part: Cell, whole: Cell) -> Cell | None:
        """What is shown for a label value; None where there is nothing to show."""
        return part

    def counts_subjects(self, kpi: Any) -> bool:
        """Whether its cells have a `tally`."""
        return self.source == "subjects"

    def later_spans(self, kpi: Any, cell: Cell, window: Window) -> Mapping[str, Window]:
        """Further windows of one series that follow from its sums; see `Cell.more`."""
        return {}

    def zone(self, kpi: Any) -> ZoneInfo | None:
        """Whose midnights begin its calendar period; the product's without."""
        return None

    def parts(self, kpi: Any) -> tuple[str, ...]:
        """Further amounts that it is made of, as the rules name them; see `Cell.parts`."""
        return ()

    def bases(self, kpi: Any) -> Mapping[str, str]:
        """Parts whose values at the window's start are needed, see `Cell.base`.

        Each with the part that keeps the first event of a minute.
        """
        return {}

    def spans(self, kpi: Any, window: Window) -> Mapping[str, Window]:
        """Further windows that it has to know, see `Cell.more`."""
        return {}

    def reach(self, kpi: Any) -> int | None:
        """For subjects: how long before the window they may have begun, in microseconds.

        None for all of them, however old.
        """
        return 0

    def tally(self, kpi: Any, rows: SubjectRows, window: Window) -> Tally:
        """For subjects: counts of rows by name. They are added up over parts of the rows."""
        return Counter()

    def numbered(self, kpi: Any, window: Window) -> Numbered | None:
        """The numbers of producers that it counts, for kinds of that source."""
        return None

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


def side_rule(kpi: Any, catalog: Catalog, side: Aggregate | Finished, part: str) -> AdditiveRule:
    """The rule of one side of a quotient, as a part of its KPI."""
    value = side.value if isinstance(side, Aggregate) else None
    return AdditiveRule(
        **identity(kpi, catalog),
        part=part,
        event=side.event,
        where=filter_sql(side.where),
        value=None if value is None else valued(kpi, catalog, side.event, value),
        subject=None if side.once_per is None else text(side.once_per),
    )


class Identity(TypedDict):
    """What all rules of a KPI share."""

    kpi: str
    revision: str
    product: str
    environment: str


def step_rules(
    of: type[SubjectRule],
    kpi: Any,
    catalog: Catalog,
    steps: Sequence[Sequence[Step]],
    **fields: Any,
) -> tuple[Rule, ...]:
    """The rules of a KPI that follows subjects: one for each event name of each step.

    Args:
        of: the type of the rules.
        kpi: its subject is `kpi.by`.
        catalog: what events declare.
        steps: alternatives of each step, in the type's own order; the labels are those of step 0.
        fields: what else the rules say.
    """
    return tuple(
        of(
            **identity(kpi, catalog),
            event=step.event,
            where=filter_sql(step.where),
            step=number,
            subject=text(kpi.by),
            labels=tuple((label, text(label)) for label in kpi.labels) if number == 0 else (),
            **fields,
        )
        for number, alternatives in enumerate(steps)
        for step in alternatives
    )


def identity(kpi: Kpi, catalog: Catalog) -> Identity:
    """Whose a rule is, and which product's events it reads."""
    return {
        "kpi": kpi.id,
        "revision": revision(kpi, catalog),
        "product": kpi.product,
        "environment": kpi.environment,
    }


def valued(kpi: Any, catalog: Catalog, event: str, name: str) -> str:
    """SQL of an attribute in millionths of its base unit, as the event declares it."""
    return micro(name, catalog.attribute_of(kpi.product, event, name))


def missed(kpi: Kpi, micro: int, per: int = 1) -> bool:
    """Whether `micro / per` misses the KPI's target, compared in whole numbers."""
    assert kpi.target is not None
    return not kpi.target.met_by(micro, per)


def base(micro: int) -> float:
    """Millionths as a number in the base unit."""
    return micro / MICRO
