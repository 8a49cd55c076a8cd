"""Events that were not accepted: kept with their reason until somebody decides.

The writer stores them in the same transaction as the rest of their batch. The oldest go
when there are too many, so that a broken sender cannot fill the disk, and when they are older
than events are kept.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

import msgspec
import pyarrow as pa

from loopgauge_collector.events import Incoming, Rejected
from loopgauge_collector.storage.arrow_view import ArrowView
from loopgauge_collector.storage.store import Store
from loopgauge_collector.windows import DAY, HOUR

_COLUMNS = (
    ("number", pa.int64()),
    ("received", pa.timestamp("us")),
    ("product", pa.string()),
    ("service", pa.string()),
    ("name", pa.string()),
    ("event_id", pa.string()),
    ("reason", pa.string()),
    ("detail", pa.string()),
    ("payload", pa.string()),
)
_LISTED = ", ".join(name for name, _ in _COLUMNS)


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
    def __call__(self, change: Callable[[], object], then: Callable[[], int]) -> Awaitable[int]: ...


class Quarantine:
    """What is kept. `store` and `settle` belong to the writer's thread.

    Args:
        store: the database.
        limit: events kept at most.
        keep_days: how long one is kept at most.
    """

    def __init__(self, store: Store, limit: int, keep_days: int) -> None:
        self._store = store
        self._limit = limit
        self._kept_for = (keep_days + 1) * DAY
        self._next_look = 0
        self._runs: _Runs | None = None
        #: Digest of the payload by number; the oldest is the first.
        self._kept: OrderedDict[int, str] = OrderedDict()
        self._numbers: dict[str, int] = {}
        rows = store.connection.execute(
            "select number, md5(payload) from quarantine order by number"
        ).fetchall()
        for number, digest in rows:
            self._keep(number, digest)
        self._next = max(self._kept, default=0) + 1
        #: What the open transaction adds and takes out.
        self._staged: dict[int, str] = {}
        self._leaving: set[int] = set()
        self._arriving = ArrowView(store.connection, "arriving_in_quarantine", _COLUMNS)
        store.connection.execute(
            "prepare append_quarantined as "
            "insert into quarantine by name select * from arriving_in_quarantine"
        )

    def use(self, runs: _Runs) -> None:
        """Give it the way to run a change in the writer's thread."""
        self._runs = runs

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, number: object) -> bool:
        return number in self._kept

    def store(self, events: Sequence[Rejected], received: int) -> None:
        """Append events, within the open transaction. One that is kept already is not again.

        Now and then those go that have been here for too long.
        """
        if received >= self._next_look:
            self._next_look = received + HOUR
            self._expire(received - self._kept_for)
        if not events:
            return
        fresh: dict[str, Rejected] = {}
        for event in events:
            digest = _digest(event.payload)
            number = self._numbers.get(digest)
            if number is None or number in self._leaving:
                fresh.setdefault(digest, event)
        first = self._next
        self._next += len(fresh)
        numbered = list(zip(range(first, self._next), fresh.items(), strict=True))[-self._limit :]
        if not numbered:
            return
        self._arriving.fill(
            *zip(
                *(
                    (number, received, one.product, one.service, one.name, one.id, one.reason,
                     one.detail, one.payload.decode())
                    for number, (_, one) in numbered
                ),
                strict=True,
            )
        )  # fmt: skip
        self._store.connection.execute("execute append_quarantined")
        for number, (digest, _) in numbered:
            self._staged[number] = digest
        self._make_room()

    def _make_room(self) -> None:
        """Take out the oldest, as many as there are too many."""
        excess = len(self._kept) - len(self._leaving) + len(self._staged) - self._limit
        if excess <= 0:
            return
        staying = (number for number in self._kept if number not in self._leaving)
        oldest = list(islice(staying, excess))
        # Numbers ascend, and what lies between them has gone before.
        self._store.connection.execute(f"delete from quarantine where number <= {oldest[-1]}")
        self._leaving.update(oldest)

    def _expire(self, before: int) -> None:
        row = self._store.connection.execute(
            f"select max(number) from quarantine where received < make_timestamp({before})"
        ).fetchone()
        if row is None or row[0] is None:
            return
        self._store.connection.execute(f"delete from quarantine where number <= {row[0]}")
        self._leaving.update(number for number in self._kept if number <= row[0])

    def settle(self, numbers: Sequence[int]) -> None:
        """Take events out that a replay stored, within the open transaction."""
        self._delete(numbers)
        self._leaving.update(numbers)

    def _delete(self, numbers: Sequence[int]) -> None:
        if numbers:
            listed = ", ".join(str(int(number)) for number in numbers)
            self._store.connection.execute(f"delete from quarantine where number in ({listed})")

    def forget_uncommitted(self) -> None:
        """A transaction was rolled back: what it would have changed did not happen."""
        self._staged, self._leaving = {}, set()

    def committed(self) -> None:
        """The transaction went through: take over what it changed."""
        self._forget(self._leaving)
        for number, digest in self._staged.items():
            self._keep(number, digest)
        self.forget_uncommitted()

    def _keep(self, number: int, digest: str) -> None:
        self._kept[number] = digest
        self._numbers[digest] = number

    def _forget(self, numbers: Iterable[int]) -> int:
        """Returns how many of them were kept."""
        gone = 0
        for number in numbers:
            digest = self._kept.pop(number, None)
            if digest is not None:
                self._numbers.pop(digest, None)
                gone += 1
        return gone

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
                f"select {_LISTED} from quarantine {clause}", list(values)
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
        return await self._runs(lambda: self._delete(numbers), lambda: self._forget(numbers))


def _digest(payload: bytes) -> str:
    # The store computes the same at start, without handing every payload over.
    return hashlib.md5(payload, usedforsecurity=False).hexdigest()
