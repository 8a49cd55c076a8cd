"""per: one amount for each of another. It is no share, so nothing about it is binomial."""

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Aggregate, Per
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, missed, side_rule
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.rules import Rule

_ABOVE, _BELOW = "numerator", "denominator"


def _amount(side: Aggregate, cell: Cell) -> int:
    """Millionths: the sum where a value is given, else the count."""
    return cell.n * MICRO if side.value is None else cell.s


class PerKind(Kind):
    """Undefined unless the amount below is above 0."""

    def reduce(self, kpi: Per, catalog: Catalog) -> tuple[Rule, ...]:
        """Each side by itself."""
        return (
            side_rule(kpi, catalog, kpi.numerator, _ABOVE),
            side_rule(kpi, catalog, kpi.denominator, _BELOW),
        )

    def parts(self, kpi: Per) -> tuple[str, ...]:
        """The two sides."""
        return (_ABOVE, _BELOW)

    def read(self, kpi: Per, cell: Cell) -> Number:
        """Above / below; samples are those below."""
        above = _amount(kpi.numerator, cell.parts[_ABOVE])
        below = _amount(kpi.denominator, cell.parts[_BELOW])
        return Number(above / below if below > 0 else None, cell.parts[_BELOW].n)

    def judge(self, kpi: Per, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        above = _amount(kpi.numerator, cell.parts[_ABOVE])
        below = _amount(kpi.denominator, cell.parts[_BELOW])
        return Judgement(
            missed(kpi, above * MICRO, per=below), sure=True, min_samples=kpi.min_samples or 1
        )
