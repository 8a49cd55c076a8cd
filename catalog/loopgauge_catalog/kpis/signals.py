"""Kinds about the state of a system and of its data: uptime, drift, loss."""

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from loopgauge_catalog.builtin import PRODUCER_EVENT
from loopgauge_catalog.calendar import Day
from loopgauge_catalog.filters import AttributeName, Filter, Number
from loopgauge_catalog.kpis.base import OneEvent, Windowed
from loopgauge_catalog.kpis.blocks import ServicePattern
from loopgauge_catalog.kpis.uses import Read, Use, asked, one
from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import Duration


class Uptime(OneEvent, Windowed):
    """The share of known time in which probes found the system up.

    Time without probes is unknown, not up. With `location` the system is up if any
    location saw it so.
    """

    can_break_down = False
    is_share = True

    kind: Literal["uptime"]
    up: Annotated[Filter, Field(description="Which probes found it up")]
    every: Annotated[
        Duration, Field(default="60s", validate_default=True, description="Length of a slot")
    ]
    location: AttributeName | None = None

    def _reads(self) -> tuple[Read, ...]:
        return (*asked(("up",), self.up), *one(("location",), self.location, "key"))

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"


class Interval(Model):
    """From the first day on, up to the last one and without it."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to <= self.from_:
            raise ValueError(f"{self.to} is not after {self.from_}; write a later day")
        return self


class Drift(OneEvent, Windowed):
    """How far a distribution has moved from its reference: the population stability index.

    Kept apart by `per`, as the model's version; the value is the greatest. The reference is
    each version's first seven full days, unless an interval is named.
    """

    kind: Literal["drift"]
    value: AttributeName
    bounds: Annotated[
        tuple[Number, ...],
        Field(alias="range", min_length=2, max_length=2, description="Lowest and highest value"),
    ]
    bins: Annotated[int, Field(ge=2, le=100), Strict()] = 10
    per: AttributeName
    reference: Interval | None = None

    @model_validator(mode="after")
    def _has_width(self) -> Self:
        if self.bounds[0] >= self.bounds[1]:
            raise ValueError(
                f"a range from {self.bounds[0]} to {self.bounds[1]} has no width; "
                "write [lowest, highest]"
            )
        return self

    def _reads(self) -> tuple[Read, ...]:
        return (*one(("value",), self.value, "value"), *one(("per",), self.per, "key"))

    @property
    def label_sets(self) -> tuple[str, ...] | None:
        """What distributions are kept apart by."""
        return (self.per,)

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "1"


class Loss(Windowed):
    """The share of events that producers numbered and that never arrived.

    Read from the numbers that the library gives its events; what was sent in the last
    `grace` may still be on its way.
    """

    can_break_down = False
    is_share = True

    kind: Literal["loss"]
    services: Annotated[
        tuple[ServicePattern, ...],
        Field(description="Only these services; * and ? stand for any text"),
    ] = ()
    grace: Annotated[Duration, Field(default="15m", validate_default=True)]

    def _uses(self) -> tuple[Use, ...]:
        return (Use(("kind",), PRODUCER_EVENT),)

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return ((PRODUCER_EVENT,),)

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"
