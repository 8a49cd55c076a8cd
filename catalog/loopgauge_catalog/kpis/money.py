"""Kinds about what is used up: cost, cost_per, budget, quota."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, field_validator

from loopgauge_catalog.calendar import Period, Zone
from loopgauge_catalog.filters import AttributeName, Number
from loopgauge_catalog.kpis.base import OWN_CURRENCY, KpiBase, OneEvent, Windowed
from loopgauge_catalog.kpis.blocks import EventName, Identifier
from loopgauge_catalog.kpis.steps import Finished
from loopgauge_catalog.kpis.uses import Read, Use, each_of, one
from loopgauge_catalog.prices import COST_ATTRIBUTES, COST_EVENT, Budget


def _cost_reads() -> tuple[Read, ...]:
    return tuple(Read(("event",), name, "cost") for name in COST_ATTRIBUTES)


class _Priced(OneEvent, Windowed):
    event: EventName = COST_EVENT

    def _reads(self) -> tuple[Read, ...]:
        return _cost_reads()

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return OWN_CURRENCY


class Cost(_Priced):
    """What was spent: the provider's amounts, else quantities at the price of their time."""

    kind: Literal["cost"]


class CostPer(_Priced):
    """What was spent in the window, for each subject that first finished in it."""

    can_break_down = False

    kind: Literal["cost_per"]
    per: Finished

    def _uses(self) -> tuple[Use, ...]:
        return (*super()._uses(), self.per.use(("per",)))

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return (*super()._required(), (self.per.event,))


class BudgetKpi(KpiBase):
    """How much of a budget is spent, or will be by the end of its period."""

    can_break_down = False

    kind: Literal["budget"]
    budget: Annotated[Identifier, Field(description="A name under budgets")]
    read: Literal["used", "forecast"] = "used"

    _plan: Budget | None = PrivateAttr(default=None)

    def funded(self, plan: Budget | None) -> None:
        """Tell the KPI which budget its name means. Called once, by the loader."""
        self._plan = plan

    @property
    def plan(self) -> Budget:
        """The budget.

        Raises:
            LookupError: the file has none of this name; such a file is refused.
        """
        if self._plan is None:
            raise LookupError(self.budget)
        return self._plan

    @property
    def period(self) -> Period | None:
        """The calendar period that the budget is for."""
        return None if self._plan is None else self._plan.period

    def _uses(self) -> tuple[Use, ...]:
        asked = {} if self._plan is None else self._plan.where.root
        filters = tuple(Read(None, name, "filter", wanted) for name, wanted in asked.items())
        return (Use(("budget",), COST_EVENT, (*_cost_reads(), *filters)),)

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return ((COST_EVENT,),)

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"

    def reduced_fields(self) -> dict[str, Any]:
        """The same costs are added up whatever is read of them and whatever the limit is."""
        fields = super().reduced_fields()
        del fields["read"], fields["budget"]
        if self._plan is not None:
            fields["where"] = self._plan.where.model_dump(mode="json")
        return fields


class Quota(OneEvent):
    """How much of a provider's allowance is used up, by the account that has used most."""

    kind: Literal["quota"]
    value: AttributeName
    per: Annotated[tuple[AttributeName, ...], Field(description="What each has the limit")] = ()
    limit: Number
    window: Annotated[
        Literal["day", "week", "month"], Field(description="When the provider starts anew")
    ] = "day"
    timezone: Annotated[
        Zone | None, Field(description="The provider's; the product's, unless given")
    ] = None

    _PRESENTATION: ClassVar[frozenset[str]] = OneEvent._PRESENTATION | {"limit", "timezone"}

    @field_validator("limit")
    @classmethod
    def _positive(cls, limit: float) -> float:
        if limit <= 0:
            raise ValueError(f"a limit of {limit} leaves nothing to use up; write 10000 or so")
        return limit

    def _reads(self) -> tuple[Read, ...]:
        return (*one(("value",), self.value, "value"), *each_of(("per",), self.per, "key"))

    @property
    def label_sets(self) -> tuple[str, ...] | None:
        """What each has the limit."""
        return self.per

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"
