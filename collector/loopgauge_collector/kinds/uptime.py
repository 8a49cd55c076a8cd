"""uptime: the share of known time in which probes found the system up."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Uptime
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import default_min_samples

from loopgauge_collector.kinds.base import Judgement, Kind, Number, identity
from loopgauge_collector.kinds.cell import NO_INTS, Cell, Ints, MinuteRows
from loopgauge_collector.kinds.expressions import filter_sql, text
from loopgauge_collector.kinds.rules import AdditiveRule, Rule
from loopgauge_collector.statistics import surely_bad
from loopgauge_collector.windows import MINUTE, Grain

#: With more of the time unknown there is no number.
_UNKNOWN_AT_MOST = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class _Slots:
    """Slots that were probed, ascending, and what the best location saw of each."""

    slot: Ints
    up: Ints
    probes: Ints


def _slots(places: Sequence[MinuteRows], minutes: int) -> _Slots:
    """Probes by slot (a number of minutes) and location; of locations the one that saw it best."""
    slot, up, probes = [NO_INTS], [NO_INTS], [NO_INTS]
    for rows in places:
        of, where = np.unique(rows.bucket // minutes, return_inverse=True)
        n = np.bincount(where, weights=rows.n).astype(np.int64)
        good = np.bincount(where, weights=rows.good).astype(np.int64)
        slot.append(of[n > 0])
        up.append(good[n > 0])
        probes.append(n[n > 0])
    found = _Slots(np.concatenate(slot), np.concatenate(up), np.concatenate(probes))
    # Doubles of different shares of so few probes differ, so this picks the greatest share.
    order = np.lexsort((-found.up / found.probes, found.slot))
    ordered = found.slot[order]
    best = order[np.append(True, ordered[1:] != ordered[:-1])] if len(order) else order
    return _Slots(found.slot[best], found.up[best], found.probes[best])


class _Time:
    """Known and unknown slots of a window."""

    def __init__(self, kpi: Uptime, cell: Cell) -> None:
        minutes = max(1, kpi.every // MINUTE)
        places = cell.values.get(kpi.location, {}) if kpi.location is not None else {}
        seen = _slots([place.minutes for place in places.values()] or [cell.minutes], minutes)
        first = -(-cell.start // MINUTE // minutes)
        # Only slots that are over; the running one may still get probes.
        after = min(cell.at, cell.end) // MINUTE // minutes
        self.total = max(0, after - first)
        # One empty slot may be a late probe, more are time that nobody watched.
        inherits = np.append(seen.slot[1:] != seen.slot[:-1] + 1, True)[: len(seen.slot)]
        inside = (seen.slot >= first) & (seen.slot < after)
        inherited = inherits & (seen.slot + 1 >= first) & (seen.slot + 1 < after)
        times = inside.astype(np.int64) + inherited
        self.known = int(times.sum())
        # A handful of different shares stand for tens of thousands of slots.
        shares = zip(*_summed(seen.up, seen.probes, times), strict=True)
        self.up = sum((Fraction(up, probes) * n for up, probes, n in shares), Fraction(0))

    @property
    def unknown(self) -> Fraction:
        """Share of the slots that nothing is known about."""
        return Fraction(self.total - self.known, self.total) if self.total else Fraction(1)


def _summed(up: Ints, probes: Ints, times: Ints) -> tuple[list[int], list[int], list[int]]:
    """How often each pair of numbers stands there."""
    pairs, where = np.unique(np.stack([up, probes]), axis=1, return_inverse=True)
    counts = np.bincount(where.reshape(-1), weights=times, minlength=pairs.shape[1])
    return pairs[0].tolist(), pairs[1].tolist(), counts.astype(np.int64).tolist()


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
