"""What a catalog file holds, and all loaded files together.

`ProductCatalog` is one file; `Catalog` is what a collector runs: every product, with
the questions that the rest of the house asks about them.
"""

import fnmatch
import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, field_validator

from loopgauge_catalog.errors import Problem, did_you_mean, shown
from loopgauge_catalog.filters import AttributeName, Number, Scalar
from loopgauge_catalog.kpis import EventName, Flag, Identifier, Kpi
from loopgauge_catalog.quantities import UNITS, Duration, duration_input
from loopgauge_catalog.rows import RowRange

ServicePattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/*?-]+$", max_length=128)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Attribute(_Model):
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


class Event(_Model):
    """An event name: its attributes and how often it is expected."""

    means: str | None = None
    attributes: dict[AttributeName, Attribute] = {}
    expect: Annotated[
        int | Literal["rare"] | None,
        BeforeValidator(_expect_input, json_schema_input_type=Duration | Literal["rare"] | None),
        Field(description="Longest silence that is normal"),
    ] = None
    source: Annotated[
        Literal["service", "batch"],
        Field(description="batch: comes from CI, scans or surveys; silence is normal"),
    ] = "service"


class Team(_Model):
    """Where a team is told, and how many pages a week it accepts."""

    slack: str | None = None
    email: str | None = None
    pages_per_week: Annotated[float | None, Field(ge=0, allow_inf_nan=False), Strict()] = None


@cache
def _zones() -> tuple[str, ...]:
    # A walk over hundreds of files each time, if it were asked anew.
    return tuple(sorted(available_timezones()))


class Table(_Model):
    """One table of the document: its title and its rows."""

    title: str
    kpis: dict[Identifier, Kpi]


class ProductCatalog(_Model):
    """One file: a product, its tables of KPIs and the events that feed them."""

    product: Identifier
    title: str
    timezone: str = "UTC"
    live: Annotated[Flag, Field(description="Rows that were never fed raise a ticket")] = False
    services: Annotated[
        tuple[ServicePattern, ...],
        Field(description="Services whose events belong here; * and ? stand for any text"),
    ] = ()
    rows: Annotated[
        tuple[RowRange, ...],
        Field(description="Every row of the document, as B1, B3-B5 or B12a-c; check counts them"),
    ] = ()
    teams: dict[Identifier, Team] = {}
    tables: dict[Identifier, Table]
    events: dict[EventName, Event] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in _zones():
            hint = did_you_mean(zone, _zones(), otherwise="write UTC or Europe/Berlin")
            raise ValueError(f"{shown(zone)} is no IANA time zone; {hint}")
        return zone

    def model_post_init(self, _context: object) -> None:
        """Tell each KPI where it stands."""
        for table_key, table in self.tables.items():
            for key, kpi in table.kpis.items():
                kpi.placed(product=self.product, table=table_key, key=key)

    @property
    def zone(self) -> ZoneInfo:
        """The product's time zone, for calendar windows and very old bounds."""
        return ZoneInfo(self.timezone)

    def kpis(self) -> Iterator[Kpi]:
        """Every KPI, in the order of the file."""
        for table in self.tables.values():
            yield from table.kpis.values()


class Catalog:
    """Every product that a collector serves.

    Attributes:
        products: by name, in the order of the files.
        revision: changes with anything that a file says.
        warnings: what the loader found odd but not wrong.
    """

    def __init__(
        self, products: tuple[ProductCatalog, ...], warnings: tuple[Problem, ...] = ()
    ) -> None:
        self.products: dict[str, ProductCatalog] = {p.product: p for p in products}
        self._kpis: dict[str, Kpi] = {kpi.id: kpi for p in products for kpi in p.kpis()}
        text = "\n".join(p.model_dump_json() for p in products)
        self.revision: str = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.warnings: tuple[Problem, ...] = warnings

    def kpis(self) -> Iterator[Kpi]:
        """Every KPI of every product, in the order of the files."""
        return iter(self._kpis.values())

    def kpi(self, kpi_id: str) -> Kpi | None:
        """The KPI with this id (``campaigns.ttfv``), or None."""
        return self._kpis.get(kpi_id)

    def product_of(self, service: str) -> str | None:
        """The one product whose ``services`` claim this service; None when none or several do."""
        claims = [
            p.product
            for p in self.products.values()
            if any(fnmatch.fnmatchcase(service, pattern) for pattern in p.services)
        ]
        return claims[0] if len(claims) == 1 else None

    def event(self, product: str, name: str) -> Event | None:
        """What the product declares about an event name, or None."""
        owner = self.products.get(product)
        return owner.events.get(name) if owner is not None else None

    def attribute(self, kpi: Kpi, name: str) -> Attribute:
        """How the KPI's event declares an attribute; an undeclared one is a plain string."""
        for event_name in kpi.events:
            event = self.event(kpi.product, event_name)
            if event is not None and name in event.attributes:
                return event.attributes[name]
        return Attribute()

    def unit(self, kpi: Kpi) -> str:
        """The unit of the KPI's value, as its metric's name ends: ``seconds``, ``ratio``, ````."""
        if kpi.kind == "ratio":
            return "ratio"
        if kpi.kind == "rate":
            return f"per_{kpi.per}"
        if kpi.kind == "count":
            return ""
        return UNITS[self.attribute(kpi, kpi.value).unit][2]
