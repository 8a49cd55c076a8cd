"""The KPI kinds of a catalog, one model each.

To add a kind: a model here (its fields, its unit, the events it needs), its name in
`Kpi`, and one file of the same name in the collector's `kinds/` that reduces events
to partials and reads them back. Nothing else knows the list of kinds.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Strict, field_validator

from loopgauge_catalog.errors import did_you_mean, shown
from loopgauge_catalog.filters import AttributeName, Filter
from loopgauge_catalog.quantities import Duration, Quantity
from loopgauge_catalog.targets import COMPARATORS, Target

IDENTIFIER_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
EVENT_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
ROW_PATTERN = r"^[A-Z][0-9]{1,2}[a-z]?$"

Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
EventName = Annotated[str, Field(pattern=EVENT_PATTERN, max_length=128)]
#: ``true`` or ``false``; the words yes, no, on and off are text here.
Flag = Annotated[bool, Strict()]

HOUR = 3_600_000_000
DAY = 24 * HOUR

#: Every KPI can be read over these, beside its own window (microseconds).
STANDARD_WINDOWS: tuple[int, ...] = (HOUR, DAY, 7 * DAY, 28 * DAY)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Alert(_Model):
    """Who is told when the target is missed, how loudly, and after how long."""

    severity: Literal["page", "ticket", "info"]
    team: Identifier
    hold: Annotated[Duration | None, Field(alias="for")] = None
    burn: Annotated[Flag, Field(description="Page by the speed at which the budget burns")] = False


class Note(_Model):
    """A sentence that is shown while a condition on the KPI holds. It never alerts."""

    when: Annotated[dict[str, Quantity], Field(min_length=1)]
    says: str

    @field_validator("when")
    @classmethod
    def _known_conditions(cls, when: dict[str, Quantity]) -> dict[str, Quantity]:
        known = (*COMPARATORS, *(f"share_{name}" for name in COMPARATORS))
        for name in when:
            if name not in known:
                hint = did_you_mean(name, known, otherwise=f"write one of {', '.join(COMPARATORS)}")
                raise ValueError(f"unknown condition {shown(name)}; {hint}")
        return when


class KpiBase(_Model):
    """What every KPI has, whatever its kind.

    `product` and `key` come from where the row stands in the file; the loader sets
    them through `placed`.
    """

    row: Annotated[str, Field(pattern=ROW_PATTERN, description="Row of the document, as B12a")]
    title: Annotated[str, Field(min_length=3, max_length=80)]
    means: str | None = None
    decides: str | None = None
    try_: Annotated[tuple[str, ...], Field(alias="try")] = ()
    where: Filter = Filter({})
    environment: Annotated[str, Field(description="Only events of this environment")] = "production"
    labels: tuple[AttributeName, ...] = ()
    target: Target | None = None
    better: Literal["higher", "lower"] | None = None
    min_samples: Annotated[int | None, Field(ge=1), Strict()] = None
    zero_ok: Annotated[Flag, Field(description="Nothing ever sent counts as 0")] = False
    stale_after: Duration | None = None
    notes: tuple[Note, ...] = ()
    alert: Alert | None = None
    assumed: Annotated[
        tuple[str, ...] | Flag,
        Field(description="Fields whose numbers the document does not say"),
    ] = ()

    _product: str = PrivateAttr(default="")
    _key: str = PrivateAttr(default="")
    _table: str = PrivateAttr(default="")

    def placed(self, *, product: str, table: str, key: str) -> None:
        """Tell the KPI where it stands. Called once, by the loader."""
        self._product, self._table, self._key = product, table, key

    @property
    def product(self) -> str:
        """The product whose events count."""
        return self._product

    @property
    def table(self) -> str:
        """The table of the document that the row stands in."""
        return self._table

    @property
    def key(self) -> str:
        """The row's own name, ``ttfv``."""
        return self._key

    @property
    def id(self) -> str:
        """Product and key, ``campaigns.ttfv``."""
        return f"{self._product}.{self._key}"

    @property
    def events(self) -> tuple[str, ...]:
        """The event names that the KPI is made of; each must have come once (R13)."""
        raise NotImplementedError

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that it reads from its events."""
        raise NotImplementedError

    @property
    def own_window(self) -> int | None:
        """The window that the target is judged over, in microseconds; None for kinds without."""
        return getattr(self, "window", None)

    #: Fields that change what is shown and judged, and not what is reduced from events.
    _PRESENTATION = frozenset(
        {"row", "title", "means", "decides", "try_", "better", "min_samples", "zero_ok",
         "stale_after", "notes", "alert", "assumed", "window"}
    )  # fmt: skip

    def reduced_fields(self) -> dict[str, Any]:
        """The fields that decide the partials; a change in one means a rebuild."""
        fields = self.model_dump(mode="json", exclude=set(self._PRESENTATION) | {"target"})
        fields["product"] = self._product
        return fields

    def revision(self, context: dict[str, Any] | None = None) -> str:
        """Twelve hex digits that change when stored partials no longer fit the definition.

        Args:
            context: what else decides them, such as the declared units of the attributes.
        """
        text = json.dumps([self.reduced_fields(), context or {}], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Windowed(KpiBase):
    window: Duration


class _OneEvent(KpiBase):
    """A kind that reads one event name."""

    event: EventName

    @property
    def events(self) -> tuple[str, ...]:
        return (self.event,)

    def _value_attributes(self) -> tuple[str, ...]:
        """The attributes that the kind itself needs beside the filter's."""
        return tuple(
            name
            for field in ("value", "once_per")
            if (name := getattr(self, field, None)) is not None
        )

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys((*self._value_attributes(), *self.where.attributes, *self.labels))
        )


