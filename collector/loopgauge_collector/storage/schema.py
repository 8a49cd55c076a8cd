"""The tables of the store, and which of them are layered.

A layered table has a twin `<name>_recent` that takes the small appends; once a minute
they are merged into the large one, so that a read of the last second does not have to
look at history and history does not fill with rows that mean the same.
"""

from dataclasses import dataclass

SCHEMA_VERSION = 2
#: The minute of closing of a subject that is still open.
OPEN = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Layered:
    """A table whose rows merge: same keys, columns joined by an aggregate.

    Attributes:
        name: the large table; the small one is `<name>_recent`.
        keys: columns that identify a row, with their types.
        merged: column -> (type, aggregate as SQL over the column).
    """

    name: str
    keys: dict[str, str]
    merged: dict[str, tuple[str, str]]

    @property
    def recent(self) -> str:
        """The table that takes appends."""
        return f"{self.name}_recent"

    @property
    def both(self) -> str:
        """A query over the two, as a table."""
        return f"(select * from {self.name} union all select * from {self.recent})"

    def ddl(self) -> tuple[str, str]:
        """The two `create table` statements."""
        columns = ", ".join(
            [f"{name} {kind}" for name, kind in self.keys.items()]
            + [f"{name} {kind}" for name, (kind, _) in self.merged.items()]
        )
        return (f"create table {self.name} ({columns})", f"create table {self.recent} ({columns})")

    def merge(self) -> str:
        """Move everything recent into the large table, merged."""
        return f"insert into {self.name} {self.merged_of(self.recent)}"

    def merged_of(self, rows: str) -> str:
        """A query that makes one row per key of the rows of a table or query."""
        keys = ", ".join(self.keys)
        return f"select {keys}, {self._values()} from {rows} group by {keys} order by {keys}"

    def _values(self) -> str:
        return ", ".join(
            f"{aggregate}::{kind} as {name}" for name, (kind, aggregate) in self.merged.items()
        )


@dataclass(frozen=True, slots=True)
class Runs(Layered):
    """A layered table of runs of numbers; runs that meet become one.

    Its last two keys are `low` and `high`, the first and the last number of a run.
    """

    def merged_of(self, rows: str) -> str:
        """A query that makes as few runs as possible of the rows of a table or query."""
        *of, low, high = self.keys
        keys = ", ".join(of)
        return f"""with placed as (
              select *, max({high}) over (partition by {keys} order by {low}, {high}
                rows between unbounded preceding and 1 preceding) as reached_before
              from {rows}),
            islands as (
              select *, count(*) filter (reached_before is null or {low} > reached_before + 1)
                over (partition by {keys} order by {low}, {high} rows unbounded preceding) as island
              from placed)
            select {keys}, min({low})::bigint as {low}, max({high})::bigint as {high},
              {self._values()}
            from islands group by {keys}, island order by {keys}, min({low})"""


#: Sums of the simple kinds by minute. `sk` is the log index of the value where a sketch
#: is kept; `s` and `s2` are in micro-units and their square (KPI_SEMANTICS, R5).
PARTIALS = Layered(
    "partials",
    {"bucket": "integer", "series": "integer", "sk": "smallint"},
    {
        "n": ("bigint", "sum(n)"),
        "good": ("bigint", "sum(good)"),
        "s": ("hugeint", "sum(s)"),
        "s2": ("hugeint", "sum(s2)"),
        "ineligible": ("bigint", "sum(ineligible)"),
        "first": ("bigint", "min(first)"),
    },
)

#: The newest event of each label set in each minute; a null value means it was retired.
LATEST = Layered(
    "latest",
    {"bucket": "integer", "rule": "integer", "key": "varchar"},
    {
        "time": ("bigint", "max(time)"),
        "v": ("bigint", "arg_max_null(v, (time, id))"),
        "id": ("uuid", "arg_max(id, (time, id))"),
    },
)

#: Subjects by the minute they began in and the minute they closed in (`OPEN` while they have
#: not), and how. `within` has a bit for every threshold that the duration is within. Without
#: the second minute no past moment could be read.
SUBJECTS = Layered(
    "subjects",
    {
        "bucket": "integer",
        "series": "integer",
        "closed": "integer",
        "outcome": "utinyint",
        "sk": "smallint",
        "within": "utinyint",
    },
    {"n": ("bigint", "sum(n)"), "s": ("hugeint", "sum(s)")},
)

#: How many subjects go in (or out, negative) at a second, and what they weigh; the sum up to a
#: moment is the level.
LEVELS = Layered(
    "levels",
    {"second": "bigint", "series": "integer"},
    {"net": ("hugeint", "sum(net)"), "n": ("bigint", "sum(n)")},
)

