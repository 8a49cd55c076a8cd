"""The first transaction: dedupe, append, account, commit. After it, an event is safe."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields

import duckdb
import pyarrow as pa

from loopgauge_collector.events import Admitted, EventColumns, Incoming, Rejected, Verdict
from loopgauge_collector.storage.accounting import (
    DUPLICATE,
    IGNORED,
    QUARANTINED,
    STORED,
    Accounting,
    Key,
)
from loopgauge_collector.storage.dedupe import StoredEvent, stored_among
from loopgauge_collector.storage.quarantine import Quarantine, payload_of
from loopgauge_collector.storage.transactions import transaction

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("time", pa.int64()),
        ("product", pa.string()),
        ("service", pa.string()),
        ("environment", pa.string()),
        ("producer", pa.string()),
        ("sequence", pa.int64()),
        ("attributes", pa.string()),
    ]
)


@dataclass(slots=True)
class _Sorted:
    """What becomes of one request of the group."""

    kept: list[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)


def _row(columns: EventColumns, at: int) -> StoredEvent:
    return StoredEvent(
        columns.name[at],
        columns.time[at],
        columns.product[at],
        columns.service[at],
        columns.environment[at],
        columns.attributes[at],
    )


def _same(one: StoredEvent, other: StoredEvent) -> bool:
    """The same payload; how its JSON is spaced and ordered does not matter."""
    if one == other:
        return True
    return (one.name, one.time, one.product, one.service, one.environment) == (
        other.name,
        other.time,
        other.product,
        other.service,
        other.environment,
    ) and json.loads(one.attributes) == json.loads(other.attributes)


class Committer:
    """Commits groups of requests. One per store, used by the writer's thread only."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        accounting: Accounting,
        quarantine: Quarantine,
    ) -> None:
        self._connection = connection
        self._accounting = accounting
        self._quarantine = quarantine
        row = connection.execute("select max(seq), max(id)::varchar from events").fetchone()
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
        with transaction(self._connection):
            split = self._split(group, received)
            self._append(group, split, number, received)
            rejected = [
                admitted.rejected + self._conflicts(admitted, part)
                for admitted, part in zip(group, split, strict=True)
            ]
            counts = self._counts(group, split, rejected)
            self._quarantine.settle(self._connection, _replayed(group, split))
            self._quarantine.store(
                self._connection,
                [
                    event
                    for admitted, events in zip(group, rejected, strict=True)
                    if not admitted.replayed
                    for event in events
                ],
                received,
            )
            self._accounting.store(self._connection, received, counts)
        self.committed = number
        ids = [
            admitted.columns.id[at]
            for admitted, part in zip(group, split, strict=True)
            for at in part.kept
        ]
        if ids:
            self._newest = max(*ids, self._newest or "")
        self._accounting.note(counts)
        self._quarantine.committed()
        return [
            Verdict(len(part.kept), len(part.duplicates), events, number)
            for part, events in zip(split, rejected, strict=True)
        ]

    def _still_kept(self, group: list[Admitted]) -> list[Admitted]:
        """Leave out of a replay what another replay or a drop took out of quarantine meanwhile."""
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

    def _split(self, group: list[Admitted], received: int) -> list[_Sorted]:
        """Tell new events from duplicates and conflicts, within the group and the store."""
        ids = [set(admitted.columns.id) for admitted in group]
        known = stored_among(
            self._connection, list(set().union(*ids)), self._newest, received // 1000
        )
        seen: set[str] = set()
        result = []
        for position, admitted in enumerate(group):
            own = ids[position]
            whole = len(own) == len(admitted.columns)
            if whole and known.keys().isdisjoint(own) and seen.isdisjoint(own):
                part = _Sorted(kept=list(range(len(own))))
            else:
                part = self._compare(admitted.columns, known, group[:position])
            seen |= own
            result.append(part)
        return result

    @staticmethod
    def _compare(
        columns: EventColumns, known: dict[str, StoredEvent], before: list[Admitted]
    ) -> _Sorted:
        """The slow path: a request that repeats something."""
        first = dict(known)
        for admitted in before:
            earlier = admitted.columns
            for at, identity in enumerate(earlier.id):
                first.setdefault(identity, _row(earlier, at))
        part = _Sorted()
        for at, identity in enumerate(columns.id):
            row = _row(columns, at)
            if identity not in first:
                first[identity] = row
                part.kept.append(at)
            elif _same(first[identity], row):
                part.duplicates.append(at)
            else:
                part.conflicts.append(at)
        return part

    def _append(
        self, group: list[Admitted], split: list[_Sorted], number: int, received: int
    ) -> None:
        table = _table(group, split)
        if table.num_rows == 0:
            return
        self._connection.register("batch", table)
        try:
            self._connection.execute(
                f"""insert into events
                select {number}, id::uuid, make_timestamp({received}), name, make_timestamp(time),
                  product, service, environment, producer, sequence, attributes from batch"""
            )
        finally:
            self._connection.unregister("batch")

    @staticmethod
    def _conflicts(admitted: Admitted, part: _Sorted) -> list[Rejected]:
        columns = admitted.columns
        return [
            Rejected(
                index=columns.index[at],
                id=columns.id[at],
                reason="id_conflict",
                detail="an event with this id and another payload is stored already; "
                "every event needs an id of its own",
                product=columns.product[at],
                service=columns.service[at],
                name=columns.name[at],
                payload=payload_of(_incoming(columns, at)),
            )
            for at in part.conflicts
        ]

    def _counts(
        self, group: list[Admitted], split: list[_Sorted], rejected: list[list[Rejected]]
    ) -> Counter[Key]:
        counts: Counter[Key] = Counter()
        for admitted, part, events in zip(group, split, rejected, strict=True):
            columns = admitted.columns
            for outcome, rows in ((STORED, part.kept), (DUPLICATE, part.duplicates)):
                whole = len(rows) == len(columns)
                sources = Counter(
                    zip(columns.product, columns.service, strict=True)
                    if whole
                    else ((columns.product[at], columns.service[at]) for at in rows)
                )
                for (product, service), n in sources.items():
                    counts[product, service, outcome, ""] += n
            if admitted.replayed:
                # The event was counted when it came; a replay only moves the count.
                for at in (*part.kept, *part.duplicates):
                    product, service, reason = self._quarantine.origin(admitted.replayed[at])
                    counts[product, service, QUARANTINED, reason] -= 1
            else:
                for event in events:
                    counts[event.product, event.service, QUARANTINED, event.reason] += 1
            for (product, service), n in admitted.ignored.items():
                counts[product, service, IGNORED, "no_event_name"] += n
        return counts


