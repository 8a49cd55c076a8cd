"""Old rows merge: into quarter hours after a day, into the product's local days after 90.

Window bounds are snapped to the same grid (KPI_SEMANTICS, R3), so no value can tell. Late events
still land in old minutes; the next time finds them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import duckdb
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.pairs import DONE, EXCLUDED, STILL_OPEN
from loopgauge_collector.kinds.rules import LabelledRule, PairRule
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.partials.slices import MARGIN, ROWS, Unit, cut
from loopgauge_collector.storage.schema import (
    ACCOUNTING,
    ACTIVITY,
    LATEST,
    PARTIALS,
    SEQUENCES,
    SET_ASIDE,
    SUBJECTS,
    Layered,
)
from loopgauge_collector.storage.transactions import transaction
from loopgauge_collector.windows import (
    MINUTE,
    MINUTES_KEPT,
    QUARTERS_KEPT,
    midnight,
    to_datetime,
)

_QUARTER = 15
#: The zone of what belongs to no product.
_UTC = "UTC"


@dataclass(frozen=True, slots=True)
class _Form:
    """A table, or the part of it whose rows merge in one way.

    Attributes:
        owner: the column that tells whose a row is.
        moments: the columns that are floored.
        only: SQL of which rows may merge at all.
        paired: `bucket` is floored only together with `closed`.
        equal: nothing is floored; rows with the same keys become one, or none.
    """

    table: Layered
    owner: str
    moments: tuple[str, ...] = ("bucket",)
    only: str = "true"
    paired: bool = False
    equal: bool = False


# A subject is open at every moment between its beginning and its end, and its age then depends
# on the minute it began in. Only who ended in the quarter hour of the beginning is never seen
# open. For the failed and the late ones that minute matters for ever.
_FORMS = (
    _Form(PARTIALS, "series"),
    _Form(LATEST, "rule"),
    _Form(SUBJECTS, "series", ("closed",), f"outcome in ({DONE}, {EXCLUDED})", paired=True),
    # Who closed was open before: a row that was added, and one that takes it back.
    _Form(SUBJECTS, "series", (), f"outcome = {STILL_OPEN}", paired=True, equal=True),
    _Form(SUBJECTS, "series", ("bucket", "closed")),
    _Form(ACTIVITY, "product"),
    _Form(ACCOUNTING, "product"),
    _Form(SEQUENCES, "product"),
    _Form(SET_ASIDE, "product"),
)


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that are rewritten in one transaction.

    Attributes:
        zone: number of the zone whose days they become; None for quarter hours.
        where: SQL of which rows.
    """

    form: _Form
    zone: int | None
    where: str


