"""One way to open a transaction: all of it or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit on leaving, roll back on an error; the error goes on."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # After a fatal error even the rollback fails; the first error is the one to tell.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise
