"""Earlier values of every KPI, for trends and comparisons: read a few each second, in turn."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from loopgauge_catalog.values import KpiValue

from loopgauge_collector.errors import Refused
from loopgauge_collector.evaluation.past import Past
from loopgauge_collector.evaluation.trend import compare, shift_of, trend
from loopgauge_collector.partials.activity import Activity

#: How many days earlier the comparisons are.
SHIFTS = {"1d": 1, "7d": 7, "28d": 28}
#: Share of a product's events; when so much of the past came in since an earlier value was
#: read, as when history is told afterwards, that value is no longer what it was.
_REWRITTEN = 0.01


@dataclass(frozen=True, slots=True)
class _Known:
    """Earlier values of one KPI.

    Attributes:
        revision: of its definition.
        old: how many old events had arrived when it was read.
        earlier: by how many days earlier.
    """

    revision: str
    old: int
    earlier: Mapping[int, KpiValue]


class Baselines:
    """Keeps the earlier values; what is shown is at most a round older than the number.

    While much of the past comes in, nothing is shown until it is read again.

    Args:
        past: reads them.
        activity: tells how much of the past came in since.
        budget: seconds that one turn may take, so that nothing else waits for it.
    """

    def __init__(self, past: Past, activity: Activity, budget: float = 0.01) -> None:
        self._past = past
        self._activity = activity
        self._budget = budget
        self._known: dict[str, _Known] = {}
        self._turn = 0

    def refresh(self, values: tuple[KpiValue, ...], now: datetime) -> None:
        """Read the earlier values of the KPIs whose turn it is, at least of one."""
        began = time.monotonic()
        for _ in values:
            value = values[self._turn % len(values)]
            self._turn += 1
            old = self._activity.arrivals(value.kpi.product).old
            self._known[value.kpi.id] = _Known(value.revision, old, self._read(value, now))
            if time.monotonic() - began >= self._budget:
                break

    def _read(self, value: KpiValue, now: datetime) -> Mapping[int, KpiValue]:
        days = {*SHIFTS.values(), shift_of(value.kpi) // 86_400_000_000}
        shifts = sorted(days)
        moments = [now - timedelta(days=day) for day in shifts]
        try:
            return dict(zip(shifts, self._past.values(value.kpi.id, moments), strict=True))
        except Refused:
            # The definition went away or is changing; the next round tells.
            return {}

    def compared(self, value: KpiValue) -> KpiValue:
        """The value with its trend and comparisons, as far as they are known."""
        known = self._known.get(value.kpi.id)
        if known is None or known.revision != value.revision or not known.earlier:
            return value
        arrivals = self._activity.arrivals(value.kpi.product)
        if arrivals.old - known.old > _REWRITTEN * arrivals.events:
            return value
        earlier = known.earlier
        baseline = earlier.get(shift_of(value.kpi) // 86_400_000_000)
        return replace(
            value,
            trend=None if baseline is None else trend(value, baseline),
            comparisons=MappingProxyType(
                {
                    name: compare(value, earlier[days])
                    for name, days in SHIFTS.items()
                    if days in earlier
                }
            ),
        )