def _replayed(group: list[Admitted], split: list[_Sorted]) -> list[int]:
    """Quarantine numbers that a replay has settled: their events are stored now."""
    return [
        admitted.replayed[at]
        for admitted, part in zip(group, split, strict=True)
        if admitted.replayed
        for at in (*part.kept, *part.duplicates)
    ]


def _table(group: list[Admitted], split: list[_Sorted]) -> pa.Table:
    """The new events of the group as one Arrow table."""
    arrays = []
    for column in _SCHEMA:
        chunks = []
        for admitted, part in zip(group, split, strict=True):
            values = getattr(admitted.columns, column.name)
            if len(part.kept) != len(values):
                values = [values[at] for at in part.kept]
            chunks.append(pa.array(values, column.type))
        arrays.append(pa.chunked_array(chunks, column.type))
    return pa.table(arrays, schema=_SCHEMA)


def _incoming(columns: EventColumns, at: int) -> Incoming:
    """The event as a receiver would have given it, for a later replay."""
    return Incoming(
        index=columns.index[at],
        id=columns.id[at],
        name=columns.name[at],
        time=columns.time[at] * 1000,
        attributes=columns.attributes[at].encode(),
        product=columns.product[at] or None,
        service=columns.service[at] or None,
        environment=columns.environment[at],
        producer=columns.producer[at],
        sequence=columns.sequence[at],
    )
