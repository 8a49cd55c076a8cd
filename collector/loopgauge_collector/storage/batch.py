"""All events of a group as one Arrow batch, whose columns are those of the table."""

from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Arrow looks at it when it takes numpy's arrays; imported then, it makes the first commit wait.
import numpy.ma
import pyarrow as pa
from pyarrow.compute import take

from loopgauge_collector.events import Admitted, EventColumns

UUID = pa.uuid()
_MICROS = pa.timestamp("us")
COLUMNS = (
    ("seq", pa.int64()),
    ("id", UUID),
    ("received", _MICROS),
    ("name", pa.string()),
    ("time", _MICROS),
    ("product", pa.string()),
    ("service", pa.string()),
    ("environment", pa.string()),
    ("producer", pa.string()),
    ("sequence", pa.int64()),
    ("attributes", pa.string()),
)
_SCHEMA = pa.schema(COLUMNS)
#: Columns that usually say the same of every event of a request.
_ALIKE = ("product", "service", "environment", "producer")


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a group, in order of the requests.

    Attributes:
        ids: as text.
        rows: for `insert into events`.
    """

    ids: Sequence[str]
    rows: pa.RecordBatch

    @classmethod
    def of(cls, group: list[Admitted], number: int, received: int) -> "Batch":
        """Put the columns of all requests together.

        Args:
            number: of the commit.
            received: microseconds since the epoch.
        """
        ids = _gathered(group, "id")
        size = len(ids)
        requests = [admitted.columns for admitted in group if admitted.columns]
        sizes = np.array([len(columns) for columns in requests], np.int64)
        request_of = pa.array(np.arange(len(requests)).repeat(sizes))
        arrays = {
            "seq": pa.repeat(pa.scalar(number, pa.int64()), size),
            "id": uuids(ids),
            "received": pa.repeat(pa.scalar(received, _MICROS), size),
        }
        for name in _ALIKE:
            if (values := _one_each(requests, name)) is not None:
                arrays[name] = take(pa.array(values, pa.string()), request_of)
        for name, kind in COLUMNS:
            if name not in arrays:
                arrays[name] = pa.array(_gathered(group, name), kind)
        return cls(
            ids, pa.RecordBatch.from_arrays([arrays[name] for name, _ in COLUMNS], schema=_SCHEMA)
        )


def uuids(texts: Sequence[str]) -> pa.Array:
    """UUIDs as Arrow has them, from texts with hyphens."""
    raw = unhexlify("".join(texts).encode().translate(None, b"-"))
    storage = pa.FixedSizeBinaryArray.from_buffers(
        UUID.storage_type, len(texts), [None, pa.py_buffer(raw)]
    )
    return pa.ExtensionArray.from_storage(UUID, storage)


def _one_each(requests: Sequence[EventColumns], name: str) -> list[Any] | None:
    """The value that all events of a request share, of each; None where one has several."""
    values = []
    for columns in requests:
        column = getattr(columns, name)
        if column.count(column[0]) < len(column):
            return None
        values.append(column[0])
    return values


def _gathered(group: list[Admitted], name: str) -> list[Any]:
    """One column of all requests."""
    if len(group) == 1:
        only: list[Any] = getattr(group[0].columns, name)
        return only
    values: list[Any] = []
    for admitted in group:
        values += getattr(admitted.columns, name)
    return values
