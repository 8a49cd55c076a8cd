"""Days, zones and calendar periods, as a catalog writes them.

A day or a month is a local one of some zone, so it has 23 to 25 hours or 28 to 31 days;
that is why a calendar period is a word here and not a length (KPI_SEMANTICS, R9).
"""

import re
from datetime import date
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loopgauge_catalog.errors import did_you_mean, shown
from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import MICRO, Duration, duration_input, format_duration

#: Local periods that begin at a calendar bound; a week begins on Monday.
Period = Literal["day", "week", "month", "sprint"]
PERIODS: tuple[Period, ...] = ("day", "week", "month", "sprint")

_DAY = 86_400 * MICRO
_DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _date_input(raw: object) -> object:
    if isinstance(raw, date):
        return raw
    if isinstance(raw, str) and re.fullmatch(_DATE_PATTERN, raw, re.ASCII):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise ValueError(
                f"{shown(raw)} is no day of the calendar; write one such as 2026-01-31"
            ) from None
    raise ValueError(f"{shown(str(raw))} is no day; write it as 2026-01-31")


#: A day, written ``2026-01-31``; where a moment is meant, its local midnight.
Day = Annotated[
    date,
    BeforeValidator(
        _date_input,
        json_schema_input_type=Annotated[
            str, Field(pattern=_DATE_PATTERN, examples=["2026-01-31"])
        ],
    ),
]


@cache
def _zones() -> tuple[str, ...]:
    # A walk over hundreds of files each time, if it were asked anew.
    return tuple(sorted(available_timezones()))


def _known_zone(zone: str) -> str:
    if zone not in _zones():
        hint = did_you_mean(zone, _zones(), otherwise="write UTC or Europe/Berlin")
        raise ValueError(f"{shown(zone)} is no IANA time zone; {hint}")
    return zone


#: An IANA time zone that this machine knows.
Zone = Annotated[str, AfterValidator(_known_zone)]


def _window_input(raw: object) -> object:
    if isinstance(raw, str) and raw in PERIODS:
        return raw
    if isinstance(raw, str) and raw.isalpha():
        hint = did_you_mean(raw, PERIODS, otherwise=f"write 24h, 28d, {' or '.join(PERIODS)}")
        raise ValueError(f"{shown(raw)} is no window; {hint}")
    return duration_input(raw)


#: The time that a number is about: a length in microseconds, or a calendar period.
Window = Annotated[
    int | Period,
    BeforeValidator(_window_input, json_schema_input_type=Duration | Period),
]


class Sprint(Model):
    """When sprints begin and how long they are; all follow from one of them."""

    starts: Annotated[Day, Field(description="First day of any sprint")]
    length: Duration

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if self.length % _DAY:
            raise ValueError(
                f"a sprint of {format_duration(self.length)} ends in the middle of a day; "
                "write whole days, as 14d"
            )
        return self

    @property
    def days(self) -> int:
        """How many days a sprint has."""
        return self.length // _DAY
