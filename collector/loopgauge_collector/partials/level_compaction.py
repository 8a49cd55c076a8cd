"""Old changes of levels merge into quarter hours, so that a level is not read from all of them.

Of a current level only the sum of a quarter hour is asked after a day, because moments of that
age are snapped to its end (KPI_SEMANTICS, R3). Of a maximum the highest level within counts too:
after eight days two rows say both. An event that comes even later is added to those.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.rules import LevelRule
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.partials.slices import MARGIN, ROWS, Unit, cut
from loopgauge_collector.storage.schema import LEVELS
from loopgauge_collector.storage.transactions import transaction
from loopgauge_collector.windows import DAY, MINUTES_KEPT

_SECOND = 1_000_000
_QUARTER = 900
_MAXIMUM_KEPT = 8 * DAY
#: A change counts from the next whole second, so the end of a quarter hour belongs to it.
_END = f"(second + {_QUARTER - 1}) // {_QUARTER} * {_QUARTER}"


@dataclass(frozen=True, slots=True)
class LevelSlice:
    """Rows that are rewritten in one transaction."""

    maximum: bool
    where: str


class LevelCompaction:
    """One round: what is due at a moment, by the catalog of that moment.

    Args:
        connection: the folding one.
        catalog: what is computed; series that it does not have stay as they are.
        registry: numbers of its rules and series.
        now: microseconds.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        registry: SeriesRegistry,
        now: int,
    ) -> None:
        self._connection = connection
        self._border = {
            maximum: (now - kept - MARGIN) // _SECOND // _QUARTER * _QUARTER
            for maximum, kept in ((False, MINUTES_KEPT), (True, _MAXIMUM_KEPT))
        }
        series: dict[bool, set[int]] = {False: set(), True: set()}
        for kpi in catalog.kpis():
            for rule in KINDS[kpi.kind].reduce(kpi, catalog):
                if isinstance(rule, LevelRule):
                    for label in (rule.identity[2], *(label for label, _ in rule.labels)):
                        found = registry.lookup((kpi.id, rule.revision, label))
                        if found is not None:
                            series[rule.maximum].update(found[1].values())
        self._series = {
            maximum: ", ".join(map(str, sorted(found))) or "null"
            for maximum, found in series.items()
        }

    def slices(self) -> Iterator[LevelSlice]:
        """What is due, looked up while it goes on."""
        for maximum in (False, True):
            for where in cut(self._due(maximum), ROWS, "second", ["series"]):
                yield LevelSlice(maximum, f"{where} and {self._old(maximum)}")

    def _old(self, maximum: bool) -> str:
        return f"second <= {self._border[maximum]} and series in ({self._series[maximum]})"

    def _due(self, maximum: bool) -> list[Unit]:
        """Quarter hours with rows that can be fewer."""
        over = "count(*) > 2" if maximum else f"count(*) > 1 or min(second % {_QUARTER}) > 0"
        found = self._connection.execute(
            f"""select quarter - {_QUARTER - 1} as low, quarter + 1, sum(n)::bigint from (
              select {_END} as quarter, series, count(*) as n from {LEVELS.name}
              where {self._old(maximum)} group by all having {over})
            group by quarter order by quarter"""
        ).fetchall()
        return [Unit(*row) for row in found]

    def run(self, part: LevelSlice) -> None:
        """Rewrite the rows of a slice, in a transaction of its own.

        No new generation: what readers keep of the large table reads the same afterwards.
        """
        connection = self._connection
        with transaction(connection):
            connection.execute(
                f"""create or replace temp table upkeep_levels as
                with changes as (
                  select series, second, {_END} as quarter, sum(net) as net, sum(n) as n
                  from {LEVELS.name} where {part.where} group by all)
                {_HIGHEST if part.maximum else _SUM}"""
            )
            connection.execute(f"delete from {LEVELS.name} where {part.where}")
            connection.execute(
                f"""insert into {LEVELS.name} by name
                select second::bigint as second, series, net::hugeint as net, n::bigint as n
                from upkeep_levels where net <> 0 or n <> 0 order by second, series"""
            )


_SUM = """select quarter as second, series, sum(net) as net, sum(n) as n
    from changes group by all"""
#: Up to the first second of the highest level, and from there to the end. Where it only falls,
#: the highest level is the one that it begins with.
_HIGHEST = """,
    levels as (
      select *, sum(net) over running as level, sum(n) over running as number from changes
      window running as (partition by series, quarter order by second)),
    highest as (
      select series, quarter, sum(net) as net, sum(n) as n, unnest(max_by(
        {'second': second, 'top': greatest(level, 0), 'number': if(level > 0, number, 0)},
        (level, -second)))
      from levels group by series, quarter)
    select second, series, top as net, number as n from highest where top > 0
    union all
    select quarter, series, net - top, n - number from highest"""
