"""The collector as one object: every part made, started and stopped in order."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from loopgauge_catalog.builtin import BATCH_EVENT, COLLECTOR_SERVICE
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.loader import load, samples
from loopgauge_catalog.values import KpiValue, PipelineHealth

from loopgauge_collector.errors import Refused
from loopgauge_collector.evaluation.baselines import Baselines
from loopgauge_collector.evaluation.evaluator import Evaluator
from loopgauge_collector.evaluation.past import MAX_STEPS, Past
from loopgauge_collector.evaluation.snapshots import Snapshots
from loopgauge_collector.folding import Folding
from loopgauge_collector.partials.activity import Activity
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.partials.retention import gone_before
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.partials.upkeep import Upkeep
from loopgauge_collector.settings import Settings
from loopgauge_collector.storage.accounting import Accounting
from loopgauge_collector.storage.batch_events import BatchEvents
from loopgauge_collector.storage.commit import Committer
from loopgauge_collector.storage.quarantine import Quarantine
from loopgauge_collector.storage.sql import SqlResult, select
from loopgauge_collector.storage.store import Store
from loopgauge_collector.windows import to_datetime
from loopgauge_collector.writer import Writer


def wall_clock() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Source:
    """One event name from one service, as it arrives."""

    product: str
    service: str
    environment: str
    name: str
    first: datetime
    last: datetime
    events: int
    declared: bool


class Collector:
    """Everything behind the HTTP interface.

    Args:
        settings: limits and paths.
        catalog_paths: catalog files or folders; None means the shipped samples.
        clock: microseconds since the epoch.

    Raises:
        StartError: the store cannot be opened.
        CatalogError: the catalog has errors.
    """

    def __init__(
        self,
        settings: Settings,
        catalog_paths: Sequence[Path] | None = None,
        *,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._paths = catalog_paths
        catalog = self._load()
        self._store = Store(settings)
        connection = self._store.connection
        self.snapshots = Snapshots()
        self.refusals: Counter[str] = Counter()
        self.refused_bytes: Counter[str] = Counter()
        #: Requests with events that were turned away and that no repeat can mend.
        self.refused_for_good: Counter[str] = Counter()
        self._one_query = threading.Lock()
        self._activity = Activity(connection, clock())
        self._registry = SeriesRegistry(connection, settings.label_cap)
        self._accounting = Accounting(connection)
        self._folder = Folder(
            self._store.folding, catalog, self._registry, self._activity, settings.fold_max_events
        )
        self.quarantine = Quarantine(
            self._store, settings.quarantine_max_events, settings.events_keep_days
        )
        batch_events = BatchEvents(
            connection, self.refused_for_good, lambda: self.catalog.products, clock()
        )
        committer = Committer(connection, self._accounting, self.quarantine, batch_events)
        self._folding = Folding(
            self._store,
            self._folder,
            Upkeep(
                self._store.folding,
                self._folder,
                self._registry,
                settings.events_keep_days,
                clock,
            ),
            settings,
            committer.committed,
            self._storage_failed,
        )
        self.writer = Writer(self._store, committer, settings, self._folding.committed, clock)
        self.quarantine.use(self.writer.run)
        self._past = Past(self._store, self._folder, self._registry, clock)
        self._baselines = Baselines(
            self._past, self.snapshots, self._activity, settings.evaluation_interval_seconds
        )
        self._evaluator = Evaluator(
            self._store,
            self._folder,
            self._registry,
            self._activity,
            self.snapshots,
            self._health,
            self._baselines,
            settings.evaluation_interval_seconds,
            clock,
        )

    def _load(self) -> Catalog:
        return samples() if self._paths is None else load(self._paths)

    @property
    def catalog(self) -> Catalog:
        """The live catalog."""
        return self._folder.catalog

    async def start(self) -> None:
        """Start the threads and publish the first Snapshot."""
        self.writer.start()
        self._folding.start()
        self._evaluator.evaluate()
        self._evaluator.start()
        self._baselines.start()

    async def stop(self) -> None:
        """Commit and fold what was accepted, then close the file."""
        self._baselines.stop()
        self._evaluator.stop()
        # The log is read at the next start, so a file that is still in use may stay open.
        if self.writer.stop() and self._folding.stop():
            self._store.close()

    def _storage_failed(self, error: Exception) -> None:
        self.writer.fail(error)

    def room(self) -> None:
        """Refuse early, before a body is read.

        Raises:
            Overloaded: nothing more is accepted right now.
        """
        self.writer.room()

    def not_ready(self) -> list[str]:
        """Why /readyz is 503, in sentences; empty when ready."""
        reasons = []
        if trouble := self.writer.trouble:
            reasons.append(trouble)
        snapshot = self.snapshots.latest()
        if snapshot is None:
            reasons.append("no Snapshot was made yet")
        else:
            age = to_datetime(self.clock()) - snapshot.as_of
            if age > timedelta(seconds=30 + 10 * self.settings.evaluation_interval_seconds):
                reasons.append(f"the newest Snapshot is {age.total_seconds():.0f} s old")
        if self._folding.lag > 30:
            reasons.append(f"the partials are {self._folding.lag:.0f} s behind the events")
        return reasons

    def value_at(self, kpi_id: str, window: int | None, at: datetime) -> KpiValue:
        """A KPI at a moment, over its own window and one more. Blocks.

        Raises:
            Refused: unknown KPI.
        """
        return self._past.values(kpi_id, [at], window)[0]

    def history(
        self, kpi_id: str, start: datetime, end: datetime, step: int, window: int | None = None
    ) -> list[KpiValue]:
        """A KPI at start, start + step, … up to end. Blocks.

        Raises:
            Refused: unknown KPI, a bad range, or too many points.
        """
        if step <= 0 or end < start:
            raise Refused(400, "bad_range", "from must not be after to, and step must be above 0")
        points = (end - start) // timedelta(microseconds=step) + 1
        if points > MAX_STEPS:
            raise Refused(
                400,
                "too_many_steps",
                f"{points} points asked, at most {MAX_STEPS}; take a longer step",
            )
        moments = [start + timedelta(microseconds=step) * number for number in range(points)]
        return self._past.values(kpi_id, moments, window)

    def sql(self, query: str) -> SqlResult:
        """One SELECT over the store, one at a time. Blocks.

        Raises:
            Refused: not one SELECT, an error in it, or another one runs.
        """
        # Queries share their memory with the writer; two large ones would starve it.
        if not self._one_query.acquire(blocking=False):
            raise Refused(503, "sql_busy", "another query runs; ask again when it is done", 1)
        try:
            return select(
                self._store,
                query,
                seconds=self.settings.sql_seconds,
                max_rows=self.settings.sql_max_rows,
            )
        finally:
            self._one_query.release()

    async def rebuild(self, kpi_ids: Sequence[str] | None = None) -> None:
        """Compute the partials of these KPIs (or all) again from the stored events.

        Returns once they are marked; `health.rebuilding` shows the progress.

        Raises:
            Refused: unknown KPI.
        """
        for kpi_id in kpi_ids or ():
            if self.catalog.kpi(kpi_id) is None:
                raise Refused(404, "unknown_kpi", f"there is no KPI {kpi_id}")

        def change() -> int:
            gone = gone_before(self.clock(), self.settings.events_keep_days)
            self._folder.restart(kpi_ids, gone)
            return 0

        await self._folding.call(change)

    async def reload(self) -> str:
        """Read the catalog files again; the old catalog stays when they have errors.

        Returns:
            One line that says what changed.

        Raises:
            CatalogError: the files have errors.
        """
        catalog = await asyncio.to_thread(self._load)
        before = self._folder.catalog

        def change() -> int:
            self._folder.adopt(catalog)
            return len(self._folder.rebuilding)

        rebuilding = await self._folding.call(change)
        if catalog.revision == before.revision:
            return "the catalog did not change"
        count = sum(1 for _ in catalog.kpis())
        return f"{count} KPIs, {rebuilding} of them are being rebuilt"

    def sources(self) -> list[Source]:
        """What arrives, by product, service and event name; not what we tell of ourselves."""
        seen = self._activity.before(self.clock() + 3_600_000_000)
        return [
            Source(
                product,
                service,
                environment,
                name,
                to_datetime(times.first),
                to_datetime(times.last),
                times.events,
                # The library's own report is no typo, although no catalog names it.
                declared=name.startswith("loop.") or self.catalog.event(product, name) is not None,
            )
            for (product, environment, service, name), times in sorted(seen.items())
            if (service, name) != (COLLECTOR_SERVICE, BATCH_EVENT)
        ]

    def _health(self) -> PipelineHealth:
        database, wal, free = self._store.sizes()
        return PipelineHealth(
            accounting=self._accounting.rows,
            refused=dict(self.refusals),
            refused_bytes=dict(self.refused_bytes),
            position=self._folder.position,
            committed=self.writer.committed,
            lag_seconds=self._folding.lag,
            commit_seconds=self.writer.commit_seconds,
            fold_seconds=self._folder.seconds,
            commits=self.writer.commits,
            folds=self._folder.folds,
            evaluation_errors=self._evaluator.faults.count + self._baselines.faults.count,
            wal_bytes=wal,
            database_bytes=database,
            free_bytes=free,
            waiting_events=self.writer.waiting,
            quarantined=len(self.quarantine),
            series_overflow=dict(self._registry.overflow),
            rebuilding=dict(self._folder.rebuilding),
        )
