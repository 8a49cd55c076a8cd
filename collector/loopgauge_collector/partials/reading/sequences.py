"""How many numbers producers gave in a window, and how many of those arrived."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import duckdb

from loopgauge_collector.kinds.cell import Numbered
from loopgauge_collector.storage.schema import SEQUENCES, SET_ASIDE

#: Runs of numbers that arrived, first and last, by producer.
Runs = Mapping[str, Sequence[tuple[int, int]]]
#: How far the numbering had come at the two bounds of a window, by producer.
Reached = Mapping[str, tuple[int, int]]


def reached(cursor: duckdb.DuckDBPyConnection, asked: Numbered, *, recent: bool) -> Reached:
    """How far the numbering had come, by what producers reported until then.

    Args:
        cursor: inside a read transaction.
        asked: whose numbers.
        recent: also what is not merged yet.
    """
    rows = cursor.execute(
        f"select * from ({_REACHED.format(**_named(asked, recent=recent))})", _values(asked)
    ).fetchall()
    return {producer: (low, high) for producer, low, high in rows}


_REACHED = """
    select producer, coalesce(max(reached) filter (bucket < {low}), 0) as from_number,
      coalesce(max(reached), 0) as to_number
    from {sequences} where reached is not null and product = ? and environment in ('', ?)
      and bucket < {high} and ({services})
    group by producer"""


def arrived(cursor: duckdb.DuckDBPyConnection, asked: Numbered, *, recent: bool) -> Runs:
    """Numbers of the product's events before the end, of whatever service, and of quarantined ones.

    Those that were given before the window are left out as far as the table says so: producers
    that ended long ago cost nothing. Where quarantined ones cannot say whose they are, they count
    for every product: a producer's id is given once.
    """
    names = _named(asked, recent=recent)
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


def _named(asked: Numbered, *, recent: bool) -> dict[str, object]:
    """What stands in the SQL: checked names and whole numbers; values are bound."""
    tables = {table.name: table.both if recent else table.name for table in (SEQUENCES, SET_ASIDE)}
    services = " or ".join("service glob ?" for _ in asked.services) or "true"
    return {**tables, "low": asked.low, "high": asked.high, "services": services}


def _values(asked: Numbered) -> list[str]:
    return [asked.product, asked.environment, *asked.services]


@dataclass(frozen=True, slots=True)
class Lately:
    """What is not merged yet of a product: a minute's worth, for all windows alike.

    Attributes:
        reports: (producer, environment, service, minute, how far the numbering had come).
        runs: (producer, minute, first, last); of quarantined events without a minute.
    """

    reports: Sequence[tuple[str, str, str, int, int]]
    runs: Sequence[tuple[str, int | None, int, int]]

    @classmethod
    def read(cls, cursor: duckdb.DuckDBPyConnection, product: str) -> "Lately":
        """Read the small tables once."""
        reports = cursor.execute(
            """select producer, environment, service, bucket, max(reached)
            from sequences_recent where product = ? and reached is not null group by all""",
            [product],
        ).fetchall()
        runs = cursor.execute(
            """select producer, bucket, low, high from sequences_recent
            where product = ? and high >= low
            union all select producer, null, low, high from set_aside_recent
            where product in ('', ?)""",
            [product, product],
        ).fetchall()
        return cls(reports, runs)

    def reached(self, asked: Numbered) -> Reached:
        """How far the numbering had come."""
        found: dict[str, tuple[int, int]] = {}
        for producer, environment, service, minute, number in self.reports:
            if minute >= asked.high or environment not in {"", asked.environment}:
                continue
            if asked.services and not any(fnmatchcase(service, glob) for glob in asked.services):
                continue
            low, high = found.get(producer, (0, 0))
            before = number if minute < asked.low else 0
            found[producer] = max(low, before), max(high, number)
        return found

    def arrived(self, asked: Numbered) -> Runs:
        """Numbers of events before the end."""
        found: dict[str, list[tuple[int, int]]] = {}
        for producer, minute, low, high in self.runs:
            if minute is None or minute < asked.end:
                found.setdefault(producer, []).append((low, high))
        return found


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
