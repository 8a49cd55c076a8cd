"""Subjects and levels as columns, by series."""

from collections.abc import Sequence

import duckdb
import numpy as np

from loopgauge_collector.kinds.cell import LevelRows, SubjectRows
from loopgauge_collector.partials.reading.sums import split


def read_subjects(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    oldest: int,
    end: int,
    series: Sequence[int] | None = None,
) -> dict[int, SubjectRows]:
    """Everybody who began or closed since a minute, or is open.

    Args:
        cursor: inside a read transaction.
        table: `subjects`, its recent twin, or a query over both.
        oldest, end: minutes; who began at `end` or later is left out.
        series: only these.
    """
    only = "" if series is None else f"and series in ({', '.join(map(str, series)) or 'null'})"
    columns = cursor.execute(
        f"""select series::bigint as series, bucket::bigint as bucket, closed::bigint as closed,
          outcome::bigint as outcome, sk::bigint as sk, within::bigint as within,
          sum(n)::bigint as n, sum(s)::bigint as s
        from {table} where bucket < {end} and (bucket >= {oldest} or closed >= {oldest}) {only}
        group by all having sum(n) <> 0 or sum(s) <> 0 order by series, bucket"""
    ).fetchnumpy()
    arrays = [np.asarray(columns[name]) for name in columns]
    return {
        number: SubjectRows(*(array[part] for array in arrays[1:]))
        for number, part in split(arrays[0])
    }


def read_levels(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    oldest: int,
    end: int,
    series: Sequence[int] | None = None,
) -> dict[int, LevelRows]:
    """Changes of levels before a moment; those before `oldest` as one.

    Args:
        cursor: inside a read transaction.
        table: `levels`, its recent twin, or a query over both.
        oldest, end: seconds since the epoch.
        series: only these.
    """
    only = "" if series is None else f"and series in ({', '.join(map(str, series)) or 'null'})"
    columns = cursor.execute(
        f"""select series::bigint as series, greatest(second, {oldest} - 1)::bigint as moment,
          sum(net)::bigint as net
        from {table} where second < {end} {only}
        group by all having sum(net) <> 0 order by series, moment"""
    ).fetchnumpy()
    arrays = [np.asarray(columns[name]) for name in columns]
    return {
        number: LevelRows(*(array[part] for array in arrays[1:]))
        for number, part in split(arrays[0])
    }


def joined(parts: Sequence[LevelRows]) -> LevelRows:
    """Levels of several layers as one, ascending."""
    if len(parts) == 1:
        return parts[0]
    second = np.concatenate([part.second for part in parts] or [LevelRows().second])
    net = np.concatenate([part.net for part in parts] or [LevelRows().net])
    order = np.argsort(second, kind="stable")
    return LevelRows(second[order], net[order])
