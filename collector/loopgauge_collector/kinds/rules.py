"""What is reduced from events: the rules that a KPI comes down to.

Kinds say how a KPI becomes rules (`kinds/`); each type of rule has a reduction that runs all
its rules at once (`partials/reductions/`).
"""

from dataclasses import astuple, dataclass
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Kpi

from loopgauge_collector.kinds.pricing import Tariff, tariff_of

#: In the place of a label: the label set, each with sums of its own however many there are.
#: No attribute has this name.
LABEL_SET = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has: whose it is, and which events it reads.

    SQL fields are expressions over a staged event (`expressions.py`, `staging.py`).

    Attributes:
        kpi, revision: what it belongs to.
        event, product, environment: which events it reads.
        where: whether the event matches.
        part: for kinds made of several amounts, which one; empty for the only one.
    """

    kpi: str
    revision: str
    event: str
    product: str
    environment: str
    where: str = "true"
    part: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """How the registry knows its total: KPI, revision and part."""
        return self.kpi, self.revision, part_key(self.part)


def part_key(part: str) -> str:
    """A part in the place of a label; no label begins with a colon."""
    return f":{part}" if part else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRule(Rule):
    """A rule with breakdowns.

    Attributes:
        labels: attributes of the breakdowns, each with the SQL of its value.
    """

    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditiveRule(LabelledRule):
    """Sums by minute.

    Attributes:
        value: millionths of the base unit; None where events are only counted.
        good: what `good` counts.
        subject: what `once_per` names; only its first event counts.
        sketch: whether a log sketch of the value is kept.
        bin: what is kept in the place of a sketch's index: the number of a bin.
        weighted: `s2` is the sum of the values that are good, not of the squares.
        dated: the time of the first eligible event ever is needed.
    """

    value: str | None = None
    good: str | None = None
    subject: str | None = None
    sketch: bool = False
    bin: str | None = None
    weighted: bool = False
    dated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedRule(AdditiveRule):
    """Costs by minute: the sum is of those that could be priced, and `good` counts them.

    `value` and `good` are not given.

    Attributes:
        tariff: what they are priced with.
    """

    tariff: Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRule(Rule):
    """The newest event of each label set.

    Attributes:
        key: the label set as JSON text.
        value: millionths of the base unit.
        retires: the event says that the key is gone; it has no value.
        earliest: keep the first event of each minute instead.
    """

    key: str
    value: str | None = None
    retires: bool = False
    earliest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRule(LabelledRule):
    """One step in the life of a subject. A KPI has a rule for every event name of every step.

    Attributes:
        step: 0 begins; what the others mean depends on the type.
        subject: SQL of the subject's id.
        limit: microseconds after the beginning that a step still counts; None without.
    """

    step: int
    subject: str
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRule(SubjectRule):
    """Beginning and end. Steps: 0 start, 1 end, 2 failure, 3 exclusion.

    Attributes:
        thresholds: what durations are counted within: (symbol, microseconds).
    """

    thresholds: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelRule(SubjectRule):
    """Steps in order, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelRule(SubjectRule):
    """Who is in. Steps: 0 goes in, 1 goes out.

    Attributes:
        value: weight of the subject in millionths, from its start; None counts subjects.
        maximum: the highest level is asked for, not only that of a moment.
    """

    value: str | None = None
    maximum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRule(SubjectRule):
    """Who was active. Each step is a list of subjects of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestRule(ActivityRule):
    """What a subject's newest event says; it counts at its own time. The step is 0.

    Attributes:
        good: whether the event counts as step 1.
        value: weight of the event in millionths; None where events are counted.
    """

    good: str
    value: str | None = None


def revision(kpi: Kpi, catalog: Catalog) -> str:
    """The KPI's definition revision: the row, its attributes, prices, and where its days begin."""
    context: dict[str, Any] = {
        f"{event} {name}": catalog.attribute_of(kpi.product, event, name).model_dump(
            mode="json", include={"type", "unit"}
        )
        for event in sorted({use.event for use in kpi.uses})
        for name in kpi.attributes_of(event)
    }
    if any(read.role == "cost" for use in kpi.uses for read in use.reads):
        context["tariff"] = [astuple(row) for row in tariff_of(kpi, catalog)]
    # Rows of old days are merged, and other midnights cut through them.
    context["timezone"] = catalog.products[kpi.product].zone.key
    return kpi.revision(context)
