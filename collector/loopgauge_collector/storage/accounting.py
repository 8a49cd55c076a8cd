"""received = stored + duplicate + quarantined + ignored, to the unit.

Each event is counted by what became of it when it came, and no count ever goes down. What
a replay takes out of quarantine later has rows of its own, with the outcome `replayed`.
Rows are written in the same transaction as the events they count, so the identity holds
after a crash; the totals in memory are what `/metrics` shows.
"""

from collections import Counter

import duckdb
import pyarrow as pa
from loopgauge_catalog.values import AccountingRow

from loopgauge_collector.storage.arrow_view import ArrowView
from loopgauge_collector.storage.schema import ACCOUNTING
from loopgauge_collector.windows import MINUTE

STORED, DUPLICATE, QUARANTINED, IGNORED = "stored", "duplicate", "quarantined", "ignored"

#: product, service, outcome, reason
Key = tuple[str, str, str, str]

#: Combinations of product and service that are told apart in memory and on /metrics.
_SOURCES_SHOWN = 500
_REST = "__other__"
_COLUMNS = (
    ("bucket", pa.int32()),
    ("product", pa.string()),
    ("service", pa.string()),
    ("outcome", pa.string()),
    ("reason", pa.string()),
    ("events", pa.int64()),
)


class Accounting:
    """Totals since the store began. The writer's thread changes them, anybody reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._counted = ArrowView(connection, "counted", _COLUMNS)
        connection.execute(
            "prepare append_counts as insert into accounting_recent by name select * from counted"
        )
        #: By key, and in its order.
        self._totals: dict[Key, AccountingRow] = {}
        self._sources: set[tuple[str, str]] = set()
        self.rows: tuple[AccountingRow, ...] = ()
        self.note(
            Counter(
                {
                    (product, service, outcome, reason): events
                    for product, service, outcome, reason, events in connection.execute(
                        f"""select product, service, outcome, reason, sum(events)::bigint
                        from {ACCOUNTING.both} group by all"""
                    ).fetchall()
                }
            )
        )

    def store(self, received: int, counts: Counter[Key]) -> None:
        """Append the counts of one commit, within its transaction."""
        if not counts:
            return
        buckets = [received // MINUTE] * len(counts)
        self._counted.fill(buckets, *zip(*counts, strict=True), tuple(counts.values()))
        self._connection.execute("execute append_counts")

    def note(self, counts: Counter[Key]) -> None:
        """Add counts that were committed."""
        known = len(self._totals)
        for (product, service, outcome, reason), events in counts.items():
            source = (product, service)
            # A sender that invents service names must not make /metrics grow.
            if source not in self._sources and len(self._sources) >= _SOURCES_SHOWN:
                source = (_REST, _REST)
            self._sources.add(source)
            key = (*source, outcome, reason)
            before = self._totals.get(key)
            self._totals[key] = AccountingRow(*key, events + (before.events if before else 0))
        if len(self._totals) > known:
            self._totals = dict(sorted(self._totals.items()))
        self.rows = tuple(self._totals.values())
