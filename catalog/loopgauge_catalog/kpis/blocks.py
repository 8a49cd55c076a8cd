"""Names in a row, and the blocks that a row of any kind may have: alert, graver alert, note."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from loopgauge_catalog.errors import did_you_mean, shown
from loopgauge_catalog.filters import AttributeName, Flag
from loopgauge_catalog.model import Model, listed
from loopgauge_catalog.quantities import Duration, Quantity
from loopgauge_catalog.targets import COMPARATORS, Target

IDENTIFIER_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
EVENT_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
ROW_PATTERN = r"^[A-Z][0-9]{1,2}[a-z]?$"
SERVICE_PATTERN = r"^[A-Za-z0-9_.:/*?-]+$"

Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
EventName = Annotated[str, Field(pattern=EVENT_PATTERN, max_length=128)]
ServicePattern = Annotated[str, Field(pattern=SERVICE_PATTERN, max_length=128)]

#: One attribute, or several that are added up.
Attributes = Annotated[
    tuple[AttributeName, ...],
    BeforeValidator(
        listed,
        json_schema_input_type=AttributeName | Annotated[list[AttributeName], Field(min_length=1)],
    ),
    Field(min_length=1),
]


class Alert(Model):
    """Who is told when the target is missed, how loudly, and after how long."""

    severity: Literal["page", "ticket", "info"]
    team: Identifier
    hold: Annotated[Duration | None, Field(alias="for")] = None
    burn: Annotated[Flag, Field(description="Page by the speed at which the budget burns")] = False


class Escalation(Model):
    """A second, graver threshold of the same number, and who is told then."""

    target: Target
    alert: Alert


class Note(Model):
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
