"""What all subject reductions share: the steps of a subject are stored, and its rows follow.

The rows of a subject are a function of the set of its steps. A fold takes the touched
subjects, computes their rows from the steps known before and from those known now, and
appends the difference. So order, batches and lateness cannot matter.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import duckdb

from loopgauge_collector.kinds.rules import SubjectRule
from loopgauge_collector.partials.reductions.base import Reduction, Source
from loopgauge_collector.partials.reductions.breakdown import SERIES, Breakdown
from loopgauge_collector.partials.reductions.matching import Matching, temp_name
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.statistics import SKETCH_STEP, SKETCH_ZERO
from loopgauge_collector.storage.schema import Layered

#: An end that seems up to a second before its beginning is one: clocks differ (R7).
SKEW = 1_000_000


def sketch_index(micros: str) -> str:
    """SQL of the log index of a duration; one below a millisecond is shown as 0."""
    return (
        f"(case when {micros} < 1000 then {SKETCH_ZERO} "
        f"else floor(ln({micros} / 1e6) / {SKETCH_STEP}) end)::smallint"
    )


class Subjects(Reduction):
    """All rules of one type.

    Attributes:
        target: the table that the rows go to.
        sums: its summed columns.
        kept: steps of a subject that are kept, the earliest at different times, by step; the
            last number holds for all further steps.
    """

    target: ClassVar[Layered]
    sums: ClassVar[dict[str, str]]
    kept: ClassVar[tuple[int, ...]]

    def __init__(
        self,
        rules: Sequence[SubjectRule],
        registry: SeriesRegistry,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        super().__init__(rules, registry, connection)
        self._labels = Breakdown(rules, registry, connection)
        numbers = self._labels.numbers
        columns: dict[str, tuple[str, list[str | None]]] = {
            "subject": ("varchar", [rule.subject for rule in rules]),
            "v": ("bigint", [getattr(rule, "value", None) for rule in rules]),
            **self._labels.columns,
        }
        facts = {"step": ("utinyint", [rule.step for rule in rules])}
        self._matching = Matching(rules, numbers, columns, facts, connection)
        #: Temp table of what holds for all steps of a rule.
        self.settings = temp_name("settings")
        connection.execute(
            f"create temp table {self.settings} (rule integer, span bigint, thresholds bigint[])"
        )
        # In whole microseconds "below" is "at most one less".
        settings = {
            number: (
                rule.limit,
                [limit - (symbol == "<") for symbol, limit in getattr(rule, "thresholds", ())],
            )
            for number, rule in zip(numbers, rules, strict=True)
        }
        connection.executemany(
            f"insert into {self.settings} values (?, ?, ?)",
            [(number, span, within) for number, (span, within) in settings.items()],
        )
        self.tables = [self._matching.table, self._labels.table, self.settings]

    @abstractmethod
    def rows(self, steps: str) -> str:
        """A query: the rows of subjects, from a table or query of their steps.

        It has `rule`, `labels` (a list), the keys of the target without `series`, and its sums.
        """

    def same(self) -> str:
        """SQL of what makes two steps the same one for `kept`: their time, or coarser."""
        return "micros"

    def run(self, chosen: str, _present: set[Source]) -> None:
        """Append what the chosen events change."""
        connection = self._connection
        places = ", ".join(self._labels.places)
        connection.execute(
            f"""create or replace temp table matched as
            with raw as materialized ({self._matching.sql(chosen)})
            select rule, bucket, micros, id, step, {self._labels.valued()} v,
              md5_number_lower(subject) as subject,
              matches and subject is not null and (not wants_v or v is not null) as eligible
            from raw where matches is not false"""
        )
        self._count_ineligible()
        connection.execute(
            f"""create or replace temp table arrived as
            select rule, subject, step, micros, id, [{places}]::varchar[] as labels, v
            from matched where eligible"""
        )
        connection.execute(
            """create or replace temp table known as
            select * from steps semi join arrived using (rule, subject)"""
        )
        wanted = (
            "case step "
            + " ".join(f"when {step} then {number}" for step, number in enumerate(self.kept[:-1]))
            + f" else {self.kept[-1]} end"
            if len(self.kept) > 1
            else str(self.kept[0])
        )
        connection.execute(
            f"""create or replace temp table told as
            select * exclude (place) from (
              select *, dense_rank() over (partition by rule, subject, step
                order by {self.same()}) as place
              from (
                select distinct on (rule, subject, step, {self.same()}) * from (
                  select *, true as fresh from arrived union all select *, false from known)
                order by micros, id))
            where place <= {wanted}"""
        )
        connection.execute("insert into steps select * exclude (fresh) from told where fresh")
        self._append()

    def _append(self) -> None:
        """Store the difference between the rows before and the rows now."""
        keys = [key for key in self.target.keys if key != "series"]
        listed, summed = ", ".join(keys), ", ".join(self.sums)
        places = "".join(
            f"labels[{at}] as {place}, " for at, place in enumerate(self._labels.places, start=1)
        )
        total = ", ".join(f"sum(sign * {column}) as {column}" for column in self.sums)
        changed = " or ".join(f"sum(sign * {column}) <> 0" for column in self.sums)
        self._labels.resolve(
            f"""select rule, {places} {listed}, {total} from (
              select 1 as sign, rule, labels, {listed}, {summed} from ({self.rows("told")})
              union all
              select -1, rule, labels, {listed}, {summed} from ({self.rows("known")}))
            group by all having {changed}""",
            keys,
            {column: f"sum({column})::{kind}" for column, kind in self.sums.items()},
            events=f"abs({next(iter(self.sums))})",
            order=keys[0],
        )
        columns = ", ".join(
            "coalesce(s.series, o.series)" if key == "series" else key for key in self.target.keys
        )
        self._connection.execute(
            f"""insert into {self.target.recent}
            select {columns}, {", ".join(f"sum({column})" for column in self.sums)}
            from {SERIES} group by all"""
        )

    def _count_ineligible(self) -> None:
        """Events that lack an attribute are counted with the sums of the total's series."""
        self._connection.execute(
            """insert into partials_recent
            select m.bucket, s.series, 0, 0, 0, 0, 0, count(*), null
            from matched m join series s on s.rule = m.rule and s.value = ''
            where not coalesce(m.eligible, false) group by all"""
        )
