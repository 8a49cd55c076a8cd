"""Both logs of subjects: their steps, and the first event of each."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from loopgauge_collector.partials.logs.places import Places
from loopgauge_collector.partials.logs.subject_log import SubjectLog
from loopgauge_collector.storage.schema import MARKS, STEPS
from loopgauge_collector.storage.transactions import transaction

#: A row that is followed for each label value has a key for the total and for each of them.
_BY_VALUE = """unnest(case when by_value
  then list_transform(range(len(labels) + 1), lambda place: hash(rule, subject, step, place,
    case place when 0 then '' else labels[place] end))
  else [hash(rule, subject)] end)"""

_Known = tuple[Places | None, ...]


class Logs:
    """What reductions look subjects up in.

    Args:
        connection: the folding one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.steps = SubjectLog(connection, STEPS, _BY_VALUE)
        self.marks = SubjectLog(connection, MARKS, "hash(rule, subject)")
        self._both = (self.steps, self.marks)

    def known(self) -> _Known:
        """What memory knows of what is stored."""
        return tuple(log.known() for log in self._both)

    def go_back(self, known: _Known) -> None:
        """Know that again, after a rollback."""
        for log, places in zip(self._both, known, strict=True):
            log.go_back(places)

    def seal(self, least: int | None = None) -> None:
        """Make chunks of recent rows that are enough; inside a transaction."""
        for log in self._both:
            log.seal(least)

    def forget(self) -> None:
        """Rows were deleted: read again what is stored."""
        for log in self._both:
            log.forget()

    @contextmanager
    def deleting(self) -> Iterator[None]:
        """While rows are deleted: all are in the large tables then."""
        known = self.known()
        try:
            with transaction(self._connection):
                self.seal(1)
        except BaseException:
            self.go_back(known)
            raise
        for log in self._both:
            log.trusted = False
        deleted = [True] * len(self._both)
        before = self._deleted()
        try:
            yield
            deleted = [now != was for now, was in zip(self._deleted(), before, strict=True)]
        finally:
            for log, some in zip(self._both, deleted, strict=True):
                log.trusted = True
                if some:
                    log.forget()

    def _deleted(self) -> list[int]:
        """Counts that only a deletion changes."""
        return [
            log.sealed - int(row[0])
            for log in self._both
            for row in self._connection.execute(f"select count(*) from {log.table.name}").fetchall()
        ]
