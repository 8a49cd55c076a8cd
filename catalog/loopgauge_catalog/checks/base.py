"""What a check gets and what it gives back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from loopgauge_catalog.catalog import Attribute, Catalog, Event, Measure, ProductCatalog
from loopgauge_catalog.errors import Path, Severity
from loopgauge_catalog.kpis import DAY, Alert, Kpi, Read, Use
from loopgauge_catalog.quantities import Dimension
from loopgauge_catalog.targets import Target

#: Events, and with them their subjects, are kept this long.
RETENTION = 90 * DAY


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


@dataclass(frozen=True)
class Subject:
    """A KPI where it stands.

    `alone` is the product as a catalog of its own, which knows the KPI's unit.
    """

    product: ProductCatalog
    alone: Catalog
    kpi: Kpi
    path: Path

    def at(self, *steps: str | int) -> Path:
        """The place of a field of the row."""
        return (*self.path, *steps)

    def event(self, name: str) -> Event | None:
        """How the product declares an event; None when it does not."""
        return self.product.event(name)

    def reads(self) -> Iterator[tuple[Use, Read, Path, Attribute | None]]:
        """Every attribute that the row names, with its place and how its event declares it.

        What the event does not declare has None; nothing comes of an event that nobody declares.
        """
        seen: set[tuple[Path, str, str]] = set()
        for use in self.kpi.uses:
            event = self.event(use.event)
            for read in use.reads:
                if event is None or read.path is None or read.role == "cost":
                    continue
                path = self.at(*read.path)
                # Two steps may be the same event under different filters.
                if (path, use.event, read.name) not in seen:
                    seen.add((path, use.event, read.name))
                    yield use, read, path, event.attributes.get(read.name)

    @cached_property
    def measure(self) -> Measure:
        """What the KPI's number is."""
        return self.alone.measure(self.kpi)

    @property
    def has_unit(self) -> bool:
        """Whether the attribute that its number is made of, if any, is one of numbers."""
        attribute = self.measure.attribute
        return attribute is None or (
            attribute.is_numeric and (attribute.type != "money" or self.dimension == "money")
        )

    @property
    def dimension(self) -> Dimension:
        """What kind of amount the KPI's number is."""
        return self.measure.dimension

    def targets(self) -> Iterator[tuple[Path, Target]]:
        """The target, and the graver one."""
        if self.kpi.target is not None:
            yield self.at("target"), self.kpi.target
        if self.kpi.escalate is not None:
            yield self.at("escalate", "target"), self.kpi.escalate.target

    def alerts(self) -> Iterator[tuple[Path, Alert, Target | None]]:
        """The alert, and the graver one, each with what it is about."""
        if self.kpi.alert is not None:
            yield self.at("alert"), self.kpi.alert, self.kpi.target
        if (graver := self.kpi.escalate) is not None:
            yield self.at("escalate", "alert"), graver.alert, graver.target


KpiCheck = Callable[[Subject], Iterator[Finding]]
ProductCheck = Callable[[ProductCatalog], Iterator[Finding]]


def subjects(product: ProductCatalog) -> Iterator[Subject]:
    """Every KPI of a file with its path."""
    alone = Catalog((product,))
    for table_key, table in product.tables.items():
        for key, kpi in table.kpis.items():
            yield Subject(product, alone, kpi, ("tables", table_key, "kpis", key))
