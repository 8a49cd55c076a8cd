"""The second transaction: all events since a position become partials, exactly once.

Each reduction handles all its rules at once, so the work of a fold hardly grows with the
number of KPIs. A rebuild is the same code from position 0.
"""

from collections.abc import Iterable

import duckdb

from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.reductions import REDUCTIONS, Reduction
from loopgauge_collector.partials.series import SeriesRegistry


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

    def run(self, connection: duckdb.DuckDBPyConnection, after: int, upto: int) -> None:
        """Append the partials of all events with `after < seq <= upto`.

        Call it inside the transaction that also stores the new position.
        """
        chosen = f"seq > {after} and seq <= {upto}"
        present = set(
            connection.execute(
                f"select distinct product, name from events where {chosen}"
            ).fetchall()
        )
        for reduction in self._reductions:
            if reduction.sources & present:
                reduction.run(chosen, present)
        self._logs.seal()
