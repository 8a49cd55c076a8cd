"""uptime: the share of known time in which probes found the system up."""

from fractions import Fraction
from typing import ClassVar

import numpy as np
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Uptime
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import default_min_samples

from loopgauge_collector.kinds.base import Judgement, Kind, Number, identity
from loopgauge_collector.kinds.cell import Cell, MinuteRows
from loopgauge_collector.kinds.expressions import filter_sql, text
from loopgauge_collector.kinds.rules import AdditiveRule, Rule
from loopgauge_collector.statistics import surely_bad
from loopgauge_collector.windows import MINUTE, Grain

#: With more of the time unknown there is no number.
_UNKNOWN_AT_MOST = Fraction(1, 10)


def _slots(rows: MinuteRows, minutes: int) -> dict[int, Fraction]:
    """Share of probes that found it up, by slot; a slot is a number of minutes."""
    slots, where = np.unique(rows.bucket // minutes, return_inverse=True)
    probes = np.bincount(where, weights=rows.n).astype(np.int64)
    up = np.bincount(where, weights=rows.good).astype(np.int64)
    return {
        slot: Fraction(good, n)
        for slot, good, n in zip(slots.tolist(), up.tolist(), probes.tolist(), strict=True)
        if n > 0
    }


class _Time:
    """Known and unknown slots of a window."""

    def __init__(self, kpi: Uptime, cell: Cell) -> None:
        minutes = max(1, kpi.every // MINUTE)
        places = cell.values.get(kpi.location, {}) if kpi.location is not None else {}
        seen: dict[int, Fraction] = {}
        for rows in [place.minutes for place in places.values()] or [cell.minutes]:
            for slot, share in _slots(rows, minutes).items():
                seen[slot] = max(share, seen.get(slot, share))
        first = -(-cell.start // MINUTE // minutes)
        # Only slots that are over; the running one may still get probes.
        after = min(cell.at, cell.end) // MINUTE // minutes
        self.total = max(0, after - first)
        # One empty slot may be a late probe, more are time that nobody watched.
        found = [seen.get(slot, seen.get(slot - 1)) for slot in range(first, after)]
        shares = [share for share in found if share is not None]
        self.known = len(shares)
        self.up = sum(shares, Fraction(0))

    @property
    def unknown(self) -> Fraction:
        """Share of the slots that nothing is known about."""
        return Fraction(self.total - self.known, self.total) if self.total else Fraction(1)


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
