"""composite: a score of 100, made of how much other KPIs attain of their targets."""

from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Composite, Part
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, missed
from loopgauge_collector.kinds.cell import Cell, Source
from loopgauge_collector.kinds.rules import Rule


def member_key(kpi: str, against: str | None) -> str:
    """How `Cell.attainments` names a member of a score."""
    return kpi if against is None else f"{kpi}/{against}"


def _known(part: Part, cell: Cell) -> list[float]:
    keys = [member_key(member.kpi, member.against) for member in part.kpis]
    return [min(1.0, cell.attainments[key]) for key in keys if key in cell.attainments]


class CompositeKind(Kind):
    """A member without data counts as 0, and the score says how much of it rests on data."""

    source: ClassVar[Source] = "none"

    def reduce(self, kpi: Composite, catalog: Catalog) -> tuple[Rule, ...]:
        """Nothing: its members are reduced themselves."""
        return ()

    def read(self, kpi: Composite, cell: Cell) -> Number:
        """Each part is its weight times the mean attainment of all its members."""
        score = rests_on = 0.0
        samples = 0
        for part in kpi.parts.values():
            known = _known(part, cell)
            samples += len(known)
            score += part.weight * sum(known) / len(part.kpis)
            rests_on += part.weight * len(known) / len(part.kpis)
        stats = {"rests_on": rests_on, "best_case": score + 100 - rests_on}
        return Number(score if samples else None, samples, stats=stats if samples else {})

    def judge(self, kpi: Composite, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        value = self.read(kpi, cell).value
        assert value is not None
        return Judgement(missed(kpi, round(value * MICRO)), sure=True, min_samples=1)
