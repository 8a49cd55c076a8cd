"""From rows by rule and label values to rows by series: the total's, and each breakdown's."""

from collections.abc import Mapping, Sequence

import duckdb
from loopgauge_catalog.names import NONE_VALUE, OTHER_VALUE

from loopgauge_collector.kinds.rules import LABEL_SET, LabelledRule
from loopgauge_collector.partials.reductions.matching import temp_name
from loopgauge_collector.partials.series import SeriesRegistry

#: `sums` with the series of its rows; a label value beyond the cap has that of the others.
SERIES = f"""sums left join series s on s.rule = sums.rule and s.value = sums.label
    left join series o on o.rule = sums.rule and o.value = '{OTHER_VALUE}'"""


class Breakdown:
    """The labels of a set of rules, each in a column of its own (`l1`, `l2`).

    Attributes:
        numbers: of the rules' totals, in the order of the rules.
        places: the label columns that rows need.
        columns: what a `Matching` has to compute for them.
        table: temp table of the parts that each total has.

    Args:
        rules: rules of one KPI and revision share their number.
        registry: gives numbers and series.
        connection: the folding one, inside a transaction.
    """

    def __init__(
        self,
        rules: Sequence[LabelledRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self._registry = registry
        self._connection = connection
        self._kpis: dict[int, str] = {}
        self._uncapped: set[int] = set()
        self.numbers: list[int] = []
        parts: dict[tuple[int, int], int] = {}
        for rule in rules:
            total = registry.rule(connection, rule.identity)
            self.numbers.append(total)
            self._kpis[total] = rule.kpi
            parts[total, 0] = total
            for place, (label, _) in enumerate(rule.labels, start=1):
                part = registry.rule(connection, (rule.kpi, rule.revision, label))
                self._kpis[part] = rule.kpi
                if label == LABEL_SET:
                    self._uncapped.add(part)
                parts[total, place] = part
        self._parts = parts
        most = max(len(rule.labels) for rule in rules)
        self.places = [f"l{at + 1}" for at in range(most)]
        self.columns: Mapping[str, tuple[str, list[str | None]]] = {
            place: (
                "varchar",
                [rule.labels[at][1] if at < len(rule.labels) else None for rule in rules],
            )
            for at, place in enumerate(self.places)
        }
        self.table = temp_name("parts")
        connection.execute(
            f"create temp table {self.table} (total integer, place integer, rule integer)"
        )
        connection.executemany(
            f"insert into {self.table} values (?, ?, ?)",
            [(total, place, part) for (total, place), part in parts.items()],
        )

    def parts_of(self, totals: Sequence[int]) -> list[int]:
        """The numbers of totals and of all their breakdowns."""
        return [part for (total, _), part in self._parts.items() if total in totals]

    def valued(self) -> str:
        """Select list: the labels of matched events, `__none__` where one is missing."""
        return "".join(
            f"case when wants_{place} then coalesce({place}, '{NONE_VALUE}') end as {place}, "
            for place in self.places
        )

    def listed(self) -> str:
        """Select list: the label columns, as they are."""
        return "".join(f"{place}, " for place in self.places)

    def resolve(
        self,
        rows: str,
        keys: Sequence[str],
        sums: Mapping[str, str],
        *,
        events: str = "n",
        order: str = "0",
    ) -> None:
        """Make the temp table `sums` with a row for every part; new label values get a series.

        Args:
            rows: a query with `rule`, the label columns, the keys and the columns to sum.
            keys: columns that tell rows apart.
            sums: column -> aggregate over it, typed.
            events: aggregate of how many events a label value has, for the overflow counter.
            order: aggregate that says which label value came first.
        """
        summed = ", ".join(f"{aggregate} as {column}" for column, aggregate in sums.items())
        self._connection.execute(
            f"""create or replace temp table sums as
            select p.rule, {self._chosen("x")} as label, {", ".join(keys)}, {summed}
            from ({rows}) x join {self.table} p on p.total = x.rule group by all"""
        )
        self._admit(f"select rule, label, {events} as n, {order} as moment from sums")

    def _admit(self, seen: str) -> None:
        """Give new label values a series; a query of `rule`, `label`, `n` and `moment`."""
        fresh = self._connection.execute(
            f"""select seen.rule, label, sum(n)::bigint from ({seen}) seen
            anti join series on series.rule = seen.rule and series.value = seen.label
            group by all order by seen.rule, min(moment), label"""
        ).fetchall()
        if fresh:
            self._registry.admit(
                self._connection,
                [(rule, label, self._kpis[rule], n) for rule, label, n in fresh],
                self._uncapped,
            )

    def admit(self, matched: str) -> None:
        """Give the label values of events a series, as far as the cap allows.

        Args:
            matched: a table of events, or one with a condition; `valued` made its labels.
        """
        if self.places:
            self._admit(
                f"""select p.rule, {self._chosen("m")} as label, 1 as n, micros as moment
                from (from {matched}) m join {self.table} p on p.total = m.rule and p.place > 0
                where label is not null"""
            )

    def admitted(self) -> str:
        """SQL of an event's labels as a list: values without a series are `__other__`.

        It needs `join_admitted`.
        """
        values = ", ".join(
            f"case when {place} is not null then coalesce(s{place}.value, '{OTHER_VALUE}') end"
            for place in self.places
        )
        return f"[{values}]::varchar[]"

    def join_admitted(self, matched: str) -> str:
        """Joins that `admitted` needs; `matched` is the alias of the events."""
        return " ".join(
            f"""left join {self.table} p{place} on p{place}.total = {matched}.rule
              and p{place}.place = {number}
            left join series s{place} on s{place}.rule = p{place}.rule
              and s{place}.value = {matched}.{place}"""
            for number, place in enumerate(self.places, start=1)
        )

    def _chosen(self, rows: str) -> str:
        """SQL of the label value of the breakdown `p`; empty for the total."""
        arms = " ".join(
            f"when {at} then {rows}.{place}" for at, place in enumerate(self.places, start=1)
        )
        return f"case p.place when 0 then '' {arms} end" if arms else "''"
