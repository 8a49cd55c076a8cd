"""What every KPI has, whatever its kind: its words, target, alerts, and what it reads."""

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, Strict

from loopgauge_catalog.calendar import PERIODS, Period, Window
from loopgauge_catalog.filters import AttributeName, Filter, Flag
from loopgauge_catalog.kpis.blocks import ROW_PATTERN, Alert, Escalation, EventName, Note
from loopgauge_catalog.kpis.uses import Read, Use, asked, each_of
from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import MICRO, Duration
from loopgauge_catalog.targets import Target

MINUTE = 60 * MICRO
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: Every KPI can be read over these, beside its own window (microseconds).
STANDARD_WINDOWS: tuple[int, ...] = (HOUR, DAY, 7 * DAY, 28 * DAY)

#: The unit of a number that is in the product's own currency, whichever that is.
OWN_CURRENCY = "currency"


class KpiBase(Model):
    """What every KPI has, whatever its kind.

    `product` and `key` come from where the row stands in the file; the loader sets
    them through `placed`.
    """

    #: Whether the target is judged by the share of events or subjects that are within it.
    judged_by_share: ClassVar[bool] = False
    #: Whether the number is a share of things that are good or bad one by one.
    is_share: ClassVar[bool] = False
    #: Whether `labels` can break the number down.
    can_break_down: ClassVar[bool] = True

    row: Annotated[str, Field(pattern=ROW_PATTERN, description="Row of the document, as B12a")]
    title: Annotated[str, Field(min_length=3, max_length=80)]
    means: str | None = None
    decides: str | None = None
    try_: Annotated[tuple[str, ...], Field(alias="try")] = ()
    environment: Annotated[
        str, Field(min_length=1, description="Only events of this environment, or of none")
    ] = "production"
    labels: Annotated[
        tuple[AttributeName, ...], Field(description="Also shown for each value of these")
    ] = ()
    each: Annotated[
        tuple[AttributeName, ...],
        Field(description="Labels for whose every value the target holds too"),
    ] = ()
    target: Target | None = None
    escalate: Escalation | None = None
    better: Literal["higher", "lower"] | None = None
    min_samples: Annotated[int | None, Field(ge=1), Strict()] = None
    zero_ok: Annotated[Flag, Field(description="Nothing ever sent counts as 0")] = False
    stale_after: Duration | None = None
    notes: tuple[Note, ...] = ()
    alert: Alert | None = None
    assumed: Annotated[
        tuple[str, ...] | Flag,
        Field(description="Fields whose numbers the document does not say"),
    ] = ()

    _product: str = PrivateAttr(default="")
    _key: str = PrivateAttr(default="")
    _table: str = PrivateAttr(default="")

    def placed(self, *, product: str, table: str, key: str) -> None:
        """Tell the KPI where it stands. Called once, by the loader."""
        self._product, self._table, self._key = product, table, key

    # Kept, because they are asked for hundreds of times a second, and a private attribute of a
    # pydantic model is found by a detour.
    @cached_property
    def product(self) -> str:
        """The product whose events count."""
        return self._product

    @property
    def table(self) -> str:
        """The table of the document that the row stands in."""
        return self._table

    @property
    def key(self) -> str:
        """The row's own name, ``ttfv``."""
        return self._key

    @cached_property
    def id(self) -> str:
        """Product and key, ``campaigns.ttfv``."""
        return f"{self._product}.{self._key}"

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every event that the KPI reads, with what it reads from it."""
        return self._uses()

    def _uses(self) -> tuple[Use, ...]:
        raise NotImplementedError

    def _required(self) -> tuple[tuple[str, ...], ...]:
        raise NotImplementedError

    @cached_property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """What must have come before there is a number (R13): of each group, one name."""
        return tuple(tuple(dict.fromkeys(group)) for group in self._required())

    @cached_property
    def events(self) -> tuple[str, ...]:
        """The names in `required`, each once."""
        return tuple(dict.fromkeys(name for group in self.required for name in group))

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that it reads from all of its events."""
        return tuple(dict.fromkeys(read.name for use in self.uses for read in use.reads))

    def attributes_of(self, event: str) -> tuple[str, ...]:
        """The attributes that it reads from one of its events."""
        return self._read_from(event, lambda _: True)

    def values_of(self, event: str) -> tuple[str, ...]:
        """The attributes of an event that are counted in millionths."""
        return self._read_from(event, lambda read: read.role == "value")

    def _read_from(self, event: str, wanted: Callable[[Read], bool]) -> tuple[str, ...]:
        reads = (read for use in self.uses if use.event == event for read in use.reads)
        return tuple(dict.fromkeys(read.name for read in reads if wanted(read)))

    @property
    def measures(self) -> str | tuple[str, str]:
        """The unit: a key of `UNITS`, `OWN_CURRENCY`, or the (event, attribute) that has it."""
        raise NotImplementedError

    @property
    def label_sets(self) -> tuple[str, ...] | None:
        """For kinds that keep label sets apart, what they are made of; labels are among these."""
        return None

    @cached_property
    def escalated(self) -> Self | None:
        """The same row with its graver threshold for a target; None without one."""
        if self.escalate is None:
            return None
        return self.model_copy(update={"target": self.escalate.target, "escalate": None})

    @property
    def own_window(self) -> int | None:
        """The window that the target is judged over, in microseconds.

        None for kinds without a window, and for calendar periods.
        """
        window = getattr(self, "window", None)
        return window if isinstance(window, int) else None

    @property
    def period(self) -> Period | None:
        """The calendar period that the number is about; None where there is none."""
        window = getattr(self, "window", None)
        return window if window in PERIODS else None

    #: Fields that change what is shown and judged, and not what is reduced from events.
    _PRESENTATION: ClassVar[frozenset[str]] = frozenset(
        {"row", "title", "means", "decides", "try_", "better", "min_samples", "zero_ok",
         "stale_after", "notes", "alert", "assumed", "window", "target", "escalate", "each"}
    )  # fmt: skip

    def allowed_bad(self, target: Target) -> float | None:
        """The share of events or subjects that may be bad; None where it is about no such share."""
        threshold = target.threshold.micro
        if self.judged_by_share:
            return None if target.share is None else (MICRO - target.share.micro) / MICRO
        if not self.is_share:
            return None
        # "equals 100%" is a floor, "equals 0%" an upper limit.
        is_floor = target.lower_is_better is False or threshold == MICRO
        return (MICRO - threshold if is_floor else threshold) / MICRO

    def reduced_fields(self) -> dict[str, Any]:
        """The fields that decide the partials; a change in one means a rebuild."""
        fields = self.model_dump(mode="json", exclude=set(self._PRESENTATION))
        fields["product"] = self._product
        return fields

    def revision(self, context: dict[str, Any] | None = None) -> str:
        """Twelve hex digits that change when stored partials no longer fit the definition.

        Args:
            context: what else decides them, such as the declared units of the attributes.
        """
        text = json.dumps([self.reduced_fields(), context or {}], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class Windowed(KpiBase):
    """A kind whose number is about a stretch of time."""

    window: Window


class OneEvent(KpiBase):
    """A kind that reads one event name."""

    event: EventName
    where: Filter = Filter({})

    def _uses(self) -> tuple[Use, ...]:
        reads = (*self._reads(), *asked(("where",), self.where), *self._label_reads())
        return (Use(("event",), self.event, reads),)

    def _reads(self) -> tuple[Read, ...]:
        """What the kind itself needs beside the filter and the labels."""
        return ()

    def _label_reads(self) -> tuple[Read, ...]:
        return each_of(("labels",), self.labels, "label")

    def _required(self) -> tuple[tuple[str, ...], ...]:
        return ((self.event,),)
