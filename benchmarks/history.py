"""A long history made by SQL from a short one, while no collector runs."""

from collections.abc import Callable
from pathlib import Path

import duckdb

#: Each copy lies this much further in the past.
STEP_MINUTES = 5
_MILLIS = "('0x' || replace(substr(id::varchar, 1, 13), '-', ''))::bigint"


def copy_back(database: Path, copies: int, say: Callable[[str], None]) -> int:
    """Store the events and their partials again, further and further in the past.

    The copies have ids that follow their time, and the commit numbers of their originals,
    so that the collector takes them as read.

    Args:
        database: the closed file of a collector that has folded everything.
        copies: how many times.
        say: told how far it is.

    Returns:
        The number of stored events.
    """
    connection = duckdb.connect(str(database))
    connection.execute("create temp table original as from events")
    parts = {
        "partials": "first - {micros} as first",
        "latest": "time - {micros} as time",
        "activity": "first - {micros} as first, last - {micros} as last",
    }
    for table in parts:
        connection.execute(
            f"create temp table {table}_original as from {table} "
            f"union all by name from {table}_recent"
        )
    for copy in range(1, copies + 1):
        minutes = copy * STEP_MINUTES
        connection.execute(
            f"""insert into events select * exclude (h) from (
              select * replace (
                (substr(h, 1, 8) || '-' || substr(h, 9) || substr(id::varchar, 14))::uuid as id,
                time - interval '{minutes} minutes' as time,
                received - interval '{minutes} minutes' as received)
              from (select *, printf('%012x', {_MILLIS} - {minutes * 60_000}) as h
                from original))"""
        )
        for table, moved in parts.items():
            columns = moved.format(micros=minutes * 60_000_000)
            connection.execute(
                f"insert into {table} select * replace (bucket - {minutes} as bucket, {columns}) "
                f"from {table}_original"
            )
        say(f"copy {copy} of {copies}")
    row = connection.execute("select count(*) from events").fetchone()
    connection.close()
    assert row is not None
    return int(row[0])
