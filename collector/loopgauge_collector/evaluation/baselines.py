"""Earlier values of every KPI, for trends and comparisons: read a few each second, in turn."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.values import KpiValue

from loopgauge_collector.errors import Refused
from loopgauge_collector.evaluation.definitions import Moment, baseline_moment
from loopgauge_collector.evaluation.past import Past
from loopgauge_collector.evaluation.trend import compare, trend
from loopgauge_collector.windows import to_datetime, to_micro

#: How much earlier the comparisons are.
SHIFTS = {"1d": timedelta(days=1), "7d": timedelta(days=7), "28d": timedelta(days=28)}


@dataclass(frozen=True, slots=True)
class _Earlier:
    """Earlier values of one KPI, of one revision of it.

    Attributes:
        baseline: what its trend is measured against.
        shifted: by the names of `SHIFTS`.
    """

    revision: str
    baseline: KpiValue
    shifted: Mapping[str, KpiValue]


class Baselines:
    """Keeps the earlier values; what is shown is at most a round older than the number.

    Args:
        past: reads them.
        budget: seconds that one turn may take, so that nothing else waits for it.
    """

    def __init__(self, past: Past, budget: float = 0.01) -> None:
        self._past = past
        self._budget = budget
        self._known: dict[str, _Earlier] = {}
        self._turn = 0

    def refresh(self, values: tuple[KpiValue, ...], now: datetime, catalog: Catalog) -> None:
        """Read the earlier values of the KPIs whose turn it is, at least of one."""
        began = time.monotonic()
        for _ in values:
            value = values[self._turn % len(values)]
            self._turn += 1
            try:
                self._known[value.kpi.id] = self._read(value, now, catalog)
            except Refused:
                # The definition went away or is changing; the next round tells.
                self._known.pop(value.kpi.id, None)
            if time.monotonic() - began >= self._budget:
                break

    def _read(self, value: KpiValue, now: datetime, catalog: Catalog) -> _Earlier:
        at = to_micro(now)
        baseline = to_datetime(baseline_moment(value.kpi, Moment(at, at), catalog))
        moments = {name: now - shift for name, shift in SHIFTS.items()}
        # Often the baseline is one of the others.
        asked = sorted({baseline, *moments.values()})
        found = dict(zip(asked, self._past.values(value.kpi.id, asked), strict=True))
        return _Earlier(
            value.revision, found[baseline], {name: found[at] for name, at in moments.items()}
        )

    def compared(self, value: KpiValue) -> KpiValue:
        """The value with its trend and comparisons, once they are known."""
        earlier = self._known.get(value.kpi.id)
        if earlier is None or earlier.revision != value.revision:
            return value
        return replace(
            value,
            trend=trend(value, earlier.baseline),
            comparisons=MappingProxyType(
                {name: compare(value, other) for name, other in earlier.shifted.items()}
            ),
        )
