"""The minutes of a series one by one, for kinds whose number is not made of sums."""

from collections.abc import Sequence

import duckdb
import numpy as np

from loopgauge_collector.kinds.cell import MinuteRows
from loopgauge_collector.partials.reading.sums import split


def read_minutes(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    series: Sequence[int],
    oldest: int,
    end: int,
) -> dict[int, MinuteRows]:
    """Eligible and good events of each minute in which there were any.

    Args:
        cursor: inside a read transaction.
        table: `partials`, its recent twin, or a query over both.
        series: only these.
        oldest, end: minutes since the epoch.
    """
    if not series:
        return {}
    columns = cursor.execute(
        f"""select series::bigint as series, bucket::bigint as bucket, sum(n)::bigint as n,
          sum(good)::bigint as good
        from {table} where series in ({", ".join(map(str, series))})
          and bucket >= {oldest} and bucket < {end}
        group by all having sum(n) <> 0 order by series, bucket"""
    ).fetchnumpy()
    arrays = [np.asarray(columns[name]) for name in columns]
    return {
        number: MinuteRows(*(array[part] for array in arrays[1:]))
        for number, part in split(arrays[0])
    }


def together(parts: Sequence[MinuteRows]) -> MinuteRows:
    """Several layers as one; a minute may stand in it more than once."""
    return MinuteRows(
        np.concatenate([part.bucket for part in parts]),
        np.concatenate([part.n for part in parts]),
        np.concatenate([part.good for part in parts]),
    )
