"""How far the partials have read the events, and what is read next."""

import duckdb


def next_chunk(
    connection: duckdb.DuckDBPyConnection, after: int, upto: int, limit: int
) -> int | None:
    """The commit number to read up to: about `limit` events, whole commits only.

    Args:
        after: the position reached.
        upto: no commit beyond this one.
        limit: events wished for; a commit is never cut.

    Returns:
        None when nothing is left.
    """
    row = connection.execute(
        f"""select max(seq) from (select seq from events
            where seq > {after} and seq <= {upto} limit {limit})"""
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def positions(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Position by (KPI, revision); the empty pair is that of all complete KPIs."""
    return {
        (kpi, revision): position
        for kpi, revision, position in connection.execute(
            "select kpi, revision, max(position) from positions group by kpi, revision"
        ).fetchall()
    }
