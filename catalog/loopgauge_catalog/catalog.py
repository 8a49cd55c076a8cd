"""What a catalog file holds, and all loaded files together.

`ProductCatalog` is one file; `Catalog` is what a collector runs: every product, with
the questions that the rest of the house asks about them.
"""

import fnmatch
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, Strict

from loopgauge_catalog.builtin import BUILT_IN
from loopgauge_catalog.calendar import Sprint, Zone
from loopgauge_catalog.declarations import Attribute, Event
from loopgauge_catalog.errors import Problem
from loopgauge_catalog.filters import Flag
from loopgauge_catalog.kpis import BudgetKpi, EventName, Identifier, Kpi, ServicePattern
from loopgauge_catalog.kpis.base import OWN_CURRENCY
from loopgauge_catalog.model import Model
from loopgauge_catalog.prices import Budget, CurrencyCode, OwnCurrency, Price, Rates
from loopgauge_catalog.quantities import UNITS, Dimension
from loopgauge_catalog.rows import RowRange

__all__ = ["Attribute", "Catalog", "Event", "Measure", "ProductCatalog", "Table", "Team"]


class Team(Model):
    """Where a team is told, and how many pages a week it accepts."""

    slack: str | None = None
    email: str | None = None
    pages_per_week: Annotated[float | None, Field(ge=0, allow_inf_nan=False), Strict()] = None


class Table(Model):
    """One table of the document: its title and its rows."""

    title: str
    kpis: dict[Identifier, Kpi]


class ProductCatalog(Model):
    """One file: a product, its tables of KPIs and the events that feed them."""

    product: Identifier
    title: str
    timezone: Zone = "UTC"
    live: Annotated[Flag, Field(description="Rows that were never fed raise a ticket")] = False
    services: Annotated[
        tuple[ServicePattern, ...],
        Field(description="Services whose events belong here; * and ? stand for any text"),
    ] = ()
    rows: Annotated[
        tuple[RowRange, ...],
        Field(description="Every row of the document, as B1, B3-B5 or B12a-c; check counts them"),
    ] = ()
    teams: dict[Identifier, Team] = Field(default_factory=dict)
    sprint: Annotated[Sprint | None, Field(description="Needed by window: sprint")] = None
    currency: Annotated[OwnCurrency, Field(description="What costs are counted in")] = "USD"
    currencies: dict[CurrencyCode, Rates] = Field(
        default_factory=dict, description="What others are worth in that"
    )
    prices: Annotated[
        tuple[Price, ...], Field(description="For what providers name no amount for")
    ] = ()
    budgets: dict[Identifier, Budget] = Field(default_factory=dict)
    tables: dict[Identifier, Table]
    events: dict[EventName, Event] = Field(default_factory=dict)

    def model_post_init(self, _context: object) -> None:
        """Tell each KPI where it stands."""
        for table_key, table in self.tables.items():
            for key, kpi in table.kpis.items():
                kpi.placed(product=self.product, table=table_key, key=key)
                if isinstance(kpi, BudgetKpi):
                    kpi.funded(self.budgets.get(kpi.budget))

    @property
    def zone(self) -> ZoneInfo:
        """The product's time zone, for calendar windows and very old bounds."""
        return ZoneInfo(self.timezone)

    def kpis(self) -> Iterator[Kpi]:
        """Every KPI, in the order of the file."""
        for table in self.tables.values():
            yield from table.kpis.values()

    def event(self, name: str) -> Event | None:
        """What is known about an event name: LoopGauge's own, or declared here; else None."""
        return BUILT_IN.get(name) or self.events.get(name)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a KPI's number is.

    Attributes:
        unit: its unit, a key of `UNITS`.
        suffix: how its metric's name ends: ``seconds``, ``ratio``, ````.
        attribute: the declaration of the values that it is made of; None where it counts.
    """

    unit: str
    suffix: str
    attribute: Attribute | None = None

    @property
    def dimension(self) -> Dimension:
        """What kind of amount it is."""
        return UNITS[self.unit][0]


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
        """What is known about an event name of a product, or None."""
        owner = self.products.get(product)
        return owner.event(name) if owner is not None else None

    def attribute_of(self, product: str, event: str, name: str) -> Attribute:
        """How an event declares an attribute; an undeclared one is a plain string."""
        declared = self.event(product, event)
        return (declared.attributes.get(name) if declared is not None else None) or Attribute()

    def attribute(self, kpi: Kpi, name: str) -> Attribute:
        """How the first of the KPI's events that has the attribute declares it."""
        for event_name in kpi.events:
            event = self.event(kpi.product, event_name)
            if event is not None and name in event.attributes:
                return event.attributes[name]
        return Attribute()

    def measure(self, kpi: Kpi) -> Measure:
        """What the KPI's number is: its unit, and the attribute that it is made of."""
        of = kpi.measures
        if isinstance(of, tuple):
            attribute = self.attribute_of(kpi.product, *of)
            return Measure(attribute.unit, UNITS[attribute.unit][2], attribute)
        unit = self.products[kpi.product].currency.lower() if of == OWN_CURRENCY else of
        suffix = f"per_{kpi.per}" if kpi.kind == "rate" else UNITS[unit][2]
        return Measure(unit, suffix)

    def unit(self, kpi: Kpi) -> str:
        """The unit of the KPI's value, as its metric's name ends: ``seconds``, ``ratio``, ````."""
        return self.measure(kpi).suffix
