"""distinct: how many different subjects had any of the events in the window. Exact."""

from collections import Counter
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Distinct
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, missed, step_rules
from loopgauge_collector.kinds.cell import Cell, Source, SubjectRows, Tally
from loopgauge_collector.kinds.presence import active
from loopgauge_collector.kinds.rules import ActivityRule, Rule
from loopgauge_collector.windows import Window


class DistinctKind(Kind):
    """A subject with two label values counts once for each, and once in the total."""

    source: ClassVar[Source] = "subjects"

    def reduce(self, kpi: Distinct, catalog: Catalog) -> tuple[Rule, ...]:
        """Keep the active minutes of every subject."""
        return step_rules(ActivityRule, kpi, catalog, (kpi.events_,))

    def tally(self, kpi: Distinct, rows: SubjectRows, window: Window) -> Tally:
        """Subjects by their last active minute in the window."""
        return Counter({"subjects": active(rows, window)})

    def read(self, kpi: Distinct, cell: Cell) -> Number:
        """The number of subjects."""
        n = cell.count("subjects")
        return Number(float(n), n)

    def judge(self, kpi: Distinct, cell: Cell) -> Judgement:
        """Against the target, always sure; a floor waits until the window is full."""
        assert kpi.target is not None
        is_floor = kpi.target.lower_is_better is False
        return Judgement(missed(kpi, cell.count("subjects") * MICRO), sure=True, floor=is_floor)
