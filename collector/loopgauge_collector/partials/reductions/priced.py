"""Costs: items are priced as they are folded, and then summed like anything else.

Prices stand in a temp table that the items are joined with, so hundreds of them do not make
the statement longer.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import duckdb

from loopgauge_collector.kinds.expressions import text
from loopgauge_collector.kinds.pricing import Tariff
from loopgauge_collector.kinds.rules import PricedRule
from loopgauge_collector.kinds.staging import column
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.reductions.additive import Additive
from loopgauge_collector.partials.reductions.matching import Columns, Facts, temp_name
from loopgauge_collector.partials.series import SeriesRegistry

#: What an item is priced by. A quantity is what `cost.unit` says, so it has no unit of its own.
_ITEM = {
    "amount": ("bigint", column("money", "cost.amount")),
    "currency": ("varchar", text("cost.currency")),
    "quantity": ("bigint", column("micro_1", "cost.quantity")),
    "unit": ("varchar", text("cost.unit")),
    "provider": ("varchar", text("provider")),
    "model": ("varchar", text("model")),
    "operation": ("varchar", text("operation")),
}


class Priced(Additive):
    """`s` sums the items that could be priced, `good` counts them, `n` counts all."""

    def __init__(
        self,
        rules: Sequence[PricedRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
        logs: Logs,
    ) -> None:
        self._tariffs: dict[Tariff, int] = {}
        for rule in rules:
            self._tariffs.setdefault(rule.tariff, len(self._tariffs))
        self._prices = temp_name("prices")
        super().__init__(rules, registry, connection, logs)
        self.tables.append(self._prices)
        connection.execute(
            f"""create temp table {self._prices} (tariff integer, found_by varchar, name varchar,
            provider varchar, unit varchar, since bigint, upto bigint,
            factor struct(num hugeint, den hugeint, most bigint))"""
        )
        rows = [
            (number, *astuple(row)) for tariff, number in self._tariffs.items() for row in tariff
        ]
        connection.executemany(
            f"""insert into {self._prices} values (?, ?, ?, ?, ?, ?, ?,
            {{'num': ?, 'den': ?, 'most': ?}})""",
            rows,
        )

    def computed(self, rules: Sequence[Any]) -> tuple[Columns, Facts]:
        """What an item says about its price, the same for all rules; and who prices it."""
        columns: Columns = {name: (kind, [sql] * len(rules)) for name, (kind, sql) in _ITEM.items()}
        facts: Facts = {
            "sketch": ("boolean", [False] * len(rules)),
            "tariff": ("integer", [self._tariffs[rule.tariff] for rule in rules]),
        }
        return columns, facts

    def read(self, matched: str) -> str:
        """The provider's amount, else the quantity at the price of its time, rounded once.

        A price for the model comes before one for the operation.
        """
        return f"""
            with item as materialized (
              select *, case when amount is not null then coalesce(currency, '') end as code
              from ({matched})),
            times as (
              select i.*, coalesce(amount, quantity) as used, case when amount is not null
                then a.factor when m.tariff is not null then m.factor else o.factor end as factor
              from item i
              left join {self._for("amount")} a on {_fits("a", "code")}
              left join {self._for("model")} m on {_fits("m", "model")} and {_used("m")}
              left join {self._for("operation")} o
                on {_fits("o", "operation")} and {_used("o")}),
            known as (
              select *, case when used between -factor.most and factor.most then sign(used) * (
                (abs(used)::hugeint * 2 * factor.num + factor.den) // (2 * factor.den)
                ) end::bigint as price
              from times)
            select *, coalesce(price, 0) as v, false as wants_v,
              price is not null as good, true as wants_good
            from known"""

    def _for(self, by: str) -> str:
        return f"(select * from {self._prices} where found_by = '{by}')"


def _fits(price: str, name: str) -> str:
    """The price is for what the item is, and holds at its time."""
    return (
        f"{price}.tariff = i.tariff and {price}.name = i.{name} "
        f"and i.micros >= {price}.since and i.micros < {price}.upto"
    )


def _used(price: str) -> str:
    """The price is for what was used."""
    return f"{price}.provider = i.provider and {price}.unit = i.unit"
