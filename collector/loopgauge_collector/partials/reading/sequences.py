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
    rows = cursor.execute(
        f"select * from ({_REACHED.format(**_named(asked, suffix))})", _values(asked)
    ).fetchall()
    return {producer: (low, high) for producer, low, high in rows}


_REACHED = """
    select producer, coalesce(max(reached) filter (bucket < {low}), 0) as from_number,
      coalesce(max(reached), 0) as to_number
    from {sequences} where reached is not null and product = ? and environment in ('', ?)
      and bucket < {high} and ({services})
    group by producer"""


def arrived(cursor: duckdb.DuckDBPyConnection, asked: Numbered, suffix: str | None) -> Runs:
    """Numbers of the product's events before the end, of whatever service, and of quarantined ones.

    Those that were given before the window are left out as far as the table says so: producers
    that ended long ago cost nothing. Where quarantined ones cannot say whose they are, they count
    for every product: a producer's id is given once.
    """
    names = _named(asked, suffix)
    rows = cursor.execute(
        f"""with told as ({_REACHED.format(**names)}),
        runs as (
          select producer, low, high from {names["sequences"]}
          where product = ? and high >= low and bucket < {asked.end}
          union all
          select producer, low, high from {names["set_aside"]} where product in ('', ?)),
        later as (
          select runs.* from runs left join told using (producer)
          where runs.high > coalesce(from_number, 0)),
        placed as (
          select *, max(high) over (partition by producer order by low, high
            rows between unbounded preceding and 1 preceding) as before
          from later),
        islands as (
          select *, count(*) filter (before is null or low > before + 1)
            over (partition by producer order by low, high rows unbounded preceding) as island
          from placed)
        select producer, min(low), max(high) from islands group by producer, island
        order by producer, min(low)""",
        [*_values(asked), asked.product, asked.product],
    ).fetchall()
    runs: dict[str, list[tuple[int, int]]] = {}
    for producer, low, high in rows:
        runs.setdefault(producer, []).append((low, high))
    return runs


def _named(asked: Numbered, suffix: str | None) -> dict[str, object]:
    """What stands in the SQL: checked names and whole numbers; values are bound."""
    tables = {
        table: _BOTH.format(table) if suffix is None else f"{table}{suffix}"
        for table in ("sequences", "set_aside")
    }
    services = " or ".join("service glob ?" for _ in asked.services) or "true"
    return {**tables, "low": asked.low, "high": asked.high, "services": services}


def _values(asked: Numbered) -> list[str]:
    return [asked.product, asked.environment, *asked.services]


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
