"""The newest event of each label set, and which label sets are gone.

A tombstone (an event that retires a component) may name only some members of the label
set; it takes away every set that agrees with it and is not newer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from loopgauge_collector.kinds.cell import LatestRow
from loopgauge_collector.storage.schema import LATEST

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
    only = "" if rule is None else f" and rule = {rule}"
    if table:
        sql = f"""select rule, key, max(time), arg_max(id::varchar, (time, id)),
              arg_max_null(v, (time, id))
            from {table} where bucket < {end}{only} group by rule, key, v is null"""
    else:
        sql = f"""select rule, key, time, id::varchar, v
            from {LATEST.both}
            where bucket < {end}{only}"""
    result: dict[int, Newest] = {}
    for number, key, time, identity, v in cursor.execute(sql).fetchall():
        result.setdefault(number, Newest()).rows.append(
            ((time, identity), tuple(json.loads(key)), v)
        )
    return result


#: Label set -> the newest row before a window, and the first one within it; each with its order.
Bases = Mapping[str, tuple[tuple[_Order, int] | None, tuple[_Order, int] | None]]


def bases(
    cursor: duckdb.DuckDBPyConnection, table: str, rule: int, first: int, start: int, end: int
) -> Bases:
    """What each label set had when a window began, as far as a table knows.

    Args:
        cursor: inside a read transaction.
        table: `latest`, its recent twin, or a query over both.
        rule, first: numbers of the rules that keep the newest and the first of each minute; the
            second one's times are negative, so that its first is its newest.
        start, end: minutes since the epoch.
    """
    rows = cursor.execute(
        f"""select key, max(time), arg_max(id::varchar, (time, id)), arg_max(v, (time, id)), rule
        from {table}
        where (rule = {rule} and bucket < {start})
          or (rule = {first} and bucket >= {start} and bucket < {end})
        group by key, rule"""
    ).fetchall()
    found: dict[str, tuple[tuple[_Order, int] | None, tuple[_Order, int] | None]] = {}
    for key, time, identity, micro, number in rows:
        before, within = found.get(key, (None, None))
        row = ((time, identity), micro)
        found[key] = (row, within) if number == rule else (before, row)
    return found


def based(layers: Sequence[Bases]) -> tuple[LatestRow, ...]:
    """What each label set had when a window began: before it, else the first one within."""
    result = []
    for key in dict.fromkeys(key for layer in layers for key in layer):
        known = [layer[key] for layer in layers if key in layer]
        before = [row for row, _ in known if row is not None]
        within = [row for _, row in known if row is not None]
        (time, _), micro = max(before or within)
        result.append(LatestRow(tuple(key_text(part) for part in json.loads(key)), time, micro))
    return tuple(result)
