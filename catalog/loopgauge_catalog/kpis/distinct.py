"""Kinds that count different subjects: distinct, subject_share."""

from typing import Annotated, Literal

from pydantic import Field

from loopgauge_catalog.filters import AttributeName
from loopgauge_catalog.kpis.base import Windowed
from loopgauge_catalog.kpis.steps import Steps, names, steps_uses
from loopgauge_catalog.kpis.uses import Use, each_of, one


class Distinct(Windowed):
    """How many different subjects had any of the events in the window."""

    kind: Literal["distinct"]
    events_: Annotated[Steps, Field(alias="events")]
    by: AttributeName

    def _uses(self) -> tuple[Use, ...]:
        reads = (
            *one(("by",), self.by, "subject"),
            *each_of(("labels",), self.labels, "label"),
        )
        return tuple(
            step.use(("events", number), reads) for number, step in enumerate(self.events_)
        )

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return (names(self.events_),)

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "1"


class SubjectShare(Windowed):
    """The share of subjects that had an event, among all that had any of the listed ones."""

    can_break_down = False
    is_share = True

    kind: Literal["subject_share"]
    having: Steps
    among: Steps
    by: AttributeName

    def _uses(self) -> tuple[Use, ...]:
        return (
            *steps_uses(("having",), self.having, self.by),
            *steps_uses(("among",), self.among, self.by),
        )

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return (names(self.having), names(self.among))

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"
