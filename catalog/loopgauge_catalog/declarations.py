"""What a catalog declares about its events: their names, attributes and rhythm.

Admission judges every event by these, and checks hold the rows to them.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from loopgauge_catalog.errors import did_you_mean, shown
from loopgauge_catalog.filters import AttributeName, Flag, Number, Scalar
from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import UNITS, Duration, duration_input


class Attribute(Model):
    """One attribute of an event: its type, unit and what values are accepted."""

    type: Literal["string", "number", "integer", "boolean", "money"] = "string"
    unit: Annotated[
        str,
        Field(description="What a number counts or measures", json_schema_extra={"enum": [*UNITS]}),
    ] = "1"
    required: Flag = False
    allowed: Annotated[tuple[Scalar, ...] | None, Field(min_length=1)] = None
    minimum: Number | None = None
    maximum: Number | None = None
    personal: Annotated[Flag, Field(description="Never shown in labels or logs")] = False
    means: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether its values can be added up and compared by size."""
        return self.type in ("number", "integer", "money")

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str) -> str:
        if unit not in UNITS:
            hint = did_you_mean(unit, [*UNITS], otherwise=f"write one of {', '.join(UNITS)}")
            raise ValueError(f"unknown unit {shown(unit)}; {hint}")
        return unit


def _expect_input(raw: object) -> object:
    if raw is None or raw == "rare":
        return raw
    try:
        return duration_input(raw)
    except ValueError:
        raise ValueError(f"{shown(str(raw))} is no duration; write 15m, 24h, 7d or rare") from None


class Event(Model):
    """An event name: its attributes and how often it is expected."""

    means: str | None = None
    attributes: dict[AttributeName, Attribute] = Field(default_factory=dict)
    expect: Annotated[
        int | Literal["rare"] | None,
        BeforeValidator(_expect_input, json_schema_input_type=Duration | Literal["rare"] | None),
        Field(description="Longest silence that is normal"),
    ] = None
    source: Annotated[
        Literal["service", "batch"],
        Field(description="batch: comes from CI, scans or surveys; silence is normal"),
    ] = "service"
