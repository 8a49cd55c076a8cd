"""received = stored + duplicate + quarantined + ignored, to the unit.

Rows are written in the same transaction as the events they count, so the identity holds
after a crash; the totals in memory are what `/metrics` shows.
"""

from collections import Counter

import duckdb
from loopgauge_catalog.values import AccountingRow

from loopgauge_collector.windows import MINUTE

STORED, DUPLICATE, QUARANTINED, IGNORED = "stored", "duplicate", "quarantined", "ignored"

#: product, service, outcome, reason
Key = tuple[str, str, str, str]

#: Combinations of product and service that are told apart in memory and on /metrics.
_SOURCES_SHOWN = 500
_REST = "__other__"


class Accounting:
    """Totals since the store began. The writer's thread changes them, anybody reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._totals: Counter[Key] = Counter()
        self._sources: set[tuple[str, str]] = set()
        self.rows: tuple[AccountingRow, ...] = ()
        self.note(
            Counter(
                {
                    (product, service, outcome, reason): events
                    for product, service, outcome, reason, events in connection.execute(
                        """select product, service, outcome, reason, sum(events)::bigint from
                        (select * from accounting union all select * from accounting_recent)
                        group by all"""
                    ).fetchall()
                }
            )
        )

    def store(
        self, connection: duckdb.DuckDBPyConnection, received: int, counts: Counter[Key]
    ) -> None:
        """Append the counts of one commit, within its transaction."""
        if not counts:
            return
        marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(counts))
        values: list[object] = []
        for key, events in counts.items():
            values += [received // MINUTE, *key, events]
        connection.execute(f"insert into accounting_recent values {marks}", values)

    def note(self, counts: Counter[Key]) -> None:
        """Add counts that were committed."""
        for (product, service, outcome, reason), events in counts.items():
            source = (product, service)
            # A sender that invents service names must not make /metrics grow.
            if source not in self._sources and len(self._sources) >= _SOURCES_SHOWN:
                source = (_REST, _REST)
            self._sources.add(source)
            self._totals[*source, outcome, reason] += events
        self.rows = tuple(
            AccountingRow(*key, events=events) for key, events in sorted(self._totals.items())
        )
