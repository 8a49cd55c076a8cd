"""The additive reduction: sums by minute and series, of the total and of each label value."""

from collections.abc import Sequence
from typing import Any

import duckdb

from loopgauge_collector.kinds.rules import AdditiveRule
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.reductions.base import Reduction, Source
from loopgauge_collector.partials.reductions.breakdown import SERIES, Breakdown
from loopgauge_collector.partials.reductions.matching import Columns, Facts, Matching
from loopgauge_collector.partials.reductions.once import find_changes
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.statistics import SKETCH_STEP, SKETCH_ZERO, SQUARE_MAX

#: Values below a thousandth of the unit share one index, shown as 0.
_SKETCH_FLOOR = 1000
#: v², for the spread of a mean, which takes no greater values; a sum of others must not overflow.
_SQUARE = f"case when v between -{SQUARE_MAX} and {SQUARE_MAX} then v::hugeint * v else 0 end"
#: What `s2` sums of events that are no subjects.
_SECOND = f"case when weighted then case when good then v else 0 end else {_SQUARE} end"


class Additive(Reduction):
    """Sums; of rules with a subject, only each subject's first event counts."""

    def __init__(
        self,
        rules: Sequence[AdditiveRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
        logs: Logs,
    ) -> None:
        super().__init__(rules, registry, connection, logs)
        self._once = {(rule.product, rule.event) for rule in rules if rule.subject}
        self._plain = {(rule.product, rule.event) for rule in rules if not rule.subject}
        self._labels = Breakdown(rules, registry, connection)
        numbers = self._labels.numbers
        dated = [number for number, rule in zip(numbers, rules, strict=True) if rule.dated]
        self._dated = self._labels.parts_of(dated)
        columns, facts = self.computed(rules)
        columns = {
            "subject": ("varchar", [rule.subject for rule in rules]),
            "bin": ("smallint", [rule.bin for rule in rules]),
            **self._labels.columns,
            **columns,
        }
        facts = {"weighted": ("boolean", [rule.weighted for rule in rules]), **facts}
        self._matching = Matching(rules, numbers, columns, facts, connection)
        self.tables = [self._matching.table, self._labels.table]

    def computed(self, rules: Sequence[Any]) -> tuple[Columns, Facts]:
        """What is computed for each matched event, beside subject and labels; and constants."""
        columns: Columns = {
            "v": ("bigint", [rule.value for rule in rules]),
            "good": ("boolean", [rule.good for rule in rules]),
        }
        return columns, {"sketch": ("boolean", [rule.sketch for rule in rules])}

    def read(self, matched: str) -> str:
        """A query over the matched events that has `v`, `good` and whether they are wanted."""
        return matched

    def run(self, chosen: str, present: set[Source]) -> None:
        """Append sums of the chosen events."""
        connection = self._connection
        labels = self._labels.listed()
        # Materialised, or each use of `v` would evaluate its CASE again.
        connection.execute(
            f"""create or replace temp table matched as
            with raw as materialized ({self.read(self._matching.sql(chosen, present))})
            select rule, bucket, micros, id, wants_subject, subject, weighted,
              {self._labels.valued()} v, good,
              matches and (not wants_v or v is not null) and (not wants_good or good is not null)
                and (not wants_subject or subject is not null) as eligible,
              case when wants_bin then coalesce(bin, 0)
                when not sketch or v is null then 0 when v < {_SKETCH_FLOOR} then {SKETCH_ZERO}
                else floor(ln(v / 1e6) / {SKETCH_STEP}) end::smallint as sk
            from raw where matches is not false"""
        )
        sums = []
        if present & self._plain:
            sums.append(
                f"""select rule, {labels} bucket, sk, count(*) filter (eligible) as n,
                  count(*) filter (eligible and good) as good,
                  coalesce(sum(v) filter (eligible), 0)::hugeint as s,
                  coalesce(sum({_SECOND}) filter (eligible), 0)::hugeint as s2,
                  count(*) filter (eligible is not true) as ineligible,
                  min(micros) filter (eligible) as first
                from matched where not wants_subject group by all"""
            )
        if present & self._once:
            find_changes(connection, self._logs.marks, self._labels)
            sums.append(
                f"""select rule, {labels} bucket, sk, sum(sign) as n,
                  coalesce(sum(sign) filter (good), 0) as good, sum(sign * v)::hugeint as s,
                  sum(sign * {_SQUARE})::hugeint as s2, 0 as ineligible,
                  min(micros) filter (sign > 0) as first
                from changes group by all"""
            )
            # Which event of a subject counts may change; when a rule saw its first must not.
            dated = ", ".join(map(str, self._dated)) or "null"
            sums.append(
                f"""select rule, {labels} bucket, 0, 0, 0, 0, 0,
                  count(*) filter (eligible is not true), min(micros) filter (eligible)
                from matched where wants_subject and (eligible is not true or rule in ({dated}))
                group by all"""
            )
        if sums:
            self._append(" union all ".join(sums))

    def _append(self, sums: str) -> None:
        """Break the sums down by label, and store them."""
        connection = self._connection
        self._labels.resolve(
            sums,
            ["bucket", "sk"],
            {
                "n": "sum(n)::bigint",
                "good": "sum(good)::bigint",
                "s": "sum(s)::hugeint",
                "s2": "sum(s2)::hugeint",
                "ineligible": "sum(ineligible)::bigint",
                "first": "min(first)",
            },
            # Rows that are taken back have been counted; a counter never goes down.
            events="greatest(n, 0) + ineligible",
            order="first",
        )
        connection.execute(
            f"""insert into partials_recent
            select bucket, coalesce(s.series, o.series), sk, sum(n), sum(good), sum(s), sum(s2),
              sum(ineligible), min(first)
            from {SERIES} group by all"""
        )
        if self._dated:
            numbers = ", ".join(map(str, self._dated))
            self.firsts = connection.execute(
                f"""select coalesce(s.series, o.series), min(first) from {SERIES}
                where sums.rule in ({numbers}) and first is not null group by all"""
            ).fetchall()
