"""drift: how far a distribution has moved from its reference, by population stability index."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Drift
from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, identity, missed, valued
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.expressions import filter_sql, label_set
from loopgauge_collector.kinds.rules import LABEL_SET, AdditiveRule, Rule
from loopgauge_collector.statistics import chi_square_quantile, stability_index
from loopgauge_collector.windows import Window, full_days, whole_days

#: Days of a version's first events that it is compared with, where the row names none.
_FIRST_DAYS = 7
_CHANCE = 0.95
_REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class _Moved:
    """One version against its reference.

    Attributes:
        index: the population stability index.
        bound: what chance alone stays below in 95 % of cases.
        samples, reference: values in the window, and in the reference.
    """

    index: float
    bound: float
    samples: int
    reference: int


def _bin_sql(kpi: Drift, value: str) -> str:
    """The number of a value's bin; what lies outside the range goes to the edge bins."""
    low, high = (Fraction(str(bound)) * MICRO for bound in kpi.bounds)
    # In whole millionths a bin begins at the first one that is not below its edge.
    edges = [math.ceil(low + (high - low) * at / kpi.bins) for at in range(1, kpi.bins)]
    arms = " ".join(f"when {value} < {edge} then {at}" for at, edge in enumerate(edges))
    return f"case {arms} when {value} is not null then {kpi.bins - 1} end"


def _counts(kpi: Drift, cell: Cell) -> list[int]:
    found = dict(zip(cell.index.tolist(), cell.counts.tolist(), strict=True))
    return [found.get(number, 0) for number in range(kpi.bins)]


def _moved(kpi: Drift, cell: Cell) -> _Moved | None:
    """None without values, without a reference, or when chance may be all of it."""
    then = cell.more.get(_REFERENCE)
    if then is None or cell.n == 0 or then.n == 0:
        return None
    bound = chi_square_quantile(_CHANCE, kpi.bins - 1) * (1 / cell.n + 1 / then.n)
    if kpi.target is not None and bound > kpi.target.threshold.value:
        return None
    index = stability_index(_counts(kpi, cell), _counts(kpi, then))
    return _Moved(index, bound, cell.n, then.n)


def _greatest(kpi: Drift, cell: Cell) -> _Moved | None:
    """Of the version that has moved most."""
    found = [
        moved
        for key, part in cell.values.get(LABEL_SET, {}).items()
        if key not in {NONE_VALUE, OTHER_VALUE} and (moved := _moved(kpi, part)) is not None
    ]
    return max(found, key=lambda moved: moved.index, default=None)


class DriftKind(Kind):
    """Each version by itself; new ones are not compared before they have a reference."""

    breaks_down: ClassVar[bool] = True
    sketched: ClassVar[bool] = True

    def reduce(self, kpi: Drift, catalog: Catalog) -> tuple[Rule, ...]:
        """Count values by bin, of each version."""
        key = label_set((kpi.per,))
        value = valued(kpi, catalog, kpi.event, kpi.value)
        return (
            AdditiveRule(
                **identity(kpi, catalog),
                event=kpi.event,
                where=f"case when {key} is not null then {filter_sql(kpi.where)} end",
                value=value,
                bin=_bin_sql(kpi, value),
                labels=((LABEL_SET, key),),
                dated=True,
            ),
        )

    def labels(self, kpi: Drift) -> tuple[str, ...]:
        """The versions; the label that is shown follows from them."""
        return (LABEL_SET,)

    def later_spans(self, kpi: Drift, cell: Cell, window: Window) -> Mapping[str, Window]:
        """What a version is compared with; nothing before its first days are over."""
        if cell.n == 0 or cell.first is None:
            return {}
        if kpi.reference is not None:
            start, end = whole_days(kpi.reference.from_, kpi.reference.to, window.zone)
        else:
            start, end = full_days(cell.first, _FIRST_DAYS, window.zone)
            if end > window.end:
                return {}
        # A day that is not over yet counts as far as the window reaches.
        return {_REFERENCE: Window(start, min(end, window.end))} if start < window.end else {}

    def read(self, kpi: Drift, cell: Cell) -> Number:
        """The greatest index of a version that can be judged; samples are its values."""
        moved = _greatest(kpi, cell)
        if moved is None:
            return Number(None, 0)
        stats = {"bound": moved.bound, "reference": float(moved.reference)}
        return Number(moved.index, moved.samples, stats=stats)

    def judge(self, kpi: Drift, cell: Cell) -> Judgement:
        """Against the target; what chance could have done was left out before."""
        moved = _greatest(kpi, cell)
        assert moved is not None
        return Judgement(missed(kpi, round(moved.index * MICRO)), sure=True)
