"""Kinds that add up what single events say: count, sum, rate, mean, ratio, quantile."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from loopgauge_catalog.filters import AttributeName, Filter
from loopgauge_catalog.kpis.base import OneEvent, Windowed
from loopgauge_catalog.kpis.uses import Read, asked, each_of, one


class _Counting(OneEvent, Windowed):
    once_per: Annotated[
        AttributeName | None, Field(description="Only the first event of each of these counts")
    ] = None

    def _reads(self) -> tuple[Read, ...]:
        return one(("once_per",), self.once_per, "subject")

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "1"


class _Valued(_Counting):
    value: AttributeName

    def _reads(self) -> tuple[Read, ...]:
        return (*one(("value",), self.value, "value"), *super()._reads())

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return (self.event, self.value)


class Count(_Counting):
    """How many events (or first events of a subject) fell into the window."""

    kind: Literal["count"]


class Sum(_Valued):
    """The sum of an attribute."""

    kind: Literal["sum"]


class Rate(_Counting):
    """Events per hour, day or week of observed time; idle days count as 0."""

    kind: Literal["rate"]
    per: Literal["hour", "day", "week"] = "day"


class Mean(_Valued):
    """The mean of an attribute, with the interval that its spread allows."""

    kind: Literal["mean"]


class Ratio(OneEvent, Windowed):
    """The share of the events that match, among those that could.

    With `weight` an event counts as many times as the attribute says; with `last_per` only
    the newest event of each subject counts, at its own time. `split` breaks the numerator
    down while the denominator stays whole.
    """

    is_share = True

    kind: Literal["ratio"]
    matching: Filter
    weight: AttributeName | None = None
    last_per: AttributeName | None = None
    split: Annotated[
        tuple[AttributeName, ...], Field(description="Labels of the numerator alone")
    ] = ()

    def _reads(self) -> tuple[Read, ...]:
        return (
            *one(("weight",), self.weight, "value"),
            *one(("last_per",), self.last_per, "subject"),
        )

    def _label_reads(self) -> tuple[Read, ...]:
        return (
            *super()._label_reads(),
            *each_of(("split",), self.split, "label"),
            *asked(("matching",), self.matching),
        )

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return "share"


class QuantileKpi(OneEvent, Windowed):
    """A quantile of an attribute; the target is judged by the share within it."""

    judged_by_share = True

    kind: Literal["quantile"]
    value: AttributeName
    quantile: Annotated[float, Field(gt=0, lt=1), Strict()] = 0.95

    @property
    def stats(self) -> tuple[float, ...]:
        """Every quantile that is shown, ascending: its own, and the usual ones beside it."""
        return tuple(sorted({0.5, 0.95, 0.99, self.quantile}))

    def _reads(self) -> tuple[Read, ...]:
        return one(("value",), self.value, "value")

    @property
    def measures(self) -> str | tuple[str, str]:
        """The number's unit."""
        return (self.event, self.value)

    def reduced_fields(self) -> dict[str, Any]:
        """The share within the target is counted per event, so the threshold is part."""
        fields = super().reduced_fields()
        fields.pop("quantile")  # any quantile is read from the same sketch
        if self.target is not None:
            fields["good"] = [self.target.symbol, self.target.threshold.micro]
        return fields