class Compaction:
    """One round: what is due at a moment, by the catalog of that moment.

    Args:
        connection: the folding one.
        catalog: what is computed; rows of rules that it does not have stay as they are.
        registry: numbers of its rules.
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
        self._quarters_end = (now - MINUTES_KEPT - MARGIN) // MINUTE // _QUARTER * _QUARTER
        self._days_before = (now - QUARTERS_KEPT - MARGIN) // MINUTE
        zones = {name: product.zone for name, product in catalog.products.items()}
        self._zones = list(dict.fromkeys((_UTC, *(zone.key for zone in zones.values()))))
        self._note_products(zones)
        self._note_rules(catalog, registry)
        self._note_days()

    def _note_products(self, zones: Mapping[str, ZoneInfo]) -> None:
        self._make(
            "upkeep_products (product varchar, zone integer)",
            [(product, self._zones.index(zone.key)) for product, zone in zones.items()],
        )

    def _note_rules(self, catalog: Catalog, registry: SeriesRegistry) -> None:
        rows: dict[int, tuple[int, int, str, bool]] = {}
        for kpi in catalog.kpis():
            kind, zone = KINDS[kpi.kind], catalog.products[kpi.product].zone
            own = kind.zone(kpi)
            # Two calendars meet only at quarter hours.
            foreign = own is not None and own.key != zone.key
            grain = "quarter" if foreign and kind.grain == "day" else kind.grain
            for rule in kind.reduce(kpi, catalog):
                labels = rule.labels if isinstance(rule, LabelledRule) else ()
                names = [rule.identity, *((kpi.id, rule.revision, label) for label, _ in labels)]
                for found in map(registry.lookup, names):
                    if found is not None:
                        paired = isinstance(rule, PairRule)
                        rows[found[0]] = (found[0], self._zones.index(zone.key), grain, paired)
        self._make(
            "upkeep_rules (rule integer, zone integer, grain varchar, paired boolean)",
            list(rows.values()),
        )

    def _note_days(self) -> None:
        """Every local day that is old enough, from the first row on."""
        oldest = " union all ".join(
            f"select min(bucket) as bucket from {form.table.name}" for form in _FORMS
        )
        row = self._connection.execute(f"select min(bucket) from ({oldest})").fetchone()
        days: list[tuple[int, int, int]] = []
        if row is not None and row[0] is not None:
            for number, key in enumerate(self._zones):
                days += ((number, *day) for day in self._days(row[0], ZoneInfo(key)))
        self._make("upkeep_days (zone integer, low integer, high integer)", days)
        self._zones_with_days = sorted({zone for zone, _, _ in days})

    def _days(self, first: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
        day = to_datetime(first * MINUTE).astimezone(zone).date()
        low = midnight(day, zone) // MINUTE
        while True:
            day += timedelta(days=1)
            high = midnight(day, zone) // MINUTE
            if high > self._days_before:
                return
            yield low, high
            low = high

    def _make(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        name = table.split(maxsplit=1)[0]
        self._connection.execute(f"create or replace temp table {table}")
        if rows:
            places = ", ".join("?" for _ in rows[0])
            self._connection.executemany(f"insert into {name} values ({places})", rows)

    def slices(self) -> Iterator[Slice]:
        """What is due, looked up while it goes on: quarter hours first, then days."""
        for zone in (None, *self._zones_with_days):
            for form in _FORMS:
                if form.equal and zone is not None:
                    continue
                # What must stay together to merge: runs of one producer, whatever their numbers.
                apart = {"bucket", "closed", "low", "high"}
                others = [key for key in form.table.keys if key not in apart]
                for where in cut(self._due(form, zone), ROWS, "bucket", others):
                    yield Slice(form, zone, where)

    def _due(self, form: _Form, zone: int | None) -> list[Unit]:
        """Quarter hours or days with rows that do not stand on the grid yet."""
        whose = f"{form.only} and {self._owned(form, zone)}"
        if form.equal:
            query = f"""select bucket // {_QUARTER} * {_QUARTER} as since, since + {_QUARTER},
                  sum(rows)
                from (
                  select bucket, count(*)::bigint as rows from {form.table.name}
                  where bucket < {self._quarters_end} and {whose}
                  group by {", ".join(form.table.keys)} having rows > 1)"""
        elif zone is None:
            off = " or ".join(
                f"({moment} < {self._quarters_end} and {moment} % {_QUARTER} <> 0)"
                for moment in form.moments
            )
            query = f"""select bucket // {_QUARTER} * {_QUARTER} as since, since + {_QUARTER},
                  count(*)
                from {form.table.name}
                where bucket < {self._quarters_end} and ({off}) and {whose}"""
        else:
            days = f"(select low, high from upkeep_days where zone = {zone})"
            (end,) = self._connection.execute(f"select max(high) from {days}").fetchone() or (0,)
            off = " or ".join(
                f"({moment} < {end} and {moment} not in (select low from {days}))"
                for moment in form.moments
            )
            query = f"""select d.low, d.high, count(*) from {form.table.name}
                asof join {days} d on bucket >= d.low
                where bucket < {end} and ({off}) and {whose}"""
        found = self._connection.execute(f"{query} group by all order by 1").fetchall()
        return [Unit(*row) for row in found]

    def _owned(self, form: _Form, zone: int | None) -> str:
        if form.owner == "product":
            if zone is None:
                return "true"
            same = "not in" if zone == 0 else "in"
            other = f"zone <> {zone}" if zone == 0 else f"zone = {zone}"
            return f"product {same} (select product from upkeep_products where {other})"
        fits = "grain <> 'minute'" if zone is None else f"grain = 'day' and zone = {zone}"
        if form.table is SUBJECTS:
            fits += f" and paired = {form.paired}"
        rules = f"select rule from upkeep_rules where {fits}"
        if form.owner == "series":
            rules = f"select series from series where rule in ({rules})"
        return f"{form.owner} in ({rules})"

    def run(self, part: Slice) -> None:
        """Rewrite the rows of a slice, one for each key, in a transaction of its own.

        No new generation: what readers keep of the large tables reads the same afterwards.
        """
        table, connection = part.form.table, self._connection
        chosen = f"{part.where} and {part.form.only} and {self._owned(part.form, part.zone)}"
        floored = self._floored(part)
        keys = ", ".join(
            f"{floored[key]}::{kind} as {key}" if key in floored else f"t.{key}"
            for key, kind in table.keys.items()
        )
        values = ", ".join(f"t.{name}" for name in table.merged)
        days = f"(select low, high from upkeep_days where zone = {part.zone})"
        joins = "".join(
            f" asof left join {days} d_{moment} on t.{moment} >= d_{moment}.low"
            for moment in floored
            if part.zone is not None
        )
        with transaction(connection):
            rows = f"""(select {keys}, {values}
                from (select * from {table.name} where {chosen}) t{joins})"""
            connection.execute(
                f"""create or replace temp table upkeep_rows as
                select * from ({table.merged_of(rows)}) {_saying(table)}
                order by {", ".join(table.keys)}"""
            )
            connection.execute(f"delete from {table.name} where {chosen}")
            connection.execute(f"insert into {table.name} by name select * from upkeep_rows")

    def _floored(self, part: Slice) -> dict[str, str]:
        """SQL of what becomes of each moment."""
        moments = ("bucket", "closed") if part.form.table is SUBJECTS else ("bucket",)
        if part.zone is None:
            sql = {
                moment: f"(case when t.{moment} < {self._quarters_end} "
                f"then t.{moment} - t.{moment} % {_QUARTER} else t.{moment} end)"
                for moment in moments
            }
        else:
            sql = {
                moment: f"(case when t.{moment} < d_{moment}.high "
                f"then d_{moment}.low else t.{moment} end)"
                for moment in moments
            }
        if part.form.paired:
            sql["bucket"] = (
                f"(case when {sql['bucket']} = {sql['closed']} then {sql['bucket']} "
                "else t.bucket end)"
            )
        return sql


def _saying(table: Layered) -> str:
    """Leave out rows that say nothing: all their sums are zero."""
    if table not in (PARTIALS, SUBJECTS):
        return ""
    said = [
        f"{name} <> 0" if aggregate.startswith("sum") else f"{name} is not null"
        for name, (_, aggregate) in table.merged.items()
    ]
    return f"where {' or '.join(said)}"
