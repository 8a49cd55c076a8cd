"""One SELECT over the store, for people: read only, bounded in time and rows."""

import threading
from dataclasses import dataclass
from typing import Any

import duckdb

from loopgauge_collector.errors import Refused
from loopgauge_collector.storage.store import Store


@dataclass(frozen=True, slots=True)
class SqlResult:
    """Rows of a SELECT.

    Attributes:
        truncated: there were more rows than the limit.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


def _one_select(connection: duckdb.DuckDBPyConnection, query: str) -> duckdb.Statement:
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise Refused(400, "bad_sql", str(error)) from error
    if len(statements) != 1:
        raise Refused(400, "bad_sql", f"send one SELECT, not {len(statements)} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise Refused(400, "bad_sql", "only SELECT is answered here")
    return statements[0]


def select(store: Store, query: str, *, seconds: float, max_rows: int) -> SqlResult:
    """Run one SELECT in a read-only transaction of its own.

    Raises:
        Refused: not one SELECT, an error in it, or it took longer than `seconds`.
    """
    with store.reader() as cursor:
        statement = _one_select(cursor, query)
        timed_out = threading.Event()

        def interrupt() -> None:
            timed_out.set()
            cursor.interrupt()

        timer = threading.Timer(seconds, interrupt)
        timer.start()
        try:
            cursor.execute(statement)
            rows = cursor.fetchmany(max_rows + 1)
            columns = [column[0] for column in cursor.description or ()]
        except duckdb.FatalException:
            raise
        except duckdb.Error as error:
            if timed_out.is_set():
                raise Refused(
                    400, "sql_timeout", f"the query took longer than {seconds:g} s"
                ) from error
            raise Refused(400, "bad_sql", str(error)) from error
        finally:
            timer.cancel()
    return SqlResult(columns, rows[:max_rows], truncated=len(rows) > max_rows)
