"""latest: the newest value of each label set, combined."""

from fractions import Fraction
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Latest
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import (
    Judgement,
    Kind,
    Number,
    missed,
    valued,
)
from loopgauge_collector.kinds.cell import Cell, LatestRow, Source
from loopgauge_collector.kinds.expressions import filter_sql
from loopgauge_collector.kinds.label_sets import newest_rules, present
from loopgauge_collector.kinds.rules import Rule


def _value(kpi: Latest, catalog: Catalog) -> str:
    if kpi.value is not None:
        return valued(kpi, catalog, kpi.event, kpi.value)
    assert kpi.passing is not None
    return f"{filter_sql(kpi.passing)}::integer * {MICRO}"


def _combined(kpi: Latest, rows: list[LatestRow]) -> Fraction | None:
    values = [row.micro for row in rows if row.micro is not None]
    if not values:
        return None
    match kpi.combine:
        case "sum":
            return Fraction(sum(values))
        case "max":
            return Fraction(max(values))
        case "min":
            return Fraction(min(values))
        case "mean":
            return Fraction(sum(values), len(values))


class LatestKind(Kind):
    """A value that a report states, good until the next report or until it is stale."""

    source: ClassVar[Source] = "latest"

    def reduce(self, kpi: Latest, catalog: Catalog) -> tuple[Rule, ...]:
        """Keep the newest event of each label set; `retired_by` keeps a tombstone."""
        return newest_rules(kpi, catalog, _value(kpi, catalog))

    def read(self, kpi: Latest, cell: Cell) -> Number:
        """The combination of what is present; undefined when nothing is."""
        rows = present(kpi, cell)
        combined = _combined(kpi, rows)
        value = None if combined is None else float(combined / MICRO)
        return Number(value, len(rows))

    def judge(self, kpi: Latest, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        combined = _combined(kpi, present(kpi, cell))
        assert combined is not None
        return Judgement(missed(kpi, combined.numerator, per=combined.denominator), sure=True)

    def is_stale(self, kpi: Latest, cell: Cell, at: int) -> bool:
        """Whether a label set is older than `stale_after` and the fresh ones do not decide.

        Fresh values that already miss an upper target of a sum are a breach, whatever the
        silent ones would say.
        """
        if kpi.stale_after is None:
            return False
        rows = present(kpi, cell)
        fresh = [row for row in rows if at - row.time <= kpi.stale_after]
        if len(fresh) == len(rows):
            return False
        combined = _combined(kpi, fresh)
        decided = (
            combined is not None
            and kpi.combine in {"sum", "max"}
            and kpi.target is not None
            and (kpi.target.lower_is_better or kpi.target.threshold.micro == 0)
            and missed(kpi, combined.numerator, per=combined.denominator)
        )
        return not decided
