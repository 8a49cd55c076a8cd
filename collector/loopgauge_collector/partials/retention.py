"""Events go by whole days once they are older than is accepted; what KPIs made of them stays.

With them goes what is known of single subjects, as soon as no event that is still accepted
could change what became of them (KPI_SEMANTICS, R10).
"""

from collections.abc import Callable, Iterator

import duckdb
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.rules import ActivityRule, SubjectRule
from loopgauge_collector.partials.reductions.shapes import SKEW
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.partials.slices import Unit, cut
from loopgauge_collector.storage.transactions import transaction
from loopgauge_collector.windows import DAY, HOUR

#: Rows deleted at once: a fold waits for them.
_ROWS = 50_000
#: What was accepted is kept for a day at least: it may have waited in quarantine for months.
_AT_LEAST = DAY
_TIME = "epoch_us(time)"
#: The step of a pair's life that says it failed, see `PairRule`.
_FAILURE = 2


def gone_before(now: int, keep_days: int) -> int:
    """Midnight UTC, at least a day before the oldest event that admission accepts.

    Args:
        now: microseconds.
        keep_days: age up to which events are accepted.
    """
    return (now - (keep_days + 1) * DAY) // DAY * DAY


class Retention:
    """One round: what is due at a moment.

    Args:
        connection: the folding one.
        catalog: what is computed.
        registry: numbers of its rules.
        now: microseconds.
        keep_days: age up to which events are accepted.
        position: the newest commit that all partials have read.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        registry: SeriesRegistry,
        now: int,
        keep_days: int,
        position: int,
    ) -> None:
        self._connection = connection
        self.border = gone_before(now, keep_days)
        self._received_before = now - _AT_LEAST
        self._position = position
        connection.execute(
            "create or replace temp table upkeep_lives (rule integer, span bigint, active boolean)"
        )
        lives = {}
        for kpi in catalog.kpis():
            for rule in KINDS[kpi.kind].reduce(kpi, catalog):
                found = registry.lookup(rule.identity)
                if isinstance(rule, SubjectRule) and found is not None:
                    lives[found[0]] = (found[0], rule.limit, isinstance(rule, ActivityRule))
        if lives:
            connection.executemany(
                "insert into upkeep_lives values (?, ?, ?)", list(lives.values())
            )

    def slices(self) -> Iterator[Callable[[], None]]:
        """What is due, looked up while it goes on; each runs in a transaction of its own."""
        yield from self._events()
        yield from self._marks()
        yield from self._steps()

    def _events(self) -> Iterator[Callable[[], None]]:
        border = f"make_timestamp({self.border})"
        old = (
            f"time < {border} and received < make_timestamp({self._received_before}) "
            f"and seq <= {self._position}"
        )
        for where in cut(self._by_hour("events", _TIME, old), _ROWS, _TIME, ["id"]):
            yield self._deleting("events", f"{old} and {where}")

    def _marks(self) -> Iterator[Callable[[], None]]:
        old = f"micros < {self.border}"
        for where in cut(self._by_hour("marks", "micros", old), _ROWS, "micros", ["subject"]):
            yield self._deleting("marks", f"{old} and {where}")

    def _by_hour(self, table: str, micros: str, old: str) -> list[Unit]:
        found = self._connection.execute(
            f"""select ({micros} // {HOUR} * {HOUR})::bigint as low, low + {HOUR}, count(*)
            from {table} where {old} group by all order by low"""
        ).fetchall()
        return [Unit(*row) for row in found]

    def _deleting(self, table: str, where: str) -> Callable[[], None]:
        def run() -> None:
            with transaction(self._connection):
                self._connection.execute(f"delete from {table} where {where}")

        return run

    def _steps(self) -> Iterator[Callable[[], None]]:
        """Steps of subjects whose life is over, and of those that never began."""
        border = self.border - SKEW
        row = self._connection.execute(
            f"select count(*) from steps where micros < {border}"
        ).fetchone()
        assert row is not None
        parts = -(-row[0] // _ROWS)
        for part in range(parts):
            where = f"hash(subject) % {parts} = {part}"

            def run(where: str = where) -> None:
                with transaction(self._connection):
                    self._forget_lives(border, where)

            yield run

    def _forget_lives(self, border: int, where: str) -> None:
        """Drop the old steps of subjects whose life is over, and of those that never began.

        Who fails without a limit may still be done, so that alone is no end (R10). Of who is
        only active, the newest old step of each kind stays: its row is open until the next one.
        """
        self._connection.execute(
            f"""create or replace temp table upkeep_over as
            with told as (
              select rule, subject, span,
                min(micros) filter (step = 0) as began,
                max(micros) filter (step > 0 and step <> {_FAILURE} and micros < {border}) as ended
              from (select * from steps where {where}) join upkeep_lives using (rule)
              where not active group by all)
            select rule, subject from told where began is null or began >= {border}
              or coalesce(began + span < {border}, ended >= began - {SKEW}, false)"""
        )
        self._connection.execute(
            f"""delete from steps where micros < {border} and {where}
              and (rule, subject) in (select (rule, subject) from upkeep_over)"""
        )
        self._connection.execute(
            f"""delete from steps where rowid in (
              select rowid from (
                select s.rowid as rowid, row_number() over (
                  partition by rule, subject, step, labels order by micros desc, id desc) as place
                from steps s join upkeep_lives using (rule)
                where active and micros < {border} and {where})
              where place > 1)"""
        )
