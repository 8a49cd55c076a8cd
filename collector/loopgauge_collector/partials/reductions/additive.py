"""The additive reduction: sums by minute and series, of the total and of each label value."""

from collections.abc import Sequence

import duckdb
from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE

from loopgauge_collector.kinds.rules import AdditiveRule
from loopgauge_collector.partials.reductions.base import Reduction, Source
from loopgauge_collector.partials.reductions.matching import Matching, temp_name
from loopgauge_collector.partials.reductions.once import find_changes
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.statistics import SKETCH_STEP, SKETCH_ZERO, SQUARE_MAX

#: Values below a thousandth of the unit share one index, shown as 0.
_SKETCH_FLOOR = 1000
#: v², for the spread of a mean, which takes no greater values; a sum of others must not overflow.
_SQUARE = f"case when v between -{SQUARE_MAX} and {SQUARE_MAX} then v::hugeint * v else 0 end"
_SERIES = f"""sums left join series s on s.rule = sums.rule and s.value = sums.label
              left join series o on o.rule = sums.rule and o.value = '{OTHER_VALUE}'"""


class Additive(Reduction):
    """Sums; of rules with a subject, only each subject's first event counts."""

    def __init__(
        self,
        rules: Sequence[AdditiveRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        super().__init__(rules)
        self._registry = registry
        self._once = {(rule.product, rule.event) for rule in rules if rule.subject}
        self._plain = {(rule.product, rule.event) for rule in rules if not rule.subject}
        self._labels = max(len(rule.labels) for rule in rules)
        #: KPI by number of each total and each breakdown.
        self._kpis: dict[int, str] = {}
        self._dated: list[int] = []
        numbers, parts = [], []
        for rule in rules:
            total = registry.rule(connection, (rule.kpi, rule.revision, ""))
            numbers.append(total)
            for place, label in enumerate(("", *(label for label, _ in rule.labels))):
                part = registry.rule(connection, (rule.kpi, rule.revision, label))
                self._kpis[part] = rule.kpi
                parts.append((total, place, part))
                if rule.dated:
                    self._dated.append(part)
        columns: dict[str, tuple[str, list[str | None]]] = {
            "v": ("bigint", [rule.value for rule in rules]),
            "good": ("boolean", [rule.good for rule in rules]),
            "subject": ("varchar", [rule.subject for rule in rules]),
        }
        for at in range(self._labels):
            asked = [rule.labels[at][1] if at < len(rule.labels) else None for rule in rules]
            columns[f"l{at + 1}"] = ("varchar", asked)
        facts = {"sketch": ("boolean", [rule.sketch for rule in rules])}
        self._matching = Matching(rules, numbers, columns, facts, connection)
        self._parts = temp_name("parts")
        connection.execute(
            f"create temp table {self._parts} (total integer, place integer, rule integer)"
        )
        connection.executemany(f"insert into {self._parts} values (?, ?, ?)", parts)
        self.tables = [self._matching.table, self._parts]

    @classmethod
    def compile(
        cls,
        rules: Sequence[AdditiveRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
    ) -> "Additive":
        """Compile the rules."""
        return cls(rules, registry, connection)

    def run(self, connection: duckdb.DuckDBPyConnection, chosen: str, present: set[Source]) -> None:
        """Append sums of the chosen events."""
        places = [f"l{at + 1}" for at in range(self._labels)]
        valued = "".join(
            f"case when wants_{place} then coalesce({place}, '{NONE_VALUE}') end as {place}, "
            for place in places
        )
        labels = "".join(f"{place}, " for place in places)
        # Materialised, or each use of `v` would evaluate its CASE again.
        connection.execute(
            f"""create or replace temp table matched as
            with raw as materialized ({self._matching.sql(chosen)})
            select rule, bucket, micros, id, wants_subject, subject, {valued} v, good,
              matches and (not wants_v or v is not null) and (not wants_good or good is not null)
                and (not wants_subject or subject is not null) as eligible,
              case when not sketch or v is null then 0 when v < {_SKETCH_FLOOR} then {SKETCH_ZERO}
                else floor(ln(v / 1e6) / {SKETCH_STEP}) end::smallint as sk
            from raw where matches is not false"""
        )
        sums = []
        if present & self._plain:
            sums.append(
                f"""select rule, {labels} bucket, sk, count(*) filter (eligible) as n,
                  count(*) filter (eligible and good) as good,
                  coalesce(sum(v) filter (eligible), 0)::hugeint as s,
                  coalesce(sum({_SQUARE}) filter (eligible), 0)::hugeint as s2,
                  count(*) filter (eligible is not true) as ineligible,
                  min(micros) filter (eligible) as first
                from matched where not wants_subject group by all"""
            )
        if present & self._once:
            find_changes(connection, places)
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
            self._append(connection, " union all ".join(sums))

    def _append(self, connection: duckdb.DuckDBPyConnection, sums: str) -> None:
        """Break the sums down by label, give new label values a series, and store them."""
        arms = " ".join(f"when {at + 1} then l{at + 1}" for at in range(self._labels))
        label = f"case p.place when 0 then '' {arms} end" if arms else "''"
        connection.execute(
            f"""create or replace temp table sums as
            select p.rule, {label} as label, bucket, sk, sum(n)::bigint as n,
              sum(good)::bigint as good, sum(s)::hugeint as s, sum(s2)::hugeint as s2,
              sum(ineligible)::bigint as ineligible, min(first) as first
            from ({sums}) x join {self._parts} p on p.total = x.rule group by all"""
        )
        fresh = connection.execute(
            """select rule, label, sum(n + ineligible)::bigint from sums
            anti join series on series.rule = sums.rule and series.value = sums.label
            group by rule, label order by rule, min(first), label"""
        ).fetchall()
        if fresh:
            self._registry.admit(
                connection, [(rule, label, self._kpis[rule], n) for rule, label, n in fresh]
            )
        connection.execute(
            f"""insert into partials_recent
            select bucket, coalesce(s.series, o.series), sk, sum(n), sum(good), sum(s), sum(s2),
              sum(ineligible), min(first)
            from {_SERIES} group by all"""
        )
        if self._dated:
            numbers = ", ".join(map(str, self._dated))
            self._registry.note_firsts(
                connection.execute(
                    f"""select coalesce(s.series, o.series), min(first) from {_SERIES}
                    where sums.rule in ({numbers}) and first is not null group by all"""
                ).fetchall()
            )
