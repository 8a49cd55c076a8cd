"""The second transaction: all events since a position become partials, exactly once.

One fold stages the events with the attributes that the rules need, and runs each
reduction for all rules in one statement. A rebuild is the same code from position 0.
"""

from collections.abc import Iterable

import duckdb
from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE

from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.staging import Staging, column
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.statistics import SKETCH_STEP, SKETCH_ZERO, SQUARE_MAX
from loopgauge_collector.windows import MINUTE

#: Values below a thousandth of the unit share one index, shown as 0.
_SKETCH_FLOOR = 1000
#: v², for the spread of a mean, which takes no greater values; a sum of others must not overflow.
_SQUARE = f"case when v between -{SQUARE_MAX} and {SQUARE_MAX} then v::hugeint * v else 0 end"
_INTERNAL = column("json", "user.internal")
#: Stands for the condition that chooses the events of one fold.
_CHOSEN = "@chosen"


def _staged(rules: list[Rule]) -> str:
    """The events that these rules read, with the readings that they name, as a subquery."""
    staging = Staging.of([_INTERNAL, *(sql for rule in rules for sql in rule.expressions())])
    names = ", ".join(f"'{name}'" for name in sorted({rule.event for rule in rules}))
    return f"""(
        select id, micros, bucket, product, name, environment{staging.readings} from (
          select id, micros, bucket, product, name, environment, {staging.raw} from (
            select id, epoch_us(time) as micros, product, name, environment,
              (epoch_us(time) // {MINUTE})::integer as bucket,
              from_json(attributes, {staging.structure}) as a
            from events where {_CHOSEN} and name in ({names})))
        -- People of the product's own team are no users (KPI_SEMANTICS 1, point 5).
        where {_INTERNAL} is distinct from 'true')"""


