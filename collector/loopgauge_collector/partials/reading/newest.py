"""The newest event of each label set, and which label sets are gone.

A tombstone (an event that retires a component) may name only some members of the label
set; it takes away every set that agrees with it and is not newer.
"""

import json
from dataclasses import dataclass, field

import duckdb

from loopgauge_collector.kinds.cell import LatestRow

#: (time in microseconds, event id): the order of events (KPI_SEMANTICS, R4).
_Order = tuple[int, str]


@dataclass(slots=True)
class Newest:
    """Rows by label set and minute, newest last once sorted."""

    rows: list[tuple[_Order, tuple[str | None, ...], int | None]] = field(default_factory=list)

    def update(self, other: "Newest") -> None:
        """Add the rows of another layer."""
        self.rows.extend(other.rows)

    def present(self, before: int | None = None) -> tuple[LatestRow, ...]:
        """The newest row of each label set that is not retired.

        Args:
            before: only events before this moment, in microseconds.
        """
        live: dict[tuple[str | None, ...], LatestRow] = {}
        for (time, _), key, micro in sorted(self.rows, key=lambda row: row[0]):
            if before is not None and time >= before:
                break
            if micro is None:
                live = {k: row for k, row in live.items() if not _covers(key, k)}
            else:
                live[key] = LatestRow(tuple(key_text(part) for part in key), time, micro)
        return tuple(live.values())


def key_text(part: object) -> str:
    """A member of a label set as plain text."""
    return part if isinstance(part, str) else json.dumps(part)


def _covers(tombstone: tuple[str | None, ...], key: tuple[str | None, ...]) -> bool:
    return all(part is None or part == other for part, other in zip(tombstone, key, strict=True))


def newest(
    cursor: duckdb.DuckDBPyConnection, table: str, end: int, rule: int | None = None
) -> dict[int, Newest]:
    """Read the newest rows before a minute, by rule.

    Args:
        cursor: inside a read transaction.
        table: `latest` or `latest_recent`: only the newest row of each label set; empty:
            every minute's rows of both, for reading many past moments.
        end: minute since the epoch, exclusive.
        rule: only this rule.
    """
    if table:
        sql = f"""select rule, key, max(time), arg_max(id::varchar, (time, id)),
              arg_max_null(v, (time, id))
            from {table} where bucket < {end} group by rule, key, v is null"""
    else:
        sql = f"""select rule, key, time, id::varchar, v
            from (select * from latest union all select * from latest_recent)
            where bucket < {end}"""
        if rule is not None:
            sql += f" and rule = {rule}"
    result: dict[int, Newest] = {}
    for number, key, time, identity, v in cursor.execute(sql).fetchall():
        result.setdefault(number, Newest()).rows.append(
            ((time, identity), tuple(json.loads(key)), v)
        )
    return result


def bases(
    cursor: duckdb.DuckDBPyConnection, rule: int, first: int, start: int, end: int
) -> tuple[LatestRow, ...]:
    """What each label set had when a window began: before it, else the first one within.

    Args:
        cursor: inside a read transaction.
        rule, first: numbers of the rules that keep the newest and the first of each minute.
        start, end: minutes since the epoch.
    """
    both = "(select * from latest union all select * from latest_recent)"
    rows = cursor.execute(
        f"""select key, max(time), arg_max(v, (time, id)), 0 as later from {both}
        where rule = {rule} and bucket < {start} group by key
        union all
        select key, -max(time), arg_max(v, (time, id)), 1 from {both}
        where rule = {first} and bucket >= {start} and bucket < {end} group by key
        order by later"""
    ).fetchall()
    found: dict[str, LatestRow] = {}
    for key, time, micro, _ in rows:
        parts = tuple(key_text(part) for part in json.loads(key))
        found.setdefault(key, LatestRow(parts, time, micro))
    return tuple(found.values())
