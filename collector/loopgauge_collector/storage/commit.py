"""The first transaction: dedupe, append, account, commit. After it, an event is safe."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields

import duckdb
import pyarrow as pa
from loopgauge_catalog.values import REPLAYED
from pyarrow.compute import take

from loopgauge_collector.events import Admitted, EventColumns, Rejected, Verdict
from loopgauge_collector.storage.accounting import (
    DUPLICATE,
    IGNORED,
    QUARANTINED,
    STORED,
    Accounting,
    Key,
)
from loopgauge_collector.storage.arrow_view import ArrowView
from loopgauge_collector.storage.batch import COLUMNS, Batch
from loopgauge_collector.storage.batch_events import BatchEvents
from loopgauge_collector.storage.dedupe import Lookup
from loopgauge_collector.storage.quarantine import Quarantine
from loopgauge_collector.storage.repeats import Sorted, compared, conflicting
from loopgauge_collector.storage.set_aside import SetAside
from loopgauge_collector.storage.transactions import transaction


class Committer:
    """Commits groups of requests. One per store, used by the writer's thread only."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        accounting: Accounting,
        quarantine: Quarantine,
        batch_events: BatchEvents,
    ) -> None:
        self._connection = connection
        self._accounting = accounting
        self._quarantine = quarantine
        self._batch_events = batch_events
        self._set_aside = SetAside(connection)
        self._lookup = Lookup(connection)
        self._arriving = ArrowView(connection, "arriving", COLUMNS)
        connection.execute(
            "prepare append_events as insert into events by name select * from arriving"
        )
        # Old events are deleted, and a number that was folded must never be given again.
        row = connection.execute(
            """select greatest(max(seq), (select max(position) from positions)), max(id)::varchar
            from events"""
        ).fetchone()
        assert row is not None
        #: Number of the newest commit.
        self.committed: int = row[0] or 0
        self._newest: str | None = row[1]

    def commit(self, group: list[Admitted], received: int) -> list[Verdict]:
        """Store a group of requests in one transaction.

        Args:
            group: what admission made of each request.
            received: when the group was received, in microseconds.

        Returns:
            A verdict for each, once the commit is synced.
        """
        number = self.committed + 1
        self._quarantine.forget_uncommitted()
        group = self._still_kept(group)
        batch = Batch.of(group, number, received)
        own = self._batch_events.ready(number, received)
        with transaction(self._connection):
            split = self._split(group, batch, received)
            self._append(batch, split)
            if own is not None:
                self._insert(own.rows)
            rejected = [
                admitted.rejected + conflicting(admitted.columns, part)
                for admitted, part in zip(group, split, strict=True)
            ]
            counts = self._counts(group, split, rejected)
            self._quarantine.settle(_replayed(group, split))
            faulty = [
                event
                for admitted, events in zip(group, rejected, strict=True)
                if not admitted.replayed
                for event in events
            ]
            self._quarantine.store(faulty, received)
            self._set_aside.store(faulty, received)
            self._accounting.store(received, counts)
        # What was not appended was stored before, so it is no greater than the newest.
        self._committed(number, batch)
        if own is not None:
            self._told(number, own)
        self._batch_events.gather(counts, received)
        self._accounting.note(counts)
        self._quarantine.committed()
        return [
            Verdict(len(part.kept), len(part.duplicates), events, number)
            for part, events in zip(split, rejected, strict=True)
        ]

    def tell(self, now: int, *, everything: bool = False) -> bool:
        """Store what the collector has to tell of its own accounting, in a commit for it alone.

        Args:
            now: microseconds since the epoch.
            everything: also what could wait.

        Returns:
            Whether there was anything.
        """
        number = self.committed + 1
        own = self._batch_events.ready(number, now, everything=everything)
        if own is None:
            return False
        with transaction(self._connection):
            self._insert(own.rows)
        self._told(number, own)
        return True

    def _told(self, number: int, own: Batch) -> None:
        self._committed(number, own)
        self._batch_events.told()

    def _committed(self, number: int, batch: Batch) -> None:
        self.committed = number
        if batch.ids:
            newest = max(batch.ids)
            self._newest = newest if self._newest is None else max(newest, self._newest)

    def _still_kept(self, group: list[Admitted]) -> list[Admitted]:
        """Leave out of a replay what another replay or a drop took out of quarantine meanwhile."""
        if not any(admitted.replayed for admitted in group):
            return group
        taken: set[int] = set()
        result = []
        for admitted in group:
            kept = []
            for at, number in enumerate(admitted.replayed):
                if number in self._quarantine and number not in taken:
                    taken.add(number)
                    kept.append(at)
            if len(kept) < len(admitted.replayed):
                rows = {
                    column.name: [getattr(admitted.columns, column.name)[at] for at in kept]
                    for column in fields(EventColumns)
                }
                replayed = [admitted.replayed[at] for at in kept]
                admitted = Admitted(EventColumns(**rows), replayed=replayed)  # noqa: PLW2901
            result.append(admitted)
        return result

    def _split(self, group: list[Admitted], batch: Batch, received: int) -> list[Sorted]:
        """Tell new events from duplicates and conflicts, within the group and the store."""
        known = self._lookup.stored_among(
            batch.ids, batch.rows.column("id"), self._newest, received // 1000
        )
        if not known and len(set(batch.ids)) == len(batch.ids):
            return [Sorted(kept=range(len(admitted.columns))) for admitted in group]
        return list(compared(group, known))

    def _append(self, batch: Batch, split: list[Sorted]) -> None:
        rows = batch.rows
        if sum(len(part.kept) for part in split) < rows.num_rows:
            positions: list[int] = []
            start = 0
            for part in split:
                positions += [start + at for at in part.kept]
                start += part.size
            rows = take(rows, pa.array(positions, pa.int64()))
        self._insert(rows)

    def _insert(self, rows: pa.RecordBatch) -> None:
        if rows.num_rows:
            self._arriving.rows = rows
            self._connection.execute("execute append_events")

    @staticmethod
    def _counts(
        group: list[Admitted], split: list[Sorted], rejected: list[list[Rejected]]
    ) -> Counter[Key]:
        counts: Counter[Key] = Counter()
        for admitted, part, events in zip(group, split, rejected, strict=True):
            for outcome, rows in ((STORED, part.kept), (DUPLICATE, part.duplicates)):
                if rows:
                    # What is replayed was counted when it came; no count ever goes down.
                    key = (REPLAYED, outcome) if admitted.replayed else (outcome, "")
                    for (product, service), n in _sources(admitted.columns, rows).items():
                        counts[product, service, *key] += n
            if not admitted.replayed:
                for event in events:
                    counts[event.product, event.service, QUARANTINED, event.reason] += 1
            for (product, service), n in admitted.ignored.items():
                counts[product, service, IGNORED, "no_event_name"] += n
        return counts


def _sources(columns: EventColumns, rows: Sequence[int]) -> Mapping[tuple[str, str], int]:
    """Events by product and service; nearly always a request has one of each."""
    products, services = columns.product, columns.service
    if len(rows) < len(columns):
        products, services = [products[at] for at in rows], [services[at] for at in rows]
    product, service = products[0], services[0]
    if products.count(product) == services.count(service) == len(products):
        return {(product, service): len(products)}
    return Counter(zip(products, services, strict=True))


def _replayed(group: list[Admitted], split: list[Sorted]) -> list[int]:
    """Quarantine numbers that a replay has settled: their events are stored now."""
    return [
        admitted.replayed[at]
        for admitted, part in zip(group, split, strict=True)
        if admitted.replayed
        for at in (*part.kept, *part.duplicates)
    ]
