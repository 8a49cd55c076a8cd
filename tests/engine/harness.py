"""The engine without threads: a test says when events are committed, folded, merged and read.

Every part is the real one, wired as `Collector` wires them; only the clock is the test's.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from loopgauge_catalog.catalog import Catalog, ProductCatalog
from loopgauge_catalog.values import KpiValue, PipelineHealth, Reading, Snapshot
from loopgauge_collector.evaluation.baselines import Baselines
from loopgauge_collector.evaluation.evaluator import Evaluator
from loopgauge_collector.evaluation.past import Past
from loopgauge_collector.evaluation.snapshots import Snapshots
from loopgauge_collector.events import Admitted, EventColumns, Rejected, Verdict
from loopgauge_collector.partials.activity import Activity
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.partials.logs import subject_log
from loopgauge_collector.partials.reductions import subjects
from loopgauge_collector.partials.retention import gone_before
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.partials.upkeep import Upkeep
from loopgauge_collector.settings import Settings
from loopgauge_collector.storage.accounting import Accounting
from loopgauge_collector.storage.batch_events import BatchEvents
from loopgauge_collector.storage.commit import Committer
from loopgauge_collector.storage.quarantine import Quarantine
from loopgauge_collector.storage.store import Store
from loopgauge_collector.storage.transactions import transaction

from tests.oracle.events import (
    DAY,
    HEARTBEAT,
    HOUR,
    MINUTE,
    SECOND,
    Event,
    as_datetime,
    moment,
    uuid7,
)

__all__ = [
    "DAY",
    "HEARTBEAT",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Engine",
    "Event",
    "as_datetime",
    "catalog",
    "columns",
    "moment",
    "product",
    "uuid7",
]

# So small that even a few events fill chunks, drop copies and leave out far steps.
subject_log.CHUNK = 20
subject_log.COPIES = 40
subjects.MANY = 5


def columns(events: Iterable[Event]) -> EventColumns:
    """Events as admission hands them on."""
    made = EventColumns()
    for index, event in enumerate(events):
        made.index.append(index)
        made.id.append(event.id)
        made.name.append(event.name)
        made.time.append(event.time)
        made.product.append(event.product)
        made.service.append(event.service)
        made.environment.append(event.environment)
        made.producer.append(event.producer)
        made.sequence.append(event.sequence)
        made.attributes.append(json.dumps(event.attributes))
    return made


def product(
    kpis: Mapping[str, Mapping[str, Any]],
    events: Mapping[str, Any] | None = None,
    name: str = "shop",
    zone: str = "UTC",
) -> dict[str, Any]:
    """A catalog file with one table; rows and titles are filled in."""
    rows = {
        key: {"row": f"A{number}", "title": f"Row {key}", **kpi}
        for number, (key, kpi) in enumerate(kpis.items(), start=1)
    }
    tables = {"main": {"title": "Main", "kpis": rows}}
    return {
        "product": name, "title": name, "timezone": zone, "tables": tables, "events": events or {},
    }  # fmt: skip


def catalog(*products: Mapping[str, Any]) -> Catalog:
    """The catalog of these files."""
    return Catalog(tuple(ProductCatalog.model_validate(raw) for raw in products))


class Engine:
    """Store, writer's two transactions and evaluation, driven by hand.

    Args:
        folder: where the database stands; an existing one is continued.
        products: catalog files as dicts.
        now: the clock's first reading, in microseconds.
        chunk: events of one fold or one step of a rebuild, about.
        settings: of the collector, by name.
    """

    def __init__(
        self,
        folder: Path,
        *products: Mapping[str, Any],
        now: int,
        chunk: int = 40_000,
        **settings: Any,
    ) -> None:
        self.now = now
        self.settings = Settings(data_dir=folder, **settings)
        self.store = Store(self.settings)
        connection = self.store.connection
        self.activity = Activity(connection, now)
        self.registry = SeriesRegistry(connection, self.settings.label_cap)
        self.accounting = Accounting(connection)
        self.folder = Folder(
            self.store.folding, catalog(*products), self.registry, self.activity, chunk
        )
        self.upkeep = Upkeep(
            self.store.folding,
            self.folder,
            self.registry,
            self.settings.events_keep_days,
            self._clock,
        )
        self.quarantine = Quarantine(
            self.store, self.settings.quarantine_max_events, self.settings.events_keep_days
        )
        self.quarantine.use(self._run)
        #: Requests turned away for good, by reason, as the gate counts them.
        self.refused: Counter[str] = Counter()
        batch_events = BatchEvents(
            connection, self.refused, lambda: self.folder.catalog.products, now
        )
        self.committer = Committer(connection, self.accounting, self.quarantine, batch_events)
        self._past = Past(self.store, self.folder, self.registry, self._clock)
        snapshots = Snapshots()
        self._baselines = Baselines(self._past, snapshots, self.activity, 1.0)
        self._evaluator = Evaluator(
            self.store, self.folder, self.registry, self.activity, snapshots,
            PipelineHealth, self._baselines, 1.0, self._clock,
        )  # fmt: skip

    def _clock(self) -> int:
        return self.now

    async def _run(self, change: Callable[[], object], then: Callable[[], int]) -> int:
        with transaction(self.store.connection):
            change()
        return then()

    def drop(self, *numbers: int) -> int:
        """Delete events from the quarantine."""
        return asyncio.run(self.quarantine.drop(numbers))

    def commit(self, *events: Event, rejected: Sequence[Rejected] = ()) -> Verdict:
        """One request, committed and not folded."""
        return self.commit_group(Admitted(columns(events), list(rejected)))[0]

    def commit_group(self, *requests: Admitted) -> list[Verdict]:
        """Requests that share a commit."""
        return self.committer.commit(list(requests), self.now)

    def tell(self, *, everything: bool = False) -> bool:
        """What the writer does when nothing comes in, and (`everything`) at its end."""
        return self.committer.tell(self.now, everything=everything)

    def fold(self) -> None:
        """Bring the partials up to the events; what is rebuilding stays behind."""
        while self.folder.fold(self.committer.committed):
            pass

    def catch_up(self) -> None:
        """Finish all rebuilds."""
        while self.folder.catch_up():
            pass

    def send(self, *events: Event) -> None:
        """Commit and fold."""
        self.commit(*events)
        self.fold()

    def merge(self) -> None:
        """What the writer does once a minute."""
        self.folder.merge()

    def keep_up(self) -> None:
        """What the folding thread does once an hour: compaction and retention, to the end."""
        while self.upkeep.step():
            pass

    def snapshot(self) -> Snapshot:
        """Every KPI now, the way the evaluator reads it."""
        snapshot = self._evaluator.evaluate(whole=True)
        assert snapshot is not None
        return snapshot

    def tick(self) -> Snapshot:
        """What the evaluator does each second: every KPI, one of its further windows in turn."""
        snapshot = self._evaluator.evaluate()
        assert snapshot is not None
        return snapshot

    def compare(self) -> Snapshot:
        """Every KPI now, with its trend."""
        self.snapshot()
        self._baselines.refresh(60.0)
        return self.snapshot()

    def value(self, key: str, product: str = "shop") -> KpiValue:
        """A KPI now."""
        return self.snapshot().by_id[f"{product}.{key}"]

    def value_at(
        self, key: str, at: int, product: str = "shop", window: int | None = None
    ) -> KpiValue:
        """A KPI at a moment, the way history reads it."""
        return self._past.values(f"{product}.{key}", [as_datetime(at)], window)[0]

    def history(self, key: str, moments: Sequence[int], product: str = "shop") -> list[KpiValue]:
        """A KPI at several moments, read at once."""
        return self._past.values(f"{product}.{key}", [as_datetime(at) for at in moments])

    def read(self, key: str, at: int) -> Reading:
        """The number of a KPI at a moment; the present one has to agree where it is asked."""
        past = self.value_at(key, at)
        if at == self.now:
            present = self.value(key)
            assert (present.reading, present.state, present.sure) == (
                past.reading, past.state, past.sure,
            )  # fmt: skip
        return past.reading

    def adopt(self, *products: Mapping[str, Any]) -> None:
        """The catalog changes."""
        self.folder.adopt(catalog(*products))

    def rebuild(self, *kpis: str) -> None:
        """Compute these KPIs (or all) again, to the end."""
        gone = gone_before(self.now, self.settings.events_keep_days)
        self.folder.restart(list(kpis) or None, gone)
        self.catch_up()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a SELECT finds in the store."""
        with self.store.reader() as cursor:
            return cursor.execute(query).fetchall()

    def close(self) -> None:
        """End as a crash does: no fold on the way out, no checkpoint; the next start reads the log."""
        self.store.connection.close()
