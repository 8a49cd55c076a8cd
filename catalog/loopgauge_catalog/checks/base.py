"""What a check gets and what it gives back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loopgauge_catalog.catalog import Attribute, Catalog, Event, ProductCatalog
from loopgauge_catalog.errors import Path, Severity
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.quantities import UNITS, Dimension


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found; the loader adds file, line and column.

    Attributes:
        path: where it stands in the file; the last name may be missing there.
        message: what is wrong and why that matters.
        hint: what to write instead.
        twin: the other place of a clash, as (number of the file, path).
        file: number of the file among those that are loaded together.
    """

    path: Path
    message: str
    hint: str = ""
    severity: Severity = "error"
    twin: tuple[int, Path] | None = None
    file: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """A KPI where it stands.

    `alone` is the product as a catalog of its own, which knows the KPI's unit.
    """

    product: ProductCatalog
    alone: Catalog
    kpi: Kpi
    path: Path

    @property
    def event(self) -> Event | None:
        """How the product declares the KPI's event; None when it does not."""
        return self.product.events.get(self.kpi.event)

    def attribute(self, name: str) -> Attribute | None:
        """How the KPI's event declares an attribute; None when it does not."""
        return self.event.attributes.get(name) if self.event is not None else None

    @property
    def value(self) -> Attribute | None:
        """The attribute that the number is made of; None for kinds that count events."""
        name = getattr(self.kpi, "value", None)
        return None if name is None else self.alone.attribute(self.kpi, name)

    @property
    def dimension(self) -> Dimension:
        """What kind of amount the KPI's number is."""
        if self.kpi.kind == "ratio":
            return "share"
        return "number" if self.value is None else UNITS[self.value.unit][0]


KpiCheck = Callable[[Subject], Iterator[Finding]]
ProductCheck = Callable[[ProductCatalog], Iterator[Finding]]


def subjects(product: ProductCatalog) -> Iterator[Subject]:
    """Every KPI of a file with its path."""
    alone = Catalog((product,))
    for table_key, table in product.tables.items():
        for key, kpi in table.kpis.items():
            yield Subject(product, alone, kpi, ("tables", table_key, "kpis", key))
