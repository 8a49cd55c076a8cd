"""Kinds that follow a subject between events: duration, conversion, funnel, in_flight."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, Strict, model_validator

from loopgauge_catalog.calendar import Window
from loopgauge_catalog.filters import AttributeName
from loopgauge_catalog.kpis.base import KpiBase, Windowed
from loopgauge_catalog.kpis.steps import OneStep, Steps, names, steps_uses
from loopgauge_catalog.kpis.uses import Read, Use, each_of, one
from loopgauge_catalog.quantities import MICRO, Duration
from loopgauge_catalog.targets import COMPARATORS, SYMBOLS

#: A quantile between 0 and 1.
_Quantile = Annotated[float, Field(gt=0, lt=1), Strict()]


class _Following(KpiBase):
    """From a start to an end of the same subject; the labels are those of the start."""

    from_: Annotated[OneStep, Field(alias="from")]
    to: Steps
    by: Annotated[AttributeName, Field(description="The subject, an attribute that ends in .id")]

    def _start_reads(self) -> tuple[Read, ...]:
        return (
            *one(("by",), self.by, "subject"),
            *each_of(("labels",), self.labels, "label"),
        )

    def _uses(self) -> tuple[Use, ...]:
        return (
            self.from_.use(("from",), self._start_reads()),
            *steps_uses(("to",), self.to, self.by),
        )

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return ((self.from_.event,), names(self.to))


class _Chance(_Following):
    """A subject that may also fail, be taken out, or never come to its end."""

    fails: Annotated[
        Steps, Field(description="The subject failed: it counts, and not as done")
    ] = ()
    excludes: Annotated[
        Steps, Field(description="The subject was taken back: it does not count")
    ] = ()

    def _uses(self) -> tuple[Use, ...]:
        return (
            *super()._uses(),
            *steps_uses(("fails",), self.fails, self.by),
            *steps_uses(("excludes",), self.excludes, self.by),
        )


class DurationKpi(_Chance, Windowed):
    """How long subjects take; the target is judged by the share that is done within it.

    `anchor: start` looks at subjects by their start, so that those who never end count;
    `anchor: end` at those who ended, as cycle time and MTTR are usually given.
    """

    judged_by_share = True

    kind: Literal["duration"]
    expires: Annotated[
        Duration | None, Field(description="After this a subject has not done it; a limit")
    ] = None
    anchor: Literal["start", "end"] = "start"
    quantiles: Annotated[tuple[_Quantile, ...], Field(min_length=1)] = (0.5, 0.8, 0.95)
    show: Annotated[
        _Quantile | Literal["mean"] | None,
        Field(description="Which quantile is the value; mean with anchor: end"),
    ] = None

    @property
    def shown(self) -> float | Literal["mean"]:
        """What the value is: `show`, else the target's quantile, else the median."""
        if self.show is not None:
            return self.show
        share = None if self.target is None else self.target.share
        return 0.5 if share is None or share.micro == MICRO else share.value

    @property
    def stats(self) -> tuple[float, ...]:
        """Every quantile that is shown, ascending."""
        shown = () if self.shown == "mean" else (self.shown,)
        return tuple(sorted({*self.quantiles, *shown}))

    @property
    def thresholds(self) -> tuple[tuple[str, int], ...]:
        """What subjects are counted within: the target, then the notes, as (symbol, micro)."""
        asked = [] if self.target is None else [(self.target.symbol, self.target.threshold.micro)]
        asked += [
            (SYMBOLS[name], note.when[f"share_{name}"].micro)
            for note in self.notes
            for name in COMPARATORS
            if f"share_{name}" in note.when
        ]
        return tuple(dict.fromkeys(asked))

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "s"

    def reduced_fields(self) -> dict[str, Any]:
        """Who is within a threshold is counted per subject, so the thresholds are part."""
        fields = super().reduced_fields()
        for name in ("quantiles", "show"):
            del fields[name]
        fields["good"] = [list(threshold) for threshold in self.thresholds]
        return fields


class Conversion(_Chance, Windowed):
    """The share of subjects that get from one event to another within a limit."""

    is_share = True

    kind: Literal["conversion"]
    expires: Annotated[Duration, Field(description="After this a subject is lost; a limit")]

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"


class Funnel(Windowed):
    """How many subjects reach each step, in order and within a limit; the value is the last's."""

    is_share = True

    kind: Literal["funnel"]
    steps: Annotated[
        tuple[Steps, ...],
        Field(min_length=2, description="Each an event, or a list of which any will do"),
    ]
    names: tuple[str, ...] = ()
    by: AttributeName
    expires: Annotated[Duration, Field(description="From the first step to the last; a limit")]

    _PRESENTATION: ClassVar[frozenset[str]] = Windowed._PRESENTATION | {"names"}

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.names and len(self.names) != len(self.steps):
            raise ValueError(
                f"{len(self.steps)} steps have {len(self.names)} names; give one for each, or none"
            )
        return self

    @property
    def step_names(self) -> tuple[str, ...]:
        """What the steps are called: their names, else their first events."""
        return self.names or tuple(step[0].event for step in self.steps)

    def _uses(self) -> tuple[Use, ...]:
        subject = one(("by",), self.by, "subject")
        labels = each_of(("labels",), self.labels, "label")
        return tuple(
            step.use(("steps", place, number), subject + (labels if place == 0 else ()))
            for place, alternatives in enumerate(self.steps)
            for number, step in enumerate(alternatives)
        )

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return tuple(names(step) for step in self.steps)

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"


class InFlight(_Following):
    """How many subjects have started and not ended, now or at most at once in the window.

    With `value` their attributes at the start are added up instead.
    """

    kind: Literal["in_flight"]
    expires: Annotated[
        Duration | None, Field(description="After this a subject is taken for gone")
    ] = None
    read: Literal["current", "maximum"] = "current"
    value: AttributeName | None = None
    window: Window | None = None

    def _start_reads(self) -> tuple[Read, ...]:
        return (*one(("value",), self.value, "value"), *super()._start_reads())

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "1" if self.value is None else (self.from_.event, self.value)
