"""Kinds that read what was reported last: latest, delta, age."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from loopgauge_catalog.filters import AttributeName, Filter
from loopgauge_catalog.kpis.base import OneEvent, Windowed
from loopgauge_catalog.kpis.blocks import Attributes, EventName, Identifier
from loopgauge_catalog.kpis.uses import Read, Use, asked, each_of, one
from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import Duration, Quantity


class Status(Model):
    """A word beside the number: how far it is behind another KPI's number.

    `on track` up to the first distance, `at risk` up to the second, else `delayed`.
    """

    against: Annotated[Identifier, Field(description="The KPI that says how far it should be")]
    on_track: Quantity
    at_risk: Quantity


class _LabelSets(OneEvent):
    per: Annotated[
        tuple[AttributeName, ...], Field(description="Attributes that keep reports apart")
    ] = ()

    @property
    def label_sets(self) -> tuple[str, ...] | None:
        """What reports are kept apart by."""
        return self.per


class _Retiring(_LabelSets):
    drop_after: Duration | None = None
    retired_by: EventName | None = None

    def _uses(self) -> tuple[Use, ...]:
        uses = super()._uses()
        if self.retired_by is None:
            return uses
        return (*uses, Use(("retired_by",), self.retired_by))


class Latest(_Retiring):
    """The newest value of each label set, combined.

    `passing` in place of `value`: 1 where the newest event matches, else 0.
    """

    kind: Literal["latest"]
    value: AttributeName | None = None
    passing: Filter | None = None
    combine: Literal["sum", "max", "min", "mean"] = "sum"
    status: Status | None = None

    _PRESENTATION: ClassVar[frozenset[str]] = _Retiring._PRESENTATION | {"status"}

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if (self.value is None) == (self.passing is None):
            raise ValueError(
                "a latest shows the value of an attribute, or whether the event is passing; "
                "give exactly one of value and passing"
            )
        return self

    def _reads(self) -> tuple[Read, ...]:
        return (
            *one(("value",), self.value, "value"),
            *each_of(("per",), self.per, "key"),
            *(() if self.passing is None else asked(("passing",), self.passing)),
        )

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share" if self.value is None else (self.event, self.value)


class Delta(_LabelSets, Windowed):
    """How much a cumulative number has grown over the window, added up over the label sets.

    `over` divides by the growth of another: engagement is the growth of likes over that
    of views.
    """

    kind: Literal["delta"]
    value: Attributes
    over: Attributes | None = None

    def _reads(self) -> tuple[Read, ...]:
        return (
            *each_of(("value",), self.value, "value"),
            *each_of(("over",), self.over or (), "value"),
            *each_of(("per",), self.per, "key"),
        )

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return (self.event, self.value[0]) if self.over is None else "share"


class Age(_Retiring):
    """The time since the newest event, of the label set that has waited longest."""

    kind: Literal["age"]

    def _reads(self) -> tuple[Read, ...]:
        return each_of(("per",), self.per, "key")

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "s"