class _Choice:
    """Distinct expressions, numbered from 1, behind one CASE; 0 stands for none."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._numbers: dict[str, int] = {}

    def number(self, sql: str | None) -> int:
        return 0 if sql is None else self._numbers.setdefault(sql, len(self._numbers) + 1)

    def sql(self, kind: str) -> str:
        """`case r.v when 1 then … when 2 then … end`, typed."""
        arms = " ".join(f"when {number} then {sql}" for sql, number in self._numbers.items())
        return f"case r.{self._column} {arms} end::{kind}" if arms else f"null::{kind}"


class FoldPlan:
    """All rules of a set of KPIs, compiled to SQL once.

    The rules stand in temp tables of the folding connection, whose names carry the
    plan's number because a rebuild has a plan beside the running one.

    Args:
        rules: what to reduce.
        registry: gives rules their numbers.
        connection: the folding one, inside a transaction (new rules are stored).
    """

    _count = 0

    def __init__(
        self,
        rules: Iterable[Rule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        FoldPlan._count += 1
        self._registry = registry
        self._tables: list[str] = []
        self._kpis: dict[int, str] = {}
        self._dated: list[int] = []
        rules = tuple(rules)
        additive = [rule for rule in rules if rule.reduction == "additive"]
        latest = [rule for rule in rules if rule.reduction == "latest"]
        # Which events each part reads: a fold leaves out the parts that nothing came for.
        self._once = {(rule.product, rule.event) for rule in additive if rule.subject}
        self._plain = {(rule.product, rule.event) for rule in additive if not rule.subject}
        self._reported = {(rule.product, rule.event) for rule in latest}
        self._labels = max((len(rule.labels) for rule in additive), default=0)
        self._parts = f"parts_additive_{FoldPlan._count}"
        self._additive = self._compile("additive", additive, connection)
        self._latest = self._compile("latest", latest, connection)

    def _compile(
        self, which: str, rules: list[Rule], connection: duckdb.DuckDBPyConnection
    ) -> str | None:
        """Store the rules in temp tables; returns the SQL that joins events with them."""
        if not rules:
            return None
        columns = ("w", "v", "g", "u", "k", *(f"l{at + 1}" for at in range(self._labels)))
        choices = {column: _Choice(column) for column in columns}
        rows, numbers = [], []
        for rule in rules:
            number = self._registry.rule(connection, (rule.kpi, rule.revision, ""))
            self._kpis[number] = rule.kpi
            numbers.append((number, 0, number))
            labels = {f"l{at + 1}": text for at, (_, text) in enumerate(rule.labels)}
            if which == "additive":
                for at, (label, _) in enumerate(rule.labels, start=1):
                    part = self._registry.rule(connection, (rule.kpi, rule.revision, label))
                    self._kpis[part] = rule.kpi
                    numbers.append((number, at, part))
            if rule.dated:
                self._dated += [part for total, _, part in numbers if total == number]
            chosen = {
                "w": rule.where, "v": rule.value, "g": rule.good, "u": rule.subject,
                "k": rule.key, **labels,
            }  # fmt: skip
            rows.append(
                (
                    number,
                    rule.product,
                    rule.event,
                    rule.environment,
                    rule.sketch,
                    rule.retires,
                    *(choices[column].number(chosen.get(column)) for column in columns),
                )
            )
        table = f"rules_{which}_{FoldPlan._count}"
        typed = ", ".join(f"{column} integer" for column in columns)
        connection.execute(
            f"""create or replace temp table {table} (rule integer, product varchar,
            name varchar, environment varchar, sketch boolean, retires boolean, {typed})"""
        )
        marks = ", ".join("?" * (6 + len(columns)))
        connection.executemany(f"insert into {table} values ({marks})", rows)
        parts = f"parts_{which}_{FoldPlan._count}"
        connection.execute(
            f"create or replace temp table {parts} (total integer, place integer, rule integer)"
        )
        connection.executemany(f"insert into {parts} values (?, ?, ?)", numbers)
        self._tables += [table, parts]
        listed = "".join(
            f"case when r.{column} <> 0 then "
            f"coalesce({choices[column].sql('varchar')}, '{NONE_VALUE}') end as {column}, "
            for column in columns[5:]
        )
        return f"""
            select r.rule, r.sketch, r.retires, s.bucket, s.micros, s.id, {listed}
              {choices["w"].sql("boolean")} as matches,
              r.v <> 0 as wants_v, {choices["v"].sql("bigint")} as v,
              r.g <> 0 as wants_good, {choices["g"].sql("boolean")} as good,
              r.u <> 0 as wants_subject, {choices["u"].sql("varchar")} as subject,
              {choices["k"].sql("varchar")} as key
            from {_staged(rules)} s join {table} r on s.product = r.product and s.name = r.name
              and (s.environment is null or s.environment = r.environment)"""

    def drop(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Drop the temp tables; the plan is not run again."""
        for table in self._tables:
            connection.execute(f"drop table {table}")

    def run(self, connection: duckdb.DuckDBPyConnection, after: int, upto: int) -> None:
        """Append the partials of all events with `after < seq <= upto`.

        Call it inside the transaction that also stores the new position.
        """
        chosen = f"seq > {after} and seq <= {upto}"
        present = set(
            connection.execute(
                f"select distinct product, name from events where {chosen}"
            ).fetchall()
        )
        if self._additive is not None and present & (self._once | self._plain):
            self._run_additive(connection, self._additive.replace(_CHOSEN, chosen), present)
        if self._latest is not None and present & self._reported:
            self._run_latest(connection, self._latest.replace(_CHOSEN, chosen))

    def _run_additive(
        self,
        connection: duckdb.DuckDBPyConnection,
        matched: str,
        present: set[tuple[str, str]],
    ) -> None:
        labels = "".join(f"l{at + 1}, " for at in range(self._labels))
        # Materialised, or each use of `v` would evaluate its CASE again.
        connection.execute(
            f"""create or replace temp table matched as
            with raw as materialized ({matched})
            select rule, bucket, micros, id, wants_subject, subject, {labels} v, good,
              matches and (not wants_v or v is not null) and (not wants_good or good is not null)
                and (not wants_subject or subject is not null) as eligible,
              case when not sketch or v is null then 0 when v < {_SKETCH_FLOOR} then {SKETCH_ZERO}
                else floor(ln(v / 1e6) / {SKETCH_STEP}) end::smallint as sk
            from raw where matches is not false"""
        )
        parts = []
        if present & self._plain:
            parts.append(
                f"""select rule, {labels} bucket, sk, count(*) filter (eligible) as n,
                  count(*) filter (eligible and good) as good,
                  coalesce(sum(v) filter (eligible), 0)::hugeint as s,
                  coalesce(sum({_SQUARE}) filter (eligible), 0)::hugeint as s2,
                  count(*) filter (eligible is not true) as ineligible,
                  min(micros) filter (eligible) as first
                from matched where not wants_subject group by all"""
            )
        if present & self._once:
            self._mark(connection)
            parts.append(
                f"""select rule, {labels} bucket, sk, sum(sign) as n,
                  coalesce(sum(sign) filter (good), 0) as good, sum(sign * v)::hugeint as s,
                  sum(sign * {_SQUARE})::hugeint as s2, 0 as ineligible,
                  min(micros) filter (sign > 0) as first
                from changes group by all"""
            )
            # Which event of a subject counts may change; when a rule saw its first must not.
            dated = ", ".join(map(str, self._dated)) or "null"
            parts.append(
                f"""select rule, {labels} bucket, 0, 0, 0, 0, 0,
                  count(*) filter (eligible is not true), min(micros) filter (eligible)
                from matched where wants_subject and (eligible is not true or rule in ({dated}))
                group by all"""
            )
        self._append(connection, " union all ".join(parts))

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
            from sums left join series s on s.rule = sums.rule and s.value = sums.label
              left join series o on o.rule = sums.rule and o.value = '{OTHER_VALUE}'
            group by all"""
        )
        if self._dated:
            numbers = ", ".join(map(str, self._dated))
            self._registry.note_firsts(
                connection.execute(
                    f"""select coalesce(s.series, o.series), min(first)
                    from sums left join series s on s.rule = sums.rule and s.value = sums.label
                      left join series o on o.rule = sums.rule and o.value = '{OTHER_VALUE}'
                    where sums.rule in ({numbers}) and first is not null group by all"""
                ).fetchall()
            )

    def _mark(self, connection: duckdb.DuckDBPyConnection) -> None:
        """For `once_per`: the earliest event of each subject counts, at its own time.

        An event that turns out to be earlier than the one that counted takes its place:
        the old one is taken back, the new one added. So order never matters.
        """
        listed = ", ".join(f"l{at + 1}" for at in range(self._labels))
        connection.execute(
            f"""create or replace temp table firsts as
            select rule, md5_number_lower(subject) as subject,
              unnest(arg_min({{'micros': micros, 'id': id, 'bucket': bucket,
                'labels': [{listed}]::varchar[], 'sk': sk, 'good': coalesce(good, false),
                'v': coalesce(v, 0)}}, (micros, id)))
            from matched where wants_subject and eligible
            group by rule, md5_number_lower(subject)"""
        )
        connection.execute(
            """create or replace temp table known as
            select rule, subject, unnest(arg_min({'micros': micros, 'id': id, 'bucket': bucket,
                'labels': labels, 'sk': sk, 'good': good, 'v': v}, (micros, id)))
            from marks semi join firsts using (rule, subject) group by rule, subject"""
        )
        places = "".join(f"labels[{at + 1}] as l{at + 1}, " for at in range(self._labels))
        connection.execute(
            f"""create or replace temp table changes as
            with earlier as (
              select f.* from firsts f left join known k using (rule, subject)
              where k.id is null or (f.micros, f.id) < (k.micros, k.id))
            select {places} * from (
              select 1 as sign, * from earlier
              union all
              select -1, k.* from known k semi join earlier using (rule, subject))"""
        )
        connection.execute(
            """insert into marks select rule, subject, micros, id, bucket, labels, sk, good, v
            from changes where sign > 0"""
        )

    def _run_latest(self, connection: duckdb.DuckDBPyConnection, matched: str) -> None:
        connection.execute(
            f"""insert into latest_recent
            with raw as materialized ({matched})
            select bucket, rule, key, max(micros), arg_max_null(v, (micros, id)),
              arg_max(id, (micros, id))
            from raw
            where matches and key is not null and (retires or v is not null) group by all"""
        )
