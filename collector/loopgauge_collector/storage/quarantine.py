"""Events that were not accepted: kept with their reason until somebody decides.

The writer stores them in the same transaction as the rest of their batch. The oldest go
when there are too many, so that a broken sender cannot fill the disk.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import duckdb
import msgspec

from loopgauge_collector.events import Incoming, Rejected
from loopgauge_collector.storage.store import Store

_COLUMNS = "number, received, product, service, name, event_id, reason, detail, payload"


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """One event in quarantine.

    Attributes:
        number: what it is listed, replayed and dropped by.
        payload: the `Incoming` as JSON.
    """

    number: int
    received: datetime
    product: str
    service: str
    name: str
    event_id: str | None
    reason: str
    detail: str
    payload: bytes


def payload_of(event: Incoming) -> bytes:
    """An event as the quarantine keeps it; where it stood in its request does not matter."""
    return msgspec.json.encode(msgspec.structs.replace(event, index=0))


class _Runs(Protocol):
    def __call__(self, change: Callable[[], int]) -> Awaitable[int]: ...


class Quarantine:
    """What is kept. `store`, `settle` and `origin` belong to the writer's thread.

    Args:
        store: the database.
        limit: events kept at most.
    """

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._runs: _Runs | None = None
        self._origins: dict[int, tuple[str, str, str]] = {}
        self._digests: dict[str, int] = {}
        rows = store.connection.execute(
            "select number, product, service, reason, md5(payload) from quarantine order by number"
        ).fetchall()
        for number, product, service, reason, digest in rows:
            self._origins[number] = (product, service, reason)
            self._digests[digest] = number
        self._next = max(self._origins, default=0) + 1
        self._staged: list[tuple[int, tuple[str, str, str], str]] = []
        self._settled: list[int] = []

    def use(self, runs: _Runs) -> None:
        """Give it the way to run a change in the writer's thread."""
        self._runs = runs

    def __len__(self) -> int:
        return len(self._origins)

    def __contains__(self, number: object) -> bool:
        return number in self._origins

    def origin(self, number: int) -> tuple[str, str, str]:
        """Product, service and reason that the event was counted under."""
        return self._origins[number]

    def store(
        self, connection: duckdb.DuckDBPyConnection, events: Sequence[Rejected], received: int
    ) -> None:
        """Append events, within the open transaction. One that is kept already is not again."""
        rows: list[tuple[object, ...]] = []
        fresh: set[str] = set()
        for event in events:
            digest = _digest(event.payload)
            if digest in self._digests or digest in fresh:
                continue
            fresh.add(digest)
            number = self._next + len(rows)
            rows.append(
                (
                    number,
                    received,
                    event.product,
                    event.service,
                    event.name,
                    event.id,
                    event.reason,
                    event.detail,
                    event.payload.decode(),
                )
            )
            self._staged.append((number, (event.product, event.service, event.reason), digest))
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            marks = ", ".join(["(?, make_timestamp(?), ?, ?, ?, ?, ?, ?, ?)"] * len(part))
            connection.execute(
                f"insert into quarantine values {marks}", [value for row in part for value in row]
            )
        self._next += len(rows)
        excess = len(self._origins) + len(self._staged) - self._limit
        if excess > 0:
            numbers = sorted([*self._origins, *(staged[0] for staged in self._staged)])
            self._delete(connection, numbers[:excess])

    def settle(self, connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> None:
        """Take events out that a replay stored, within the open transaction."""
        self._delete(connection, numbers)

    def _delete(self, connection: duckdb.DuckDBPyConnection, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        connection.execute(
            f"delete from quarantine where number in ({', '.join(str(int(n)) for n in numbers)})"
        )
        self._settled.extend(numbers)

    def forget_uncommitted(self) -> None:
        """A transaction was rolled back: what it would have changed did not happen."""
        self._staged, self._settled = [], []

    def committed(self) -> None:
        """The transaction went through: take over what it changed."""
        for number, origin, digest in self._staged:
            self._origins[number] = origin
            self._digests[digest] = number
        if self._settled:
            gone = set(self._settled)
            for number in gone:
                self._origins.pop(number, None)
            self._digests = {d: n for d, n in self._digests.items() if n not in gone}
        self._staged, self._settled = [], []

    def list(
        self,
        *,
        limit: int = 100,
        reason: str | None = None,
        product: str | None = None,
        before: int | None = None,
    ) -> Sequence[QuarantinedEvent]:
        """The newest first; `before` is the last number of the page before."""
        wanted = ["number < ?"] if before is not None else []
        values: list[object] = [before] if before is not None else []
        for column, value in (("reason", reason), ("product", product)):
            if value is not None:
                wanted.append(f"{column} = ?")
                values.append(value)
        where = f"where {' and '.join(wanted)}" if wanted else ""
        return self._read(f"{where} order by number desc limit {int(limit)}", values)

    def get(self, numbers: Sequence[int]) -> Sequence[QuarantinedEvent]:
        """The events with these numbers, in the order of the numbers; missing ones are left out."""
        if not numbers:
            return []
        listed = ", ".join(str(int(number)) for number in numbers)
        return self._read(f"where number in ({listed}) order by number", [])

    def _read(self, clause: str, values: Sequence[object]) -> Sequence[QuarantinedEvent]:
        with self._store.reader() as cursor:
            rows = cursor.execute(
                f"select {_COLUMNS} from quarantine {clause}", list(values)
            ).fetchall()
        return [
            QuarantinedEvent(
                number, received.replace(tzinfo=UTC), product, service, name, event_id, reason,
                detail, payload.encode(),
            )
            for number, received, product, service, name, event_id, reason, detail, payload in rows
        ]  # fmt: skip

    async def drop(self, numbers: Sequence[int]) -> int:
        """Delete events for good; returns how many there were. They stay counted."""
        assert self._runs is not None

        def change() -> int:
            present = [number for number in numbers if number in self._origins]
            self._delete(self._store.connection, present)
            self.committed()
            return len(present)

        return await self._runs(change)


def _digest(payload: bytes) -> str:
    # The store computes the same at start, without handing every payload over.
    return hashlib.md5(payload, usedforsecurity=False).hexdigest()
