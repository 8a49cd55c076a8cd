"""How many numbers producers gave in a window, and how many of those arrived."""

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from loopgauge_collector.kinds.cell import Numbered

#: Runs of numbers that arrived, first and last, by producer.
Runs = Mapping[str, Sequence[tuple[int, int]]]
#: How far the numbering had come at the two bounds of a window, by producer.
Reached = Mapping[str, tuple[int, int]]

_BOTH = "(select * from {0} union all select * from {0}_recent)"


def reached(cursor: duckdb.DuckDBPyConnection, asked: Numbered, suffix: str | None) -> Reached:
    """How far the numbering had come, by what producers reported until then.

    Args:
        cursor: inside a read transaction.
        asked: whose numbers.
        suffix: of the table; None reads both.
    """
    table = _BOTH.format("sequences") if suffix is None else f"sequences{suffix}"
    services = " or ".join("service glob ?" for _ in asked.services) or "true"
    rows = cursor.execute(
        f"""select producer, coalesce(max(reached) filter (bucket < {asked.low}), 0),
          coalesce(max(reached), 0)
        from {table} where reached is not null and product = ? and environment in ('', ?)
          and bucket < {asked.high} and ({services})
        group by producer""",
        [asked.product, asked.environment, *asked.services],
    ).fetchall()
    return {producer: (low, high) for producer, low, high in rows}


def arrived(cursor: duckdb.DuckDBPyConnection, asked: Numbered, suffix: str | None) -> Runs:
    """Numbers of the product's events before the end, of whatever service, and of quarantined ones.

    Where these cannot say whose they are, they count for every product: a producer's id is
    given once.
    """
    stored = _BOTH.format("sequences") if suffix is None else f"sequences{suffix}"
    aside = _BOTH.format("set_aside") if suffix is None else f"set_aside{suffix}"
    rows = cursor.execute(
        f"""with runs as (
          select producer, low, high from {stored}
          where product = ? and high >= low and bucket < {asked.end}
          union all
          select producer, low, high from {aside} where product in ('', ?)),
        placed as (
          select *, max(high) over (partition by producer order by low, high
            rows between unbounded preceding and 1 preceding) as before
          from runs),
        islands as (
          select *, count(*) filter (before is null or low > before + 1)
            over (partition by producer order by low, high rows unbounded preceding) as island
          from placed)
        select producer, min(low), max(high) from islands group by producer, island
        order by producer, min(low)""",
        [asked.product, asked.product],
    ).fetchall()
    runs: dict[str, list[tuple[int, int]]] = {}
    for producer, low, high in rows:
        runs.setdefault(producer, []).append((low, high))
    return runs


def counted(told: Iterable[Reached], came: Iterable[Runs]) -> tuple[int, int]:
    """Numbers that were given in the window, and those among them that arrived.

    Args:
        told: of each layer of the tables.
        came: the same.
    """
    bounds: dict[str, tuple[int, int]] = {}
    for layer in told:
        for producer, (low, high) in layer.items():
            before = bounds.get(producer, (0, 0))
            bounds[producer] = max(before[0], low), max(before[1], high)
    layers = list(came)
    present = 0
    for producer, (low, high) in bounds.items():
        reached_so_far = low
        for first, last in sorted(run for runs in layers for run in runs.get(producer, ())):
            begin, end = max(first, reached_so_far + 1), min(last, high)
            if begin <= end:
                present += end - begin + 1
                reached_so_far = end
    return sum(high - low for low, high in bounds.values()), present
