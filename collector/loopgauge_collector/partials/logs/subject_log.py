"""A table of what is known of single subjects: appended to, and read by chunk.

New rows go to the small twin, which every look-up scans. Once that is full it becomes a
chunk of the large table, and memory remembers which subjects have rows in it. So a look-up
reads the chunks of the subjects that came back and nothing else, and what it found it copies
to a temp table, where it is found the next time. Nothing stored is ever moved again.
"""

import duckdb
import numpy as np
import pyarrow as pa

from loopgauge_collector.kinds.cell import Ints
from loopgauge_collector.partials.logs.places import Chunk, Flags, Keys, Places
from loopgauge_collector.storage.arrow_view import ArrowView
from loopgauge_collector.storage.schema import Logged

#: Rows of a chunk, about.
CHUNK = 100_000
#: Rows copied at most; all are dropped then.
COPIES = 200_000


class SubjectLog:
    """One of the logged tables, its copies and where its rows stand.

    Args:
        connection: the folding one.
        table: what it is about.
        keys: SQL of the key, or of several in an `unnest`, over a row.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: Logged, keys: str) -> None:
        self.table = table
        self.keys = keys
        #: Chunks that look-ups read since the start.
        self.read = 0
        #: False while rows are being deleted: then what is in memory may not be stored any more.
        self.trusted = True
        self._connection = connection
        self._places: Places | None = None
        self._copies = f"{table.name}_copies"
        self._wanted = f"{table.name}_wanted"
        self._copied_rows = 0
        #: The copies are dropped before the next look-up.
        self._drop = False
        #: Rows that became part of chunks since the start.
        self.sealed = 0
        self._columns = ", ".join(table.columns)
        connection.execute(
            f"create temp table {self._copies} as select * from {table.recent} limit 0"
        )
        self._view = ArrowView(
            connection,
            self._wanted,
            [("chunk", pa.int32()), ("rule", pa.int32()), ("subject", pa.uint64())],
        )
        self._chosen = ArrowView(connection, f"{table.name}_chosen", [("key", pa.uint64())])

    @property
    def near(self) -> str:
        """A query over the rows that look-ups find, after they were fetched."""
        return f"(select * from {self.table.recent} union all select * from {self._copies})"

    @property
    def places(self) -> Places:
        """Read when it is needed first: a start does not wait for it."""
        if self._places is None:
            self._places = self._load()
        return self._places

    def known(self) -> Places | None:
        """What to hand to `go_back` after a rollback."""
        return self._places

    def go_back(self, places: Places | None) -> None:
        """Know what was known before a transaction."""
        self._places = places
        self._drop = True

    def forget(self) -> None:
        """Read again what is stored, when it is needed; call it after rows were deleted."""
        self._places = None
        self._drop = True
        self.trusted = True

    def fetch(self, keys: Keys, rules: Ints, subjects: Keys, before: Ints) -> None:
        """Have all rows of these keys among `near`.

        Args:
            keys: ascending.
            rules, subjects: of each key.
            before: see `Places.find`.
        """
        places = self.places
        if self._drop or self._copied_rows > COPIES or not self.trusted:
            self._connection.execute(f"delete from {self._copies}")
            places.copied[:] = False
            self._copied_rows, self._drop = 0, False
        position, owner = places.find(keys, before)
        new = ~places.copied[position]
        position, owner = position[new], owner[new]
        if not len(position):
            return
        chunks = places.chunks[position] >> 1
        self._view.fill(chunks, rules[owner].astype(np.int32), subjects[owner])
        numbers = np.unique(chunks).tolist()
        listed = ", ".join(map(str, numbers))
        row = self._connection.execute(
            f"""insert into {self._copies} select {self._columns} from {self.table.name}
            semi join {self._wanted} using (chunk, rule, subject)
            where chunk in ({listed}) and chunk between {numbers[0]} and {numbers[-1]}"""
        ).fetchone()
        assert row is not None
        self.read += len(numbers)
        self._copied_rows += row[0]
        places.copied[position] = True

    def settled(self, keys: Keys, rules: Ints, moments: Ints) -> Flags:
        """Which keys certainly have a row before the moment, and need not be read."""
        places = self.places
        low, high = places.range(keys)
        found = low < high
        if not self.trusted or not found.any():
            return np.zeros(len(keys), dtype=np.bool_)
        earliest = places.chunks[np.where(found, low, 0)] >> 1
        return found & (earliest < places.before(rules, moments))

    def chosen(self, keys: Keys) -> str:
        """These keys as a table with the column `key`, until the next time."""
        self._chosen.fill(keys)
        return f"{self.table.name}_chosen"

    def seal(self, least: int | None = None) -> None:
        """Make a chunk of the recent rows, once there are enough (or `least`); in a transaction."""
        connection, recent = self._connection, self.table.recent
        row = connection.execute(f"select count(*) from {recent}").fetchone()
        assert row is not None
        if row[0] < (CHUNK if least is None else least):
            return
        places = self.places
        self._places = places.grown(self._chunk(places.next, recent))
        connection.execute(
            f"insert into {self.table.name} select {places.next}, {self._columns} from {recent}"
        )
        connection.execute(f"delete from {recent}")
        self.sealed += row[0]

    def _chunk(self, number: int, rows: str) -> Chunk:
        found = self._connection.execute(
            f"select {self.keys} as key, rule::bigint as rule, micros from {rows}"
        ).fetchnumpy()
        return Chunk.of(number, *(np.asarray(found[name]) for name in ("key", "rule", "micros")))

    def _load(self) -> Places:
        name = self.table.name
        numbers = self._connection.execute(
            f"select distinct chunk from {name} order by chunk"
        ).fetchall()
        return Places.of(
            self._chunk(number, f"{name} where chunk = {number}") for (number,) in numbers
        )
