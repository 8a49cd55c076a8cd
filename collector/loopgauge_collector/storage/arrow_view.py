"""Rows on their way into DuckDB: a view that stays, over rows that are exchanged.

To register a table changes the catalog: that takes longer than the statement that reads the
table, and makes every prepared statement plan anew. So an object is registered once, and
only what it holds changes.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy.typing as npt
import pyarrow as pa


class ArrowView:
    """A temporary view of one connection over whatever `rows` holds.

    Args:
        connection: whose view it becomes.
        name: of the view.
        columns: their names and Arrow types; they never change.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        columns: Sequence[tuple[str, pa.DataType]],
    ) -> None:
        #: DuckDB reads it when it binds a statement.
        self.schema: pa.Schema = pa.schema(columns)
        self.rows: pa.RecordBatch = pa.RecordBatch.from_pylist([], schema=self.schema)
        connection.register(name, self)

    def fill(self, *columns: Sequence[Any] | npt.NDArray[Any]) -> None:
        """Hold these rows, given as one sequence per column."""
        arrays = [
            pa.array(values, column.type)
            for values, column in zip(columns, self.schema, strict=True)
        ]
        self.rows = pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.rows.__arrow_c_stream__(requested_schema)
