"""The `latest` reduction: the newest event of each label set in each minute."""

from collections.abc import Sequence

import duckdb

from loopgauge_collector.kinds.rules import LatestRule
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.reductions.base import Reduction, Source
from loopgauge_collector.partials.reductions.matching import Matching
from loopgauge_collector.partials.series import SeriesRegistry


class Latest(Reduction):
    """A merge of greatest (time, id): any order gives the same."""

    def __init__(
        self,
        rules: Sequence[LatestRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
        logs: Logs,
    ) -> None:
        super().__init__(rules, registry, connection, logs)
        numbers = [registry.rule(connection, rule.identity) for rule in rules]
        columns: dict[str, tuple[str, list[str | None]]] = {
            "v": ("bigint", [rule.value for rule in rules]),
            "key": ("varchar", [rule.key for rule in rules]),
        }
        facts: dict[str, tuple[str, list[object]]] = {
            "retires": ("boolean", [rule.retires for rule in rules]),
            # Turned around, the first event is the one with the greatest time and id.
            "direction": ("bigint", [-1 if rule.earliest else 1 for rule in rules]),
        }
        self._matching = Matching(rules, numbers, columns, facts, connection)
        self.tables = [self._matching.table]

    def run(self, chosen: str, present: set[Source]) -> None:
        """Append the newest row of each key in each minute; a null value is a tombstone."""
        self._connection.execute(
            f"""insert into latest_recent
            with raw as materialized ({self._matching.sql(chosen, present)})
            select bucket, rule, key, max(moment), arg_max_null(v, (moment, turned)),
              arg_max(turned, (moment, turned))
            from (
              select *, direction * micros as moment,
                case when direction < 0 then (~id::uhugeint)::uuid else id end as turned
              from raw
              where matches and key is not null and (retires or v is not null))
            group by all"""
        )
