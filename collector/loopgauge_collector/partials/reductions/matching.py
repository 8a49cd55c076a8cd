"""Joins the events of a fold with the rules that read them, in one statement for all rules.

Rules stand in a temp table. What they compute differs, so each column of the result is one
CASE over the distinct expressions of all rules; a rule names its arm by a number.
"""

import itertools
from collections.abc import Mapping, Sequence, Set

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
#: Statements that are kept, by what is among the events of a fold.
_STATEMENTS = 64
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
        self._rules = rules
        self._columns = columns
        self._choices = choices
        self._constant = "".join(f", r.{name}" for name in facts)
        self._known: dict[frozenset[tuple[str, str]], str] = {}

    def sql(self, chosen: str, present: Set[tuple[str, str]]) -> str:
        """The statement for the events that fulfil a condition on `events`.

        Args:
            chosen: the condition.
            present: product and name of what is among them. Only what their rules need is in the
                statement: planning it takes longer than running it, and grows with each expression.
        """
        asked = frozenset(
            source for rule in self._rules if (source := (rule.product, rule.event)) in present
        )
        if asked not in self._known:
            if len(self._known) >= _STATEMENTS:
                self._known.clear()
            self._known[asked] = self._made(asked)
        return self._known[asked].replace(_CHOSEN, chosen)

    def _made(self, asked: Set[tuple[str, str]]) -> str:
        places = [at for at, r in enumerate(self._rules) if (r.product, r.event) in asked]
        wanted = {
            name: [text for at in places if (text := of[at]) is not None]
            for name, (_, of) in self._columns.items()
        }
        computed = "".join(
            f", r.{name} <> 0 as wants_{name}, "
            f"{self._choices[name].sql(kind, wanted[name])} as {name}"
            for name, (kind, _) in self._columns.items()
        )
        staged = _staged(
            [self._rules[at] for at in places], [text for of in wanted.values() for text in of]
        )
        return f"""
            select r.rule, s.bucket, s.micros, s.id{self._constant}{computed}
            from {staged} s join {self.table} r
              on s.product = r.product and s.name = r.name
              and (s.environment is null or s.environment = r.environment)"""


class _Choice:
    """Distinct expressions, numbered from 1, behind one CASE; 0 stands for none."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers: dict[str, int] = {}

    def number(self, sql: str | None) -> int:
        return 0 if sql is None else self._numbers.setdefault(sql, len(self._numbers) + 1)

    def sql(self, kind: str, wanted: Sequence[str]) -> str:
        """`case r.v when 1 then … when 2 then … end` with the arms that are wanted, typed."""
        arms = " ".join(f"when {self._numbers[sql]} then {sql}" for sql in dict.fromkeys(wanted))
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
