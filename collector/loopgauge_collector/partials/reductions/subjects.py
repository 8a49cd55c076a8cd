"""What follows subjects: their steps are stored, and their rows are made from those.

The rows of a subject are a function of the set of its steps. A fold takes the touched
subjects, computes their rows from the steps known before and from those known now, and
appends the difference. So order, batches and lateness cannot matter. All rules of all shapes
run in the same few statements, because planning one costs more than running it.
"""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np

from loopgauge_collector.kinds.rules import (
    ActivityRule,
    FunnelRule,
    LevelRule,
    NewestRule,
    PairRule,
    SubjectRule,
)
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.reductions.activities import ACTIVITY
from loopgauge_collector.partials.reductions.base import Reduction, Source
from loopgauge_collector.partials.reductions.breakdown import Breakdown
from loopgauge_collector.partials.reductions.funnels import FUNNEL
from loopgauge_collector.partials.reductions.levels import LEVEL
from loopgauge_collector.partials.reductions.matching import Facts, Matching, temp_name
from loopgauge_collector.partials.reductions.newest import NEWEST
from loopgauge_collector.partials.reductions.pairs import PAIR
from loopgauge_collector.partials.reductions.shapes import Shape
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.storage.schema import Layered
from loopgauge_collector.windows import MINUTE

SHAPES: Mapping[type[SubjectRule], Shape] = {
    PairRule: PAIR,
    FunnelRule: FUNNEL,
    LevelRule: LEVEL,
    ActivityRule: ACTIVITY,
    NewestRule: NEWEST,
}

#: More known steps than this are first reduced to those that matter; it costs a statement.
MANY = 1000
_BESIDE = """select distinct on (rule, subject, step, labels) * exclude (first, last)
    from hits where micros {} order by micros {}, id {}"""
#: Of moments that count one by one the neighbours are enough: of each label set the last step
#: before the arrived ones, those between, and the first after. What the others are followed
#: by, no arrival changes.
_NEIGHBOURS = f"""
    with hits as materialized (
      select k.*, first, last from known k join (
        select rule, subject, min(micros) filter (by_minute) // {MINUTE} * {MINUTE} as first,
          (max(micros) filter (by_minute) // {MINUTE} + 1) * {MINUTE} as last
        from arrived group by all) using (rule, subject))
    select * exclude (first, last) from hits
    where first is null or (micros >= first and micros < last)
    union all ({_BESIDE.format("< first", "desc", "desc")})
    union all ({_BESIDE.format(">= last", "asc", "asc")})"""


