"""uptime: the share of known time in which probes found the system up."""

from fractions import Fraction
from typing import ClassVar

import numpy as np
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Uptime
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import default_min_samples

from loopgauge_collector.kinds.base import Judgement, Kind, Number, identity
from loopgauge_collector.kinds.cell import Cell, Ints, MinuteRows
from loopgauge_collector.kinds.expressions import filter_sql, text
from loopgauge_collector.kinds.rules import AdditiveRule, Rule
from loopgauge_collector.statistics import surely_bad
from loopgauge_collector.windows import MINUTE, Grain

#: With more of the time unknown there is no number.
_UNKNOWN_AT_MOST = Fraction(1, 10)


class _Time:
    """Known and unknown slots of a window."""

    def __init__(self, kpi: Uptime, cell: Cell) -> None:
        minutes = max(1, kpi.every // MINUTE)
        first = -(-cell.start // MINUTE // minutes)
        # Only slots that are over; the running one may still get probes.
        after = min(cell.at, cell.end) // MINUTE // minutes
        self.total = max(0, after - first)
        places = cell.values.get(kpi.location, {}) if kpi.location is not None else {}
        # The slot before the window is read too: the first one may inherit from it.
        good, probes = np.zeros((2, self.total + 1), np.int64)
        for rows in [place.minutes for place in places.values()] or [cell.minutes]:
            _see_better(good, probes, rows.bucket // minutes - first + 1, rows)
        # One empty slot may be a late probe, more are time that nobody watched.
        here = probes[1:] > 0
        good, probes = np.where(here, (good[1:], probes[1:]), (good[:-1], probes[:-1]))
        self.known = int(np.count_nonzero(probes))
        # Shares of different numbers of probes are added without rounding.
        self.up = sum(
            (Fraction(int(good[probes == n].sum()), n) for n in np.unique(probes).tolist() if n),
            Fraction(0),
        )

    @property
    def unknown(self) -> Fraction:
        """Share of the slots that nothing is known about."""
        return Fraction(self.total - self.known, self.total) if self.total else Fraction(1)


def _see_better(good: Ints, probes: Ints, slot: Ints, rows: MinuteRows) -> None:
    """Put a location's slots where it saw the system better than those before it."""
    within = (slot >= 0) & (slot < len(good))
    own_good, own_probes = np.zeros((2, len(good)), np.int64)
    np.add.at(own_good, slot[within], rows.good[within])
    np.add.at(own_probes, slot[within], rows.n[within])
    # Shares compared as fractions; nothing known is worse than known to be down.
    is_better = (own_good * probes > good * own_probes) | ((probes == 0) & (own_probes > 0))
    good[is_better] = own_good[is_better]
    probes[is_better] = own_probes[is_better]


class UptimeKind(Kind):
    """With several locations a slot is as up as the one that saw it best."""

    breaks_down: ClassVar[bool] = True
    by_minute: ClassVar[bool] = True
    grain: ClassVar[Grain] = "minute"

    def labels(self, kpi: Uptime) -> tuple[str, ...]:
        """Each location by itself."""
        return () if kpi.location is None else (kpi.location,)

    def reduce(self, kpi: Uptime, catalog: Catalog) -> tuple[Rule, ...]:
        """Count probes, and those that found it up."""
        return (
            AdditiveRule(
                **identity(kpi, catalog),
                event=kpi.event,
                where=filter_sql(kpi.where),
                good=filter_sql(kpi.up),
                labels=tuple((label, text(label)) for label in self.labels(kpi)),
            ),
        )

    def read(self, kpi: Uptime, cell: Cell) -> Number:
        """Σ up / known slots; undefined when more than a tenth is unknown."""
        time = _Time(kpi, cell)
        if time.known == 0 or time.unknown > _UNKNOWN_AT_MOST:
            return Number(None, time.known, stats={"unknown": float(time.unknown)})
        return Number(
            float(time.up / time.known), time.known, stats={"unknown": float(time.unknown)}
        )

    def judge(self, kpi: Uptime, cell: Cell) -> Judgement:
        """By the exact binomial tail over the known slots; part of a slot is no bad one."""
        assert kpi.target is not None
        time = _Time(kpi, cell)
        allowed = (MICRO - kpi.target.threshold.micro) / MICRO
        up = time.up * MICRO
        missed = not kpi.target.met_by(up.numerator, up.denominator * time.known)
        return Judgement(
            missed,
            sure=missed and surely_bad(int(time.known - time.up), time.known, allowed),
            min_samples=kpi.min_samples or default_min_samples(allowed),
        )
