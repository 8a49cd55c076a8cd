"""age: the time since the newest event, of the label set that has waited longest."""

from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Age

from loopgauge_collector.kinds.base import Judgement, Kind, Number, base, missed
from loopgauge_collector.kinds.cell import Cell, Source
from loopgauge_collector.kinds.label_sets import newest_rules, present
from loopgauge_collector.kinds.rules import Rule


def _oldest(kpi: Age, cell: Cell) -> int | None:
    """Microseconds before E, like every value; so it is up to a minute more than by the clock."""
    return max((cell.end - row.time for row in present(kpi, cell)), default=None)


class AgeKind(Kind):
    """Undefined while nothing has come."""

    source: ClassVar[Source] = "latest"

    def reduce(self, kpi: Age, catalog: Catalog) -> tuple[Rule, ...]:
        """Keep the newest event of each label set."""
        return newest_rules(kpi, catalog, "0")

    def read(self, kpi: Age, cell: Cell) -> Number:
        """The greatest age, in seconds."""
        oldest = _oldest(kpi, cell)
        return Number(None if oldest is None else base(oldest), len(present(kpi, cell)))

    def judge(self, kpi: Age, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        oldest = _oldest(kpi, cell)
        assert oldest is not None
        return Judgement(missed(kpi, oldest), sure=True)
