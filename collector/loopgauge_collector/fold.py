"""The second transaction: all events since a position become partials, exactly once.

One fold stages the events with the attributes that the rules need, and runs each
reduction for all rules in one statement. A rebuild is the same code from position 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE

from loopgauge_collector.expressions import staging_schema
from loopgauge_collector.rules import Rule
from loopgauge_collector.series import SeriesRegistry
from loopgauge_collector.statistics import SKETCH_STEP, SKETCH_ZERO

#: Values below a thousandth of the unit share one index, shown as 0.
_SKETCH_FLOOR = 1000


def _choice(numbered: dict[str, int], column: str) -> str:
    """`case r.v when 1 then … when 2 then … end` over the distinct expressions."""
    if not numbered:
        return "null"
    arms = " ".join(f"when {number} then {sql}" for sql, number in numbered.items())
    return f"case r.{column} {arms} end"


class _Numbered:
    """Distinct expressions, numbered from 1; 0 stands for none."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, sql: str | None) -> int:
        if sql is None:
            return 0
        return self.numbers.setdefault(sql, len(self.numbers) + 1)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One reduction: the rules as a VALUES list and the statement over them."""

    rules: str
    matched: str


class FoldPlan:
    """All rules of a set of KPIs, compiled to SQL once.

    Args:
        rules: what to reduce.
        registry: gives rules their numbers.
        connection: the writer's, inside a transaction (new rules are stored).
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._registry = registry
        self.rules = tuple(rules)
        numbers = {rule: registry.rule(connection, rule.identity) for rule in self.rules}
        self._kpis = {number: rule.kpi for rule, number in numbers.items()}
        names = dict.fromkeys(name for rule in self.rules for name in rule.attributes)
        names["user.internal"] = None
        self._schema = staging_schema(tuple(names))
        additive = [rule for rule in self.rules if rule.reduction == "additive"]
        latest = [rule for rule in self.rules if rule.reduction == "latest"]
        self._additive = self._compile(additive, numbers) if additive else None
        self._latest = self._compile(latest, numbers) if latest else None
        self._dated = {numbers[rule] for rule in additive if rule.dated}
        self._once = any(rule.subject for rule in additive)
        self._plain = any(not rule.subject for rule in additive)

    def _compile(self, rules: list[Rule], numbers: dict[Rule, int]) -> _Compiled:
        value, where, good, label, subject, key = (_Numbered() for _ in range(6))
        rows = [
            f"({numbers[rule]}, '{rule.product}', '{rule.event}', '{_escaped(rule.environment)}', "
            f"{where(rule.where)}, {value(rule.value)}, {good(rule.good)}, "
            f"{label(rule.label_text)}, {subject(rule.subject)}, {key(rule.key)}, "
            f"{str(rule.sketch).lower()}, {str(rule.retires).lower()})"
            for rule in rules
        ]
        columns = "rule, product, name, environment, w, v, g, l, u, k, sketch, retires"
        matched = f"""
            select r.rule, r.sketch, r.retires, s.bucket, s.micros, s.id,
              {_choice(where.numbers, "w")} as matches,
              r.v <> 0 as wants_v, {_choice(value.numbers, "v")}::bigint as v,
              r.g <> 0 as wants_good, {_choice(good.numbers, "g")}::boolean as good,
              r.u <> 0 as wants_subject, {_choice(subject.numbers, "u")}::varchar as subject,
              case when r.l = 0 then '' else
                coalesce({_choice(label.numbers, "l")}::varchar, '{NONE_VALUE}') end as label,
              {_choice(key.numbers, "k")}::varchar as key
            from staged s join fold_rules r on s.product = r.product and s.name = r.name
              and (s.environment is null or s.environment = r.environment)"""
        return _Compiled(f"select * from (values {', '.join(rows)}) x({columns})", matched)

    def run(self, connection: duckdb.DuckDBPyConnection, after: int, upto: int) -> None:
        """Append the partials of all events with `after < seq <= upto`.

        Call it inside the transaction that also stores the new position.
        """
        if not self.rules:
            return
        connection.execute(
            f"""create or replace temp table staged as
            select * from (
              select id, epoch_us(time) as micros,
                (epoch_us(time) // 60000000)::integer as bucket, product, name, environment,
                from_json(attributes, {self._schema}) as a
              from events where seq > {after} and seq <= {upto} and product <> '')
            -- People of the product's own team are no users (KPI_SEMANTICS 1, point 5).
            where a."user.internal"::varchar is distinct from 'true'"""
        )
        if self._additive is not None:
            self._run_additive(connection, self._additive)
        if self._latest is not None:
            self._run_latest(connection, self._latest)

    def _run_additive(self, connection: duckdb.DuckDBPyConnection, plan: _Compiled) -> None:
        connection.execute(f"create or replace temp table fold_rules as {plan.rules}")
        eligible = (
            "matches and (not wants_v or v is not null) and (not wants_good or good is not null)"
            " and (not wants_subject or subject is not null)"
        )
        connection.execute(
            f"""create or replace temp table matched as
            select rule, bucket, micros, id, wants_subject, subject, label, v, good,
              {eligible} as eligible,
              case when not sketch or v is null then 0 when v < {_SKETCH_FLOOR} then {SKETCH_ZERO}
                else floor(ln(v / 1e6) / {SKETCH_STEP}) end::smallint as sk
            from ({plan.matched}) where matches is not false"""
        )
        parts = []
        if self._plain:
            parts.append(
                """select rule, label, bucket, sk, count(*) filter (eligible) as n,
                  count(*) filter (eligible and good) as good,
                  coalesce(sum(v) filter (eligible), 0)::hugeint as s,
                  coalesce(sum(v::hugeint * v) filter (eligible), 0)::hugeint as s2,
                  count(*) filter (eligible is not true) as ineligible,
                  min(micros) filter (eligible) as first
                from matched where not wants_subject group by all"""
            )
        if self._once:
            self._mark(connection)
            parts.append(
                """select rule, value as label, bucket, sk, sum(sign) as n,
                  sum(sign) filter (good) as good, sum(sign * v)::hugeint as s,
                  sum(sign * v::hugeint * v)::hugeint as s2, 0 as ineligible,
                  min(time) filter (sign > 0) as first
                from changes group by all
                union all
                select rule, label, bucket, 0, 0, 0, 0, 0, count(*), null
                from matched where wants_subject and eligible is not true group by all"""
            )
        connection.execute(f"create or replace temp table sums as {' union all '.join(parts)}")
        self._admit(connection)
        connection.execute(
            f"""insert into partials_recent
            select bucket, coalesce(s.series, o.series), sk, sum(n), coalesce(sum(good), 0),
              coalesce(sum(s), 0), coalesce(sum(s2), 0), sum(ineligible), min(first)
            from sums left join series s on s.rule = sums.rule and s.value = sums.label
              left join series o on o.rule = sums.rule and o.value = '{OTHER_VALUE}'
            group by all"""
        )
        if self._dated:
            self._registry.note_firsts(
                connection.execute(
                    f"""select series, min(first) from sums join series s
                      on s.rule = sums.rule and s.value = sums.label
                    where sums.rule in ({", ".join(map(str, sorted(self._dated)))})
                      and first is not null group by series"""
                ).fetchall()
            )

    def _mark(self, connection: duckdb.DuckDBPyConnection) -> None:
        """For `once_per`: the earliest event of each subject counts, at its own time.

        An event that turns out to be earlier than the one that counted takes its place:
        the old one is taken back, the new one added. So order never matters.
        """
        connection.execute(
            """create or replace temp table firsts as
            select rule, md5_number_lower(subject) as subject,
              unnest(arg_min({'time': micros, 'id': id, 'bucket': bucket, 'value': label,
                'sk': sk, 'good': coalesce(good, false), 'v': coalesce(v, 0)}, (micros, id)))
            from matched where wants_subject and eligible group by rule, md5_number_lower(subject)"""
        )
        connection.execute(
            """create or replace temp table known as
            select rule, subject, unnest(arg_min({'time': time, 'id': id, 'bucket': bucket,
                'value': value, 'sk': sk, 'good': good, 'v': v}, (time, id)))
            from marks semi join firsts using (rule, subject) group by rule, subject"""
        )
        connection.execute(
            """create or replace temp table changes as
            with earlier as (
              select f.* from firsts f left join known k using (rule, subject)
              where k.id is null or (f.time, f.id) < (k.time, k.id))
            select 1 as sign, * from earlier
            union all
            select -1, k.* from known k semi join earlier using (rule, subject)"""
        )
        connection.execute(
            """insert into marks select rule, subject, time, id, bucket, value, sk, good, v
            from changes where sign > 0"""
        )

    def _admit(self, connection: duckdb.DuckDBPyConnection) -> None:
        fresh = connection.execute(
            """select rule, label, sum(n + ineligible)::bigint from sums
            where not exists (select 1 from series s where s.rule = sums.rule and s.value = label)
            group by rule, label order by rule, min(first), label"""
        ).fetchall()
        self._registry.admit(
            connection, [(rule, label, self._kpis[rule], int(n)) for rule, label, n in fresh]
        )

    def _run_latest(self, connection: duckdb.DuckDBPyConnection, plan: _Compiled) -> None:
        connection.execute(f"create or replace temp table fold_rules as {plan.rules}")
        connection.execute(
            f"""insert into latest_recent
            select bucket, rule, key, max(micros), arg_max_null(v, (micros, id)),
              arg_max(id, (micros, id))
            from ({plan.matched})
            where matches and key is not null and (retires or v is not null) group by all"""
        )


def _escaped(text: str) -> str:
    return text.replace("'", "''")
