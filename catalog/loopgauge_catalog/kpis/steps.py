"""Steps of kinds that follow a subject: an event by its name, or those that match a filter."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from loopgauge_catalog.errors import Path
from loopgauge_catalog.filters import AttributeName, Filter
from loopgauge_catalog.kpis.blocks import EventName
from loopgauge_catalog.kpis.uses import Read, Use, asked, one
from loopgauge_catalog.model import Model, listed


class Step(Model):
    """``deploy.finished``, or ``{event: deploy.finished, where: {outcome: ok}}``."""

    event: EventName
    where: Filter = Filter({})

    def use(self, path: Path, reads: tuple[Read, ...] = ()) -> Use:
        """The step as something that a KPI reads."""
        return Use((*path, "event"), self.event, (*reads, *asked((*path, "where"), self.where)))


def _step_input(raw: object) -> object:
    if isinstance(raw, list):
        raise ValueError("one event is meant here; write its name, or {event: …, where: …}")
    return {"event": raw} if isinstance(raw, str) else raw


OneStep = Annotated[Step, BeforeValidator(_step_input, json_schema_input_type=Step | EventName)]

_Several = Annotated[list[OneStep], Field(min_length=1)]

#: One step, or several of which any will do.
Steps = Annotated[
    tuple[OneStep, ...],
    BeforeValidator(listed, json_schema_input_type=OneStep | _Several),
    Field(min_length=1),
]


def names(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The events of alternatives."""
    return tuple(step.event for step in steps)


def steps_uses(path: Path, steps: tuple[Step, ...], by: AttributeName) -> tuple[Use, ...]:
    """Alternatives that are paired by a subject."""
    subject = one(("by",), by, "subject")
    return tuple(step.use((*path, number), subject) for number, step in enumerate(steps))


class Aggregate(Model):
    """What one side of a quotient counts, or sums where a value is given."""

    event: EventName
    where: Filter = Filter({})
    once_per: AttributeName | None = None
    value: AttributeName | None = None

    def use(self, path: Path) -> Use:
        """The side as something that a KPI reads."""
        reads = (
            *one((*path, "value"), self.value, "value"),
            *one((*path, "once_per"), self.once_per, "subject"),
            *asked((*path, "where"), self.where),
        )
        return Use((*path, "event"), self.event, reads)


class Finished(Model):
    """The subjects that costs are divided by: each counts once, when it first finished."""

    event: EventName
    where: Filter = Filter({})
    once_per: AttributeName

    def use(self, path: Path) -> Use:
        """The subjects as something that a KPI reads."""
        reads = (
            *one((*path, "once_per"), self.once_per, "subject"),
            *asked((*path, "where"), self.where),
        )
        return Use((*path, "event"), self.event, reads)
