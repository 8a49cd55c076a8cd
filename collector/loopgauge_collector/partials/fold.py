"""The second transaction: all events since a position become partials, exactly once.

Each reduction handles all its rules at once, so the work of a fold hardly grows with the
number of KPIs. A rebuild is the same code from position 0.
"""

from collections.abc import Iterable
from typing import NamedTuple

import duckdb

from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.reductions import REDUCTIONS, Reduction
from loopgauge_collector.partials.series import SeriesRegistry


class Kept(NamedTuple):
    """What a rebuild left as it was.

    Attributes:
        since: rows before this moment stayed, in microseconds; 0 for none.
        position: up to which commit they were complete.
    """

    since: int
    position: int


NOTHING = Kept(0, 0)


class FoldPlan:
    """All rules of a set of KPIs, compiled to SQL once.

    Args:
        rules: what to reduce.
        registry: gives rules their numbers.
        connection: the folding one, inside a transaction (new rules are stored).
        logs: what is known of subjects.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
        logs: Logs,
    ) -> None:
        self._logs = logs
        grouped: dict[type[Reduction], list[Rule]] = {}
        for rule in rules:
            grouped.setdefault(REDUCTIONS[type(rule)], []).append(rule)
        self._reductions = [
            reduction(members, registry, connection, logs) for reduction, members in grouped.items()
        ]

    def drop(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Drop the temp tables; the plan is not run again."""
        for reduction in self._reductions:
            for table in reduction.tables:
                connection.execute(f"drop table {table}")

    def run(
        self, connection: duckdb.DuckDBPyConnection, after: int, upto: int, kept: Kept = NOTHING
    ) -> list[tuple[int, int]]:
        """Append the partials of all events with `after < seq <= upto`, but for what was kept.

        Call it inside the transaction that also stores the new position. What it returns is for
        the registry once that is committed: the first event of series.
        """
        chosen = f"seq > {after} and seq <= {upto}"
        if kept.since:
            chosen += f" and (time >= make_timestamp({kept.since}) or seq > {kept.position})"
        present = set(
            connection.execute(
                f"select distinct product, name from events where {chosen}"
            ).fetchall()
        )
        firsts: list[tuple[int, int]] = []
        for reduction in self._reductions:
            if reduction.sources & present:
                reduction.run(chosen, present)
                firsts += reduction.firsts
        self._logs.seal()
        return firsts