#: Who sent what, by minute: what liveness and "never came" are read from.
ACTIVITY = Layered(
    "activity",
    {
        "bucket": "integer",
        "product": "varchar",
        "environment": "varchar",
        "service": "varchar",
        "name": "varchar",
    },
    {
        "n": ("bigint", "sum(n)"),
        "first": ("bigint", "min(first)"),
        "last": ("bigint", "max(last)"),
    },
)

#: Numbers that producers gave their events, as runs, by the minute of the events; and how far the
#: numbering had come by the minute of a report (an empty run, one beyond it, says only that).
SEQUENCES = Runs(
    "sequences",
    {
        "bucket": "integer",
        "product": "varchar",
        "environment": "varchar",
        "service": "varchar",
        "producer": "varchar",
        "low": "bigint",
        "high": "bigint",
    },
    {"reached": ("bigint", "max(reached)")},
)

#: Numbers of events that went to quarantine, by the minute they came in: they are not lost.
SET_ASIDE = Runs(
    "set_aside",
    {
        "bucket": "integer",
        "product": "varchar",
        "producer": "varchar",
        "low": "bigint",
        "high": "bigint",
    },
    {"events": ("bigint", "sum(events)")},
)

#: How every parsed event ended.
ACCOUNTING = Layered(
    "accounting",
    {
        "bucket": "integer",
        "product": "varchar",
        "service": "varchar",
        "outcome": "varchar",
        "reason": "varchar",
    },
    {"events": ("bigint", "sum(events)")},
)


@dataclass(frozen=True, slots=True)
class Logged:
    """A table of single subjects that is appended to in chunks; see `partials/logs`.

    Attributes:
        name: the large table, which has `chunk` before its columns; the small one that takes
            appends is `<name>_recent`.
        columns: with their types; `rule`, `subject` and `micros` are among them.
    """

    name: str
    columns: dict[str, str]

    @property
    def recent(self) -> str:
        """The table that takes appends."""
        return f"{self.name}_recent"

    def ddl(self) -> tuple[str, str]:
        """The two `create table` statements."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return (
            f"create table {self.name} (chunk integer, {columns})",
            f"create table {self.recent} ({columns})",
        )


#: The first event of each subject, for `once_per`; one that turned out earlier is added.
MARKS = Logged(
    "marks",
    {
        "rule": "integer",
        "subject": "ubigint",
        "micros": "bigint",
        "id": "uuid",
        "bucket": "integer",
        "labels": "varchar[]",
        "sk": "smallint",
        "good": "boolean",
        "v": "bigint",
    },
)

#: Every step of every subject that can still matter: what subject rules are computed from.
#: `by_value` tells steps that count for each of their label values by itself.
STEPS = Logged(
    "steps",
    {
        "rule": "integer",
        "subject": "ubigint",
        "step": "utinyint",
        "micros": "bigint",
        "id": "uuid",
        "labels": "varchar[]",
        "v": "bigint",
        "by_value": "boolean",
    },
)

LAYERED = (PARTIALS, LATEST, SUBJECTS, LEVELS, ACTIVITY, ACCOUNTING, SEQUENCES, SET_ASIDE)
LOGGED = (MARKS, STEPS)

TABLES = (
    "create table meta (schema_version integer)",
    f"insert into meta values ({SCHEMA_VERSION})",
    # Append-only and without an index: see docs/decisions. `seq` is the number of the commit.
    """create table events (
        seq bigint, id uuid, received timestamp, name varchar, time timestamp, product varchar,
        service varchar, environment varchar, producer varchar, sequence bigint,
        attributes varchar using compression zstd)""",
    """create table quarantine (
        number bigint, received timestamp, product varchar, service varchar, name varchar,
        event_id varchar, reason varchar, detail varchar, payload varchar)""",
    # What the partials were made from: a rule is a KPI's definition, totals or one label.
    "create table rules (rule integer, kpi varchar, revision varchar, label varchar)",
    "create table series (series integer, rule integer, value varchar)",
    # How far the partials have read the events: of all complete KPIs (kpi is empty), and
    # of each one that is being rebuilt. The greatest row counts.
    "create table positions (kpi varchar, revision varchar, position bigint)",
    "create table complete (kpi varchar, revision varchar)",
    # Of a KPI that is being rebuilt: its rows before `since` stay, and the events of that time
    # that the partials had read when it began (up to `position`) are not read again.
    "create table kept (kpi varchar, revision varchar, since bigint, position bigint)",
    "create table generations (generation bigint)",
    "insert into generations values (0)",
    *(statement for table in LAYERED for statement in table.ddl()),
    *(statement for table in LOGGED for statement in table.ddl()),
)
