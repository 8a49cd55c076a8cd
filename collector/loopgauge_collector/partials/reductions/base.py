"""What every reduction is: rules compiled once, and run over the events of each fold."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import duckdb

from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.series import SeriesRegistry

#: Product and event name.
Source = tuple[str, str]


class Reduction(ABC):
    """All rules of one reduction.

    Attributes:
        sources: the events that it reads; a fold without any of them leaves it out.
        tables: its temp tables.
        firsts: what the last run found to be the first event of series, where that is needed.

    Args:
        rules: rules of its own type, at least one.
        registry: gives rules their numbers.
        connection: the folding one, inside a transaction (new rules are stored).
        logs: what is known of subjects.
    """

    def __init__(
        self,
        rules: Sequence[Any],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
        logs: Logs,
    ) -> None:
        self._registry = registry
        self._connection = connection
        self._logs = logs
        self.sources: set[Source] = {(rule.product, rule.event) for rule in rules}
        self.tables: list[str] = []
        self.firsts: list[tuple[int, int]] = []

    @abstractmethod
    def run(self, chosen: str, present: set[Source]) -> None:
        """Append the partials of the chosen events, inside the open transaction.

        Args:
            chosen: a condition on the table `events`.
            present: what is among the chosen events.
        """
