"""A long history made by SQL from a short one, while no collector runs."""

from collections.abc import Callable
from pathlib import Path

import duckdb
from loopgauge_collector.storage.schema import OPEN

#: Each copy lies this much further in the past.
STEP_MINUTES = 5
_MILLIS = "('0x' || replace(substr(id::varchar, 1, 13), '-', ''))::bigint"


#: What becomes of the columns of each table, `minutes` earlier. The first event of a minute has
#: its time turned around.
_MOVED = {
    "partials": "bucket - {minutes} as bucket, first - {micros} as first",
    "latest": "bucket - {minutes} as bucket, time - sign(time)::bigint * {micros} as time",
    "activity": "bucket - {minutes} as bucket, first - {micros} as first, last - {micros} as last",
    "subjects": "bucket - {minutes} as bucket, "
    f"case closed when {OPEN} then closed else closed - {{minutes}} end as closed",
    "levels": "second - {minutes} * 60 as second",
    "sequences": "bucket - {minutes} as bucket, md5(producer || {minutes}) as producer",
}
_OF_SUBJECTS = {
    "steps": "micros - {micros} as micros",
    "marks": "micros - {micros} as micros, bucket - {minutes} as bucket",
}
#: Rows of one chunk of these, about.
_CHUNK = 100_000


def copy_back(database: Path, copies: int, say: Callable[[str], None], *, subjects: bool) -> int:
    """Store the events and their partials again, further and further in the past.

    The copies have ids that follow their time, and the commit numbers of their originals,
    so that the collector takes them as read.

    Args:
        database: the closed file of a collector that has folded everything.
        copies: how many times.
        say: told how far it is.
        subjects: whether each copy is of other subjects, who are known from then on.

    Returns:
        The number of stored events.
    """
    connection = duckdb.connect(str(database))
    connection.execute("create temp table original as from events")
    for table in (*_MOVED, *_OF_SUBJECTS):
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
        for table, moved in _MOVED.items():
            columns = moved.format(minutes=minutes, micros=minutes * 60_000_000)
            connection.execute(
                f"insert into {table} select * replace ({columns}) from {table}_original"
            )
        for table, moved in _OF_SUBJECTS.items() if subjects else ():
            columns = moved.format(minutes=minutes, micros=minutes * 60_000_000, copy=copy)
            connection.execute(
                f"""insert into {table} by name
                select * replace ({columns}, xor(subject, hash({copy})) as subject,
                  (select max(chunk) from {table}) + 1 + row_number() over () // {_CHUNK} as chunk)
                from (select * exclude (chunk), 0 as chunk from {table}_original)"""
            )
        say(f"copy {copy} of {copies}")
    row = connection.execute("select count(*) from events").fetchone()
    connection.close()
    assert row is not None
    return int(row[0])