class Subjects(Reduction):
    """All rules that follow subjects."""

    def __init__(
        self,
        rules: Sequence[SubjectRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
        logs: Logs,
    ) -> None:
        super().__init__(rules, registry, connection, logs)
        self._labels = Breakdown(rules, registry, connection)
        numbers = self._labels.numbers
        columns: dict[str, tuple[str, list[str | None]]] = {
            "subject": ("varchar", [rule.subject for rule in rules]),
            "v": ("bigint", [getattr(rule, "value", None) for rule in rules]),
            "good": ("boolean", [getattr(rule, "good", None) for rule in rules]),
            **self._labels.columns,
        }
        shaped = [SHAPES[type(rule)] for rule in rules]
        facts: Facts = {
            "step": ("utinyint", [rule.step for rule in rules]),
            "by_minute": ("boolean", [shape.by_minute for shape in shaped]),
            "by_value": ("boolean", [shape.by_minute and not shape.newest for shape in shaped]),
        }
        self._matching = Matching(rules, numbers, columns, facts, connection)
        #: Temp table of what holds for all steps of a rule.
        self._settings = temp_name("settings")
        connection.execute(
            f"""create temp table {self._settings} (rule integer, shape varchar, span bigint,
              thresholds bigint[], first bigint, further bigint, by_minute boolean,
              newest boolean)"""
        )
        # In whole microseconds "below" is "at most one less".
        settings = {
            number: (
                shape.name,
                rule.limit,
                [limit - (symbol == "<") for symbol, limit in getattr(rule, "thresholds", ())],
                shape.first,
                shape.further,
                shape.by_minute,
                shape.newest,
            )
            for number, rule in zip(numbers, rules, strict=True)
            for shape in (SHAPES[type(rule)],)
        }
        connection.executemany(
            f"insert into {self._settings} values (?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, *row) for number, row in settings.items()],
        )
        #: Whose ineligible events are counted for label values too.
        self._shares = sorted(
            {n for n, rule in zip(numbers, rules, strict=True) if isinstance(rule, NewestRule)}
        )
        self._shapes: dict[str, set[Source]] = {}
        for rule in rules:
            name = SHAPES[type(rule)].name
            self._shapes.setdefault(name, set()).add((rule.product, rule.event))
        self.tables = [self._matching.table, self._labels.table, self._settings]

    def run(self, chosen: str, present: set[Source]) -> None:
        """Append what the chosen events change."""
        connection = self._connection
        connection.execute(
            f"""create or replace temp table matched as
            with raw as materialized ({self._matching.sql(chosen, present)})
            select rule, bucket, micros, id,
              (case when good then step + 1 else step end)::utinyint as step,
              by_minute, by_value, {self._labels.valued()} v, md5_number_lower(subject) as subject,
              coalesce(matches and subject is not null and (not wants_v or v is not null)
                and (not wants_good or good is not null), false) as eligible
            from raw where matches is not false"""
        )
        shares = ", ".join(map(str, self._shares)) or "null"
        self._labels.admit(f"matched where eligible or rule in ({shares})")
        self._count_ineligible(shares)
        connection.execute(
            f"""create or replace temp table arrived as
            select m.rule, subject, step, micros, id, {self._labels.admitted()} as labels, v,
              by_value, by_minute
            from matched m {self._labels.join_admitted("m")} where eligible"""
        )
        self._find_known()
        connection.execute(f"create or replace temp table lives as {self._lives()}")
        connection.execute(
            """insert into steps_recent
            select rule, subject, step, micros, id, labels, v, by_value from lives where fresh"""
        )
        # Shapes without an arrived event have no lives.
        shapes = [s for s in SHAPES.values() if self._shapes.get(s.name, set()) & present]
        for target in {shape.target.name: shape.target for shape in shapes}.values():
            rows = " union all by name ".join(
                f"({shape.rows})" for shape in shapes if shape.target is target
            )
            self._append(target, rows)

    def _find_known(self) -> None:
        """Make `known`: the stored steps that the arrived ones can change something about."""
        connection, log = self._connection, self._logs.steps
        asked = connection.execute(
            f"""select key, rule::bigint as rule, subject,
              min(micros) filter (by_minute) // {MINUTE} * {MINUTE} as since
            from (select *, {log.keys} as key from arrived) group by all order by key"""
        ).fetchnumpy()
        key, rule, subject = (np.asarray(asked[name]) for name in ("key", "rule", "subject"))
        since = np.ma.asarray(asked["since"])
        before = log.places.before(rule, np.ma.filled(since, 0))
        # Where moments do not count one by one, every step of the subject is needed.
        before[np.ma.getmaskarray(since)] = 0
        log.fetch(key, rule, subject, before)
        row = connection.execute(
            f"""create or replace temp table known as
            select * from {log.near} semi join arrived using (rule, subject)"""
        ).fetchone()
        assert row is not None
        if row[0] > MANY:
            connection.execute(f"create or replace temp table known as {_NEIGHBOURS}")

    def _lives(self) -> str:
        """The kept steps of touched subjects, before (sign -1) and now.

        Steps that others pushed out stay stored; what is kept is a function of all of them.
        """
        return f"""
            select sign, rule, subject, step, micros, id, labels, v, sign > 0 and fresh as fresh,
              by_value, shape, span, thresholds,
              min(micros) filter (step = 0) over (partition by sign, rule, subject) as began
            from (
              select *, dense_rank() over (partition by sign, rule, subject, step
                order by micros) as place
              from (
                select distinct on (sign, rule, subject, step, moment, apart) *
                from (
                  select *, case when by_minute then micros // {MINUTE} else micros end as moment,
                    case when by_minute and not newest then labels end as apart
                  from (
                    select 1 as sign, true as fresh, * exclude (by_minute) from arrived
                    union all by name select 1 as sign, false as fresh, * from known
                    union all by name select -1 as sign, false as fresh, * from known)
                  join {self._settings} using (rule))
                order by case when newest then -micros else micros end,
                  case when not newest then id end, id desc))
            where place <= coalesce(case step when 0 then first else further end, place)"""

    def _append(self, target: Layered, rows: str) -> None:
        """Store the difference between the rows before and the rows now, for every breakdown."""
        keys = [key for key in target.keys if key != "series"]
        totals = {column: f"sum(sign * {column})" for column in target.merged}
        self._connection.execute(
            f"""insert into {target.recent} by name
            select s.series, {", ".join(keys)},
              {", ".join(f"{total} as {column}" for column, total in totals.items())}
            from ({rows}) x
              join {self._labels.table} p on p.total = x.rule
                and p.place = coalesce(x.place, p.place)
              join series s on s.rule = p.rule
                and s.value = case p.place when 0 then '' else x.labels[p.place] end
            group by all having {" or ".join(f"{total} <> 0" for total in totals.values())}"""
        )

    def _count_ineligible(self, shares: str) -> None:
        """Events that lack an attribute are counted with the sums of the total's series.

        Of shares of events also with those of their label values.
        """
        self._connection.execute(
            f"""insert into partials_recent
            select m.bucket, s.series, 0, 0, 0, 0, 0, count(distinct m.id), null
            from (
              select m.rule, bucket, id, {self._labels.admitted()} as labels
              from matched m {self._labels.join_admitted("m")} where not eligible) m
              join {self._labels.table} p on p.total = m.rule
                and (p.place = 0 or m.rule in ({shares}))
              join series s on s.rule = p.rule
                and s.value = case p.place when 0 then '' else m.labels[p.place] end
            group by all"""
        )
