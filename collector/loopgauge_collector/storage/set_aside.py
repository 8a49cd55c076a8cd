"""The numbers of events that went to quarantine: they arrived, so they are not lost.

The quarantine itself forgets its oldest events; what arrived stays arrived.
"""

from collections.abc import Sequence

import duckdb
import msgspec
import pyarrow as pa

from loopgauge_collector.events import Rejected
from loopgauge_collector.storage.arrow_view import ArrowView
from loopgauge_collector.windows import MINUTE

_COLUMNS = (
    ("bucket", pa.int32()),
    ("product", pa.string()),
    ("producer", pa.string()),
    ("low", pa.int64()),
    ("high", pa.int64()),
    ("events", pa.int64()),
)
#: Longer texts are no producer's id.
_PRODUCER_MAX = 36
_MOST = 10**18


class _Numbered(msgspec.Struct):
    """What is read of a rejected event's payload."""

    producer: str | None = None
    sequence: int | None = None


class SetAside:
    """Stores them. Used by the writer's thread only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._numbers = ArrowView(connection, "numbers_set_aside", _COLUMNS)
        connection.execute(
            "prepare append_set_aside as "
            "insert into set_aside_recent by name select * from numbers_set_aside"
        )

    def store(self, events: Sequence[Rejected], received: int) -> None:
        """Append the numbers of events, within the open transaction."""
        rows = []
        for event in events:
            numbered = msgspec.json.decode(event.payload, type=_Numbered)
            if numbered.producer is None or numbered.sequence is None:
                continue
            producer, number = numbered.producer.lower(), numbered.sequence
            if len(producer) <= _PRODUCER_MAX and 0 < number < _MOST:
                rows.append((received // MINUTE, event.product, producer, number, number, 1))
        if rows:
            self._numbers.fill(*zip(*rows, strict=True))
            self._connection.execute("execute append_set_aside")
