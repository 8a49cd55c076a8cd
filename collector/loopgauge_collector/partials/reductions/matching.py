"""Joins the events of a fold with the rules that read them, in one statement for all rules.

Rules stand in a temp table. What they compute differs, so each column of the result is one
CASE over the distinct expressions of all rules; a rule names its arm by a number.
"""

import itertools
from collections.abc import Mapping, Sequence

import duckdb

from loopgauge_collector.kinds.rules import Rule
from loopgauge_collector.kinds.staging import Staging, column
from loopgauge_collector.windows import MINUTE

#: Name -> (SQL type, expression of each rule or None).
Columns = Mapping[str, tuple[str, Sequence[str | None]]]
#: Name -> (SQL type, constant of each rule).
Facts = Mapping[str, tuple[str, Sequence[object]]]

_INTERNAL = column("json", "user.internal")
#: Stands for the condition that chooses the events of one fold.
_CHOSEN = "@chosen"
#: A rebuild has tables beside those of the running fold, so each gets a name of its own.
_numbers = itertools.count(1)


def temp_name(stem: str) -> str:
    """A name for a temp table that no other plan has."""
    return f"{stem}_{next(_numbers)}"


class Matching:
    """Events joined with rules, as SQL.

    A row of the result has `rule`, `bucket`, `micros`, `id`, `matches` (whether the rule's
    filter holds; NULL when an attribute is missing), every fact, and for every column `x` the
    value `x` with `wants_x`, whether the rule asks for one at all.

    Args:
        rules: at least one.
        numbers: of the rules, in the same order.
        columns: name -> (SQL type, expression of each rule or None).
        facts: name -> (SQL type, constant of each rule).
        connection: the folding one, inside a transaction.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        numbers: Sequence[int],
        columns: Columns,
        facts: Facts,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.table = temp_name("rules")
        columns = {"matches": ("boolean", [rule.where for rule in rules]), **columns}
        choices = {name: _Choice(name) for name in columns}
        typed = [f"{name} {kind}" for name, (kind, _) in facts.items()]
        typed += [f"{name} integer" for name in columns]
        connection.execute(
            f"create temp table {self.table} (rule integer, product varchar, name varchar, "
            f"environment varchar, {', '.join(typed)})"
        )
        rows = [
            (
                number,
                rule.product,
                rule.event,
                rule.environment,
                *(constants[at] for _, constants in facts.values()),
                *(choices[name].number(asked[at]) for name, (_, asked) in columns.items()),
            )
            for at, (number, rule) in enumerate(zip(numbers, rules, strict=True))
        ]
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {self.table} values ({marks})", rows)
        expressions = [text for _, asked in columns.values() for text in asked if text is not None]
        computed = "".join(
            f", r.{name} <> 0 as wants_{name}, {choices[name].sql(kind)} as {name}"
            for name, (kind, _) in columns.items()
        )
        constant = "".join(f", r.{name}" for name in facts)
        self._sql = f"""
            select r.rule, s.bucket, s.micros, s.id{constant}{computed}
            from {_staged(rules, expressions)} s join {self.table} r
              on s.product = r.product and s.name = r.name
              and (s.environment is null or s.environment = r.environment)"""

    def sql(self, chosen: str) -> str:
        """The statement for the events that fulfil a condition on `events`."""
        return self._sql.replace(_CHOSEN, chosen)


class _Choice:
    """Distinct expressions, numbered from 1, behind one CASE; 0 stands for none."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers: dict[str, int] = {}

    def number(self, sql: str | None) -> int:
        return 0 if sql is None else self._numbers.setdefault(sql, len(self._numbers) + 1)

    def sql(self, kind: str) -> str:
        """`case r.v when 1 then … when 2 then … end`, typed."""
        arms = " ".join(f"when {number} then {sql}" for sql, number in self._numbers.items())
        return f"case r.{self._name} {arms} end::{kind}" if arms else f"null::{kind}"


def _staged(rules: Sequence[Rule], expressions: Sequence[str]) -> str:
    """The events that these rules read, with the readings that they name, as a subquery."""
    staging = Staging.of([_INTERNAL, *expressions])
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
