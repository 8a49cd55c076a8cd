"""Earlier values of every KPI, for trends and comparisons: read a few each second, in turn."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.values import Comparison, KpiValue, Trend

from loopgauge_collector.errors import Refused
from loopgauge_collector.evaluation.definitions import Moment, baseline_moment
from loopgauge_collector.evaluation.faults import Faults
from loopgauge_collector.evaluation.past import Past
from loopgauge_collector.evaluation.snapshots import Snapshots
from loopgauge_collector.evaluation.trend import compare, trend
from loopgauge_collector.partials.activity import Activity
from loopgauge_collector.windows import to_datetime, to_micro

#: Seconds of one turn, and how many times longer the pause after it is.
_TURN = 0.02
_REST = 10
#: How many intervals long a pause is once all have been read.
_LATER = 3
#: Share of a product's events; when so much of the past came in since an earlier value was
#: read, as when history is told afterwards, that value is no longer what it was.
_REWRITTEN = 0.01
_NOTHING: Mapping[str, Comparison] = MappingProxyType({})
#: How much earlier the comparisons are.
SHIFTS = {"1d": timedelta(days=1), "7d": timedelta(days=7), "28d": timedelta(days=28)}


@dataclass(frozen=True, slots=True)
class _Earlier:
    """Earlier values of one KPI.

    Attributes:
        revision: of its definition.
        old: how many old events had arrived when it was read.
        baseline: what its trend is measured against.
        shifted: by the names of `SHIFTS`.
    """

    revision: str
    old: int
    baseline: KpiValue
    shifted: Mapping[str, KpiValue]


class Baselines:
    """Keeps the earlier values; what is shown is at most a round older than the number.

    A thread of its own reads them, a few after each evaluation, so that no Snapshot waits. While
    much of the past comes in, nothing is shown until it is read again.

    Args:
        past: reads them.
        snapshots: the newest one says what there is to read.
        activity: tells how much of the past came in since.
        interval: seconds between two turns, at least.
    """

    def __init__(
        self, past: Past, snapshots: Snapshots, activity: Activity, interval: float
    ) -> None:
        self._past = past
        self._activity = activity
        self._snapshots = snapshots
        self._interval = interval
        self._known: dict[str, _Earlier] = {}
        self._turn = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopgauge-baselines", daemon=True)
        self.faults = Faults("earlier values could not be read; trends stay as they were")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End it after the KPI that it reads."""
        self._stopped.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        spent = 0.0
        while not self._stopped.wait(max(self._pause(), spent * _REST)):
            began = time.monotonic()
            # Without a baseline a KPI has no trend, and keeps its number.
            with self.faults:
                self.refresh(_TURN)
            spent = time.monotonic() - began

    def _pause(self) -> float:
        """Short until every KPI has a trend; then there is time."""
        snapshot = self._snapshots.latest()
        done = snapshot is not None and all(value.trend is not None for value in snapshot.kpis)
        return self._interval * (_LATER if done else 1)

    def refresh(self, budget: float) -> None:
        """Read the earlier values of the KPIs whose turn it is, at least of one.

        Args:
            budget: seconds after which no further one is begun.
        """
        snapshot = self._snapshots.latest()
        if snapshot is None:
            return
        began = time.monotonic()
        for _ in snapshot.kpis:
            value = snapshot.kpis[self._turn % len(snapshot.kpis)]
            self._turn += 1
            try:
                earlier = self._read(value, snapshot.as_of, snapshot.catalog)
                self._known = {**self._known, value.kpi.id: earlier}
            except Refused:
                # The definition went away or is changing; the next round tells.
                continue
            if self._stopped.is_set() or time.monotonic() - began >= budget:
                break

    def _read(self, value: KpiValue, now: datetime, catalog: Catalog) -> _Earlier:
        at, old = to_micro(now), self._activity.arrivals(value.kpi.product).old
        baseline = to_datetime(baseline_moment(value.kpi, Moment(at, at), catalog))
        moments = {name: now - shift for name, shift in SHIFTS.items()}
        # Often the baseline is one of the others.
        asked = sorted({baseline, *moments.values()})
        values = self._past.values(value.kpi.id, asked, broken_down=False)
        found = dict(zip(asked, values, strict=True))
        shifted = {name: found[moment] for name, moment in moments.items()}
        return _Earlier(value.revision, old, found[baseline], shifted)

    def compared(self, value: KpiValue) -> tuple[Trend | None, Mapping[str, Comparison]]:
        """Its trend and comparisons, once they are known."""
        earlier = self._known.get(value.kpi.id)
        if earlier is None or earlier.revision != value.revision:
            return None, _NOTHING
        arrivals = self._activity.arrivals(value.kpi.product)
        if arrivals.old - earlier.old > _REWRITTEN * arrivals.events:
            return None, _NOTHING
        compared = {name: compare(value, other) for name, other in earlier.shifted.items()}
        return trend(value, earlier.baseline), MappingProxyType(compared)