class Count(_OneEvent, _Windowed):
    """How many events (or first events of a subject) fell into the window."""

    kind: Literal["count"]
    once_per: AttributeName | None = None


class Sum(_OneEvent, _Windowed):
    """The sum of an attribute."""

    kind: Literal["sum"]
    value: AttributeName
    once_per: AttributeName | None = None


class Rate(_OneEvent, _Windowed):
    """Events per hour, day or week of observed time; idle days count as 0."""

    kind: Literal["rate"]
    per: Literal["hour", "day", "week"] = "day"
    once_per: AttributeName | None = None


class Mean(_OneEvent, _Windowed):
    """The mean of an attribute, with the interval that its spread allows."""

    kind: Literal["mean"]
    value: AttributeName
    once_per: AttributeName | None = None


class Ratio(_OneEvent, _Windowed):
    """The share of the events that match, among those that could."""

    kind: Literal["ratio"]
    matching: Filter

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that it reads from its events."""
        return tuple(dict.fromkeys((*super().attributes, *self.matching.attributes)))


class QuantileKpi(_OneEvent, _Windowed):
    """A quantile of an attribute; the target is judged by the share within it."""

    kind: Literal["quantile"]
    value: AttributeName
    quantile: Annotated[float, Field(gt=0, lt=1), Strict()] = 0.95

    def reduced_fields(self) -> dict[str, Any]:
        """The share within the target is counted per event, so the threshold is part."""
        fields = super().reduced_fields()
        fields.pop("quantile")  # any quantile is read from the same sketch
        if self.target is not None:
            fields["good"] = [self.target.symbol, self.target.threshold.micro]
        return fields


class Latest(_OneEvent):
    """The newest value of each label set, combined."""

    kind: Literal["latest"]
    value: AttributeName
    per: tuple[AttributeName, ...] = ()
    combine: Literal["sum", "max", "min", "mean"] = "sum"
    drop_after: Duration | None = None
    retired_by: EventName | None = None

    def _value_attributes(self) -> tuple[str, ...]:
        return (self.value, *self.per)


Kpi = Annotated[
    Count | Sum | Rate | Mean | Ratio | QuantileKpi | Latest, Field(discriminator="kind")
]

#: The words that `kind` takes.
KINDS: tuple[str, ...] = tuple(
    get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(Kpi)[0])
)
