"""Which events of a group are stored already, without an index.

Ids follow time, so the ids of fresh events lie beyond almost everything stored and
DuckDB skips the rest by its row groups' least and greatest id. Late ones would widen
that range to the whole table; they are looked up apart, by value.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

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


def stored_among(
    connection: duckdb.DuckDBPyConnection, ids: Sequence[str], newest: str | None, now: int
) -> dict[str, StoredEvent]:
    """The events of these ids that are in the store.

    Args:
        connection: the writer's.
        ids: UUIDs as lower-case text, distinct.
        newest: the greatest id that was ever stored.
        now: milliseconds since the epoch.
    """
    if newest is None or not ids:
        return {}
    border = _fresh_from(newest, now)
    fresh = [identity for identity in ids if identity >= border]
    late = [identity for identity in ids if identity < border]
    found: dict[str, StoredEvent] = {}
    if fresh and min(fresh) <= newest:
        found |= _semi_join(connection, fresh)
    if len(late) > _LITERALS:
        found |= _semi_join(connection, late)
    elif late:
        literals = ", ".join(f"'{identity}'::uuid" for identity in late)
        found |= _fetch(connection, f"where id in ({literals})")
    return found


def _semi_join(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> dict[str, StoredEvent]:
    connection.register("wanted_text", pa.table({"id": pa.array(ids, pa.string())}))
    try:
        connection.execute(
            "create or replace temp table wanted as select id::uuid as id from wanted_text"
        )
    finally:
        connection.unregister("wanted_text")
    return _fetch(connection, "semi join wanted using (id)")


def _fetch(connection: duckdb.DuckDBPyConnection, which: str) -> dict[str, StoredEvent]:
    return {
        identity: StoredEvent(name, time, product, service, environment, attributes)
        for identity, name, time, product, service, environment, attributes in connection.execute(
            f"""select id::varchar, name, epoch_us(time), product, service, environment, attributes
            from events {which}"""
        ).fetchall()
    }
