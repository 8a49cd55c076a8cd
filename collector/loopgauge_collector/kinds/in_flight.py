"""in_flight: how many subjects are in now, or were at most at once in the window."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import InFlight
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import (
    Judgement,
    Kind,
    Number,
    base,
    missed,
    step_rules,
    valued,
)
from loopgauge_collector.kinds.cell import Cell, Source
from loopgauge_collector.kinds.rules import LevelRule, Rule

_SECOND = 1_000_000


def _levels(kpi: InFlight, cell: Cell) -> tuple[int, int, int]:
    """The deciding level, how many subjects it is made of, and how many are in at `at`."""
    rows = cell.levels
    if not len(rows.second):
        return 0, 0, 0
    present = int(np.searchsorted(rows.second, cell.at // _SECOND, side="right")) - 1
    pending = int(rows.n[present])
    if kpi.read == "current":
        return int(rows.level[present]), pending, pending
    inside = int(np.searchsorted(rows.second, -(-cell.end // _SECOND)))
    most = int(np.argmax(rows.level[:inside]))
    return int(rows.level[most]), int(rows.n[most]), pending


class InFlightKind(Kind):
    """On a grid of seconds: who is in for less than one may be unseen."""

    source: ClassVar[Source] = "levels"

    def reduce(self, kpi: InFlight, catalog: Catalog) -> tuple[Rule, ...]:
        """Follow each subject from its start to its end; its weight is that of the start."""
        rules = step_rules(
            LevelRule,
            kpi,
            catalog,
            ((kpi.from_,), kpi.to),
            limit=kpi.expires,
            maximum=kpi.read == "maximum",
        )
        if kpi.value is None:
            return rules
        weight = valued(kpi, catalog, kpi.from_.event, kpi.value)
        return tuple(
            replace(rule, value=weight) if isinstance(rule, LevelRule) and rule.step == 0 else rule
            for rule in rules
        )

    def read(self, kpi: InFlight, cell: Cell) -> Number:
        """The level; nobody is 0, because the state says whether the source is alive."""
        level, n, pending = _levels(kpi, cell)
        return Number(float(level) if kpi.value is None else base(level), n, pending=pending)

    def judge(self, kpi: InFlight, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        level, _, _ = _levels(kpi, cell)
        return Judgement(missed(kpi, level * MICRO if kpi.value is None else level), sure=True)
