"""Who sent what, and when: what "never came" and "silent" are decided from.

Kept in memory for the present and in the layered table `activity` for any past moment.
"""

import bisect
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from loopgauge_collector.storage.schema import ACTIVITY
from loopgauge_collector.windows import MINUTE

#: product, environment (empty when none), service, event name
Key = tuple[str, str, str, str]

#: (product, environment, service, name, bucket, events, first, last)
Row = tuple[str, str, str, str, int, int, int, int]

#: Keys told apart in memory; a sender that invents names must not make it grow.
_MOST_KEYS = 50_000
_REST = "__other__"

#: Minutes before the present that are kept one by one: an event may lie some minutes ahead.
_UNSETTLED = 15
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Seen:
    """When a key's first and newest event happened, and how many there were."""

    first: int
    last: int
    events: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many events there are, and how many came a day or more after they happened."""

    events: int
    old: int


class Activity:
    """The first and the newest event of every (product, environment, service, name).

    Args:
        connection: to the store.
        now: microseconds; nothing before it is asked for.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, now: int) -> None:
        self._lock = threading.Lock()
        #: All but the newest minutes, and those minutes one by one: an event may lie up to
        #: ten minutes ahead of our clock, and E leaves out what is not over yet.
        self._settled: dict[Key, Seen] = {}
        self._minutes: dict[int, dict[Key, Seen]] = {}
        self._known: set[Key] = set()
        self._events: Counter[str] = Counter()
        self._old: Counter[str] = Counter()
        self._yesterday = now // MINUTE - _DAY
        settled = now // MINUTE - _UNSETTLED - 1
        rows = connection.execute(
            f"""select product, environment, service, name, greatest(bucket, {settled}) as minute,
              sum(n)::bigint, min(first), max(last)
            from {ACTIVITY.both} group by all"""
        ).fetchall()
        self.note(rows)

    def store(self, connection: duckdb.DuckDBPyConnection, after: int, upto: int) -> list[Row]:
        """Append the activity of some commits, within the open transaction; returns the rows."""
        connection.execute(
            f"""create or replace temp table seen as
            select (epoch_us(time) // {MINUTE})::integer as bucket, product,
              coalesce(environment, '') as environment, service, name, count(*) as n,
              min(epoch_us(time)) as first, max(epoch_us(time)) as last
            from events where seq > {after} and seq <= {upto} group by all"""
        )
        connection.execute("insert into activity_recent select * from seen")
        return connection.execute(
            "select product, environment, service, name, bucket, n, first, last from seen"
        ).fetchall()

    def note(self, rows: Iterable[Row]) -> None:
        """Take rows that were stored. Order does not matter."""
        with self._lock:
            for product, environment, service, name, bucket, events, first, last in rows:
                key = (product, environment, service, name)
                if key not in self._known and len(self._known) >= _MOST_KEYS:
                    key = (_REST, "", _REST, _REST)
                self._known.add(key)
                self._events[key[0]] += events
                if bucket < self._yesterday:
                    self._old[key[0]] += events
                _add(self._minutes.setdefault(bucket, {}), key, Seen(first, last, events))

    def settle(self, end: int) -> None:
        """Sum up for good what lies more than a quarter hour before the present E."""
        with self._lock:
            self._yesterday = end // MINUTE - _DAY
            for minute in [m for m in self._minutes if m < end // MINUTE - _UNSETTLED]:
                for key, seen in self._minutes.pop(minute).items():
                    _add(self._settled, key, seen)

    def arrivals(self, product: str) -> Arrivals:
        """Events of a product; those that came late are counted since the process began."""
        with self._lock:
            return Arrivals(self._events[product], self._old[product])

    def before(self, end: int) -> Mapping[Key, Seen]:
        """What was seen before `end` in microseconds, which is the present or later.

        Older moments are read through `History`.
        """
        bucket = end // MINUTE
        with self._lock:
            result = dict(self._settled)
            for minute, keys in self._minutes.items():
                if minute < bucket:
                    for key, seen in keys.items():
                        _add(result, key, seen)
        return result


class History:
    """The activity of one product before some moments, read once.

    Args:
        cursor: inside a read transaction.
        product: whose.
        ends: the moments, in microseconds; whole minutes.
    """

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, product: str, ends: Iterable[int]
    ) -> None:
        self._by_key: dict[Key, list[tuple[int, Seen]]] = {}
        minutes = sorted({end // MINUTE for end in ends})
        # One row per key between two moments, however many minutes lie between them.
        rows = cursor.execute(
            f"""select product, environment, service, name, minute, min(first), max(last),
              sum(n)::bigint
            from (select * from {ACTIVITY.both} where product = ? and bucket < ?) a
              asof join (select unnest(?::integer[]) as minute) m on a.bucket < m.minute
            group by all order by minute""",
            [product, minutes[-1], minutes],
        ).fetchall()
        for owner, environment, service, name, minute, first, last, events in rows:
            key = (owner, environment, service, name)
            seen = self._by_key.setdefault(key, [])
            total = Seen(first, last, events)
            if seen:
                before = seen[-1][1]
                total = Seen(
                    min(before.first, first), max(before.last, last), before.events + events
                )
            seen.append((minute, total))

    def before(self, end: int) -> Mapping[Key, Seen]:
        """What was seen before a moment, in microseconds."""
        result = {}
        for key, seen in self._by_key.items():
            at = bisect.bisect_right(seen, end // MINUTE, key=lambda entry: entry[0])
            if at:
                result[key] = seen[at - 1][1]
        return result


def _add(into: dict[Key, Seen], key: Key, seen: Seen) -> None:
    known = into.get(key)
    into[key] = (
        seen
        if known is None
        else Seen(
            min(known.first, seen.first), max(known.last, seen.last), known.events + seen.events
        )
    )
