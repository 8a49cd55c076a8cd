"""Kinds that are made of other numbers: per, composite."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, Strict, model_validator

from loopgauge_catalog.kpis.base import KpiBase, Windowed
from loopgauge_catalog.kpis.blocks import Identifier
from loopgauge_catalog.kpis.steps import Aggregate
from loopgauge_catalog.kpis.uses import Use
from loopgauge_catalog.model import Model

#: What the parts of a score add up to.
WHOLE = 100


class Per(Windowed):
    """One amount for each of another, as defects per release. It is not a share."""

    can_break_down = False

    kind: Literal["per"]
    numerator: Aggregate
    denominator: Aggregate

    def _uses(self) -> tuple[Use, ...]:
        return (self.numerator.use(("numerator",)), self.denominator.use(("denominator",)))

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return ((self.numerator.event,), (self.denominator.event,))

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit: that of what is summed above, for each of what is counted below."""
        if self.numerator.value is None:
            return "1"
        if self.denominator.value is not None:
            return "share"
        return (self.numerator.event, self.numerator.value)


class Member(Model):
    """A KPI of a score: by its own target, or against another KPI's number."""

    kpi: Identifier
    against: Annotated[
        Identifier | None, Field(description="The KPI that says how far it should be")
    ] = None


def _member_input(raw: object) -> object:
    return {"kpi": raw} if isinstance(raw, str) else raw


_OneMember = Annotated[
    Member, BeforeValidator(_member_input, json_schema_input_type=Member | Identifier)
]


class Part(Model):
    """One part of a score, with what it is worth of 100."""

    title: str
    weight: Annotated[int, Field(ge=1, le=WHOLE), Strict()] = 25
    kpis: Annotated[tuple[_OneMember, ...], Field(min_length=1)]


class Composite(KpiBase):
    """A score of 100: each part is the mean attainment of its KPIs; one without data counts 0."""

    can_break_down = False

    kind: Literal["composite"]
    parts: Annotated[dict[Identifier, Part], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = sum(part.weight for part in self.parts.values())
        if total != WHOLE:
            raise ValueError(
                f"the weights of the parts add up to {total}, so the score is not of {WHOLE}; "
                "a part without a weight counts 25"
            )
        return self

    def _uses(self) -> tuple[Use, ...]:
        return ()

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return ()

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "1"
