"""Which events of a group are stored already, without an index.

Ids follow time, so the ids of fresh events lie beyond almost everything stored and
DuckDB skips the rest by its row groups' least and greatest id. Late ones would widen
that range to the whole table; they are looked up apart, by value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from pyarrow.compute import take

from loopgauge_collector.storage.arrow_view import ArrowView
from loopgauge_collector.storage.batch import UUID, uuids

#: How far behind the newest stored id the range of "fresh" reaches, in milliseconds.
_FRESH_MS = 10_000
#: Up to so many late ids are looked up as literals; more by one scan.
_LITERALS = 200


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What makes two events with the same id the same event."""

    name: str
    time: int
    product: str
    service: str
    environment: str | None
    attributes: str


def _fresh_from(newest: str, now: int) -> str:
    """The least id (as text) that counts as fresh.

    An id that lies about its time must not make everything else look late, so the newest
    stored id counts as now at most.
    """
    at = max(0, min(int(newest[:8] + newest[9:13], 16), now) - _FRESH_MS)
    text = f"{at:012x}"
    return f"{text[:8]}-{text[8:]}"


class Lookup:
    """Finds stored events by id. One per store, used by the writer's thread only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._wanted = ArrowView(connection, "wanted", [("id", UUID)])

    def stored_among(
        self, ids: Sequence[str], column: pa.Array, newest: str | None, now: int
    ) -> dict[str, StoredEvent]:
        """The events of these ids that are in the store.

        Args:
            ids: UUIDs as lower-case text.
            column: the same for Arrow.
            newest: the greatest id that was ever stored.
            now: milliseconds since the epoch.
        """
        if newest is None or not ids:
            return {}
        border = _fresh_from(newest, now)
        least = min(ids)
        if least >= border:
            return self._semi_join(column) if least <= newest else {}
        fresh = [at for at, identity in enumerate(ids) if identity >= border]
        late = sorted({identity for identity in ids if identity < border})
        found: dict[str, StoredEvent] = {}
        if fresh and min(ids[at] for at in fresh) <= newest:
            found |= self._semi_join(take(column, pa.array(fresh)))
        if len(late) > _LITERALS:
            found |= self._semi_join(uuids(late))
        else:
            literals = ", ".join(f"'{identity}'::uuid" for identity in late)
            found |= self._fetch(f"where id in ({literals})")
        return found

    def _semi_join(self, column: pa.Array) -> dict[str, StoredEvent]:
        self._wanted.rows = pa.RecordBatch.from_arrays([column], schema=self._wanted.schema)
        # Nearly always there is none, and to ask only that takes a third less.
        which = "semi join wanted using (id)"
        found = self._connection.execute(f"select 1 from events {which}").fetchall()
        return self._fetch(which) if found else {}

    def _fetch(self, which: str) -> dict[str, StoredEvent]:
        rows = self._connection.execute(
            f"""select id::varchar, name, epoch_us(time), product, service, environment, attributes
            from events {which}"""
        ).fetchall()
        return {identity: StoredEvent(*event) for identity, *event in rows}
