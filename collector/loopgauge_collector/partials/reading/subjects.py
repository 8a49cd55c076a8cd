"""Subjects and levels as columns, by series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from loopgauge_collector.kinds.cell import NO_INTS, Ints, LevelRows, SubjectRows
from loopgauge_collector.kinds.presence import ACTIVE
from loopgauge_collector.partials.reading.sums import split
from loopgauge_collector.storage.schema import OPEN

#: Weights come in two halves; with less than this in the upper ones, sums fit 64 bits.
_HALF = 2**32
_SAFE = 2**30


def read_subjects(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    oldest: int,
    end: int,
    series: Sequence[int] | None = None,
    *,
    first_end: int,
) -> dict[int, SubjectRows]:
    """Everybody who began or closed since a minute, or is open.

    Args:
        cursor: inside a read transaction.
        table: `subjects`, its recent twin, or a query over both.
        oldest, end: minutes; who began at `end` or later is left out.
        series: only these.
        first_end: no window ends before this minute. Of active minutes those whose next one is
            earlier are in no number, so what is read does not grow with them.
    """
    only = "" if series is None else f"and series in ({', '.join(map(str, series)) or 'null'})"
    later = OPEN if first_end == end else "closed"
    columns = cursor.execute(
        f"""select series::bigint as series, bucket::bigint as bucket,
          (case when outcome >= {ACTIVE} then {later} else closed end)::bigint as closed,
          outcome::bigint as outcome, sk::bigint as sk, within::bigint as within,
          sum(n)::bigint as n, sum(s)::bigint as s
        from {table} where bucket < {end} and (bucket >= {oldest} or closed >= {oldest})
          and (outcome < {ACTIVE} or (bucket >= {oldest} and closed >= {first_end})) {only}
        group by all having sum(n) <> 0 or sum(s) <> 0 order by series, bucket"""
    ).fetchnumpy()
    arrays = [np.asarray(columns[name]) for name in columns]
    return {
        number: SubjectRows(*(array[part] for array in arrays[1:]))
        for number, part in split(arrays[0])
    }


@dataclass(frozen=True, slots=True)
class Changes:
    """Who goes in and out, by the second, ascending.

    Attributes:
        second: since the epoch.
        high, low: change of the weight, as high * 2^32 + low.
        n: change of the number.
    """

    second: Ints = field(default_factory=lambda: NO_INTS)
    high: Ints = field(default_factory=lambda: NO_INTS)
    low: Ints = field(default_factory=lambda: NO_INTS)
    n: Ints = field(default_factory=lambda: NO_INTS)


def read_changes(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    since: int,
    until: int,
    series: Sequence[int] | None = None,
) -> Mapping[int, Changes]:
    """Changes of levels up to a second; those up to `since` as one row per series.

    Args:
        cursor: inside a read transaction.
        table: `levels`, its recent twin, or a query over both.
        since, until: seconds since the epoch, both inclusive.
        series: only these.
    """
    only = "" if series is None else f"and series in ({', '.join(map(str, series)) or 'null'})"
    columns = cursor.execute(
        f"""select series::bigint as series, moment, (net // {_HALF})::bigint as high,
          (net % {_HALF})::bigint as low, n
        from (
          select series, greatest(second, {since})::bigint as moment, sum(net)::hugeint as net,
            sum(n)::bigint as n
          from {table} where second <= {until} {only} group by all)
        where net <> 0 or n <> 0 order by series, moment"""
    ).fetchnumpy()
    arrays = [np.asarray(columns[name]) for name in columns]
    return {
        number: Changes(*(array[part] for array in arrays[1:])) for number, part in split(arrays[0])
    }


def running(parts: Sequence[Changes]) -> LevelRows:
    """The levels that changes come to, of several layers together."""
    parts = [part for part in parts if len(part.second)]
    if not parts:
        return LevelRows()
    second = np.concatenate([part.second for part in parts])
    high = np.concatenate([part.high for part in parts])
    low = np.concatenate([part.low for part in parts])
    n = np.concatenate([part.n for part in parts])
    wide = float(np.abs(high.astype(np.float64)).sum()) >= _SAFE
    net: npt.NDArray[Any] = (high.astype(object) if wide else high) * _HALF + low
    if len(parts) > 1:
        order = np.argsort(second, kind="stable")
        second, net, n = second[order], net[order], n[order]
    # Of several changes at one second only the level after the last is one.
    last = np.append(second[1:] != second[:-1], True)
    return LevelRows(second[last], np.cumsum(net)[last], np.cumsum(n)[last])


def between(rows: LevelRows, since: int, until: int) -> LevelRows:
    """The level at a second and its changes up to another one; empty if nobody ever is in.

    Args:
        rows: levels that go back far enough.
        since, until: seconds since the epoch, both inclusive.
    """
    low, high = np.searchsorted(rows.second, (since, until), side="right").tolist()
    level, n = (rows.level[low - 1], rows.n[low - 1]) if low else (0, 0)
    found = LevelRows(
        np.concatenate([np.array([since], dtype=np.int64), rows.second[low:high]]),
        np.concatenate([np.array([level], dtype=rows.level.dtype), rows.level[low:high]]),
        np.concatenate([np.array([n], dtype=np.int64), rows.n[low:high]]),
    )
    # What one layer takes back of the other leaves seconds without a change.
    return found if found.level.any() or found.n.any() else LevelRows()
