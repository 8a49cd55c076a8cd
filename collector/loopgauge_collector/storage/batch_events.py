"""The collector's accounting as events of its own, so that a row can be about it.

    commit -> counts wait in memory -> after ten seconds: events, in the transaction of a commit

Nobody sent these events, so they are in no accounting and tell nothing of themselves. Every
parsed event is told in the minute of its commit, as the accounting has it. What a crash kept
from being told is the difference between the two, and is told after the next start.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import duckdb
import msgspec
from loopgauge_catalog.builtin import BATCH_EVENT, COLLECTOR_SERVICE
from loopgauge_catalog.values import REPLAYED

from loopgauge_collector.events import Admitted, EventColumns
from loopgauge_collector.storage.accounting import Key
from loopgauge_collector.storage.batch import Batch
from loopgauge_collector.storage.schema import ACCOUNTING
from loopgauge_collector.windows import DAY, MINUTE

#: The outcome of a request that was turned away whole.
REFUSED = "refused"
#: How long a count waits: at 10,000 events/s there are a hundred commits a second, with a
#: dozen keys each.
_WAITS = 10_000_000
#: How far before the newest commit a crash may have left counts untold, in minutes.
_UNTOLD = 10


class BatchEvents:
    """Counts that wait to be told. Used by the writer's thread only.

    Args:
        connection: of the store; it is read here, never later.
        refused: requests that were turned away for good, by reason. It only grows, by the hand
            of another thread.
        products: names those of the live catalog.
        now: microseconds since the epoch.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        refused: Mapping[str, int],
        products: Callable[[], Collection[str]],
        now: int,
    ) -> None:
        self._refused = refused
        self._noticed: Mapping[str, int] = {}
        self._products = products
        #: By minute and key: how many, and when the newest of them was received.
        self._waiting: dict[tuple[int, Key], tuple[int, int]] = {}
        #: When the oldest of them was received. What a crash left has waited long enough.
        self._since = 0
        rows = connection.execute(f"select distinct product from {ACCOUNTING.both}").fetchall()
        #: Products that ever sent something.
        self._heard = {product for (product,) in rows}
        self._take_up(connection, now)

    def _take_up(self, connection: duckdb.DuckDBPyConnection, now: int) -> None:
        """Find what was counted before a crash and not told; never what was compacted since."""
        newest, oldest = f"(select max(bucket) from {ACCOUNTING.both})", (now - DAY) // MINUTE
        rows = connection.execute(
            f"""with since as (select greatest({newest} - {_UNTOLD}, {oldest})::bigint as bucket),
            counted as (
              select bucket, product, service, outcome, reason, sum(events)::bigint as events
              from {ACCOUNTING.both} where bucket >= (select bucket from since)
                and product <> '' and outcome <> '{REPLAYED}' group by all),
            told as (
              select (epoch_us(time) // {MINUTE})::integer as bucket, product,
                coalesce(json_extract_string(attributes, '$."service.name"'), '') as service,
                json_extract_string(attributes, '$."loop.outcome"') as outcome,
                coalesce(json_extract_string(attributes, '$."loop.reason"'), '') as reason,
                sum(json_extract_string(attributes, '$."loop.events"')::bigint)::bigint as events
              from events
              where name = '{BATCH_EVENT}' and service = '{COLLECTOR_SERVICE}'
                and time >= (select make_timestamp(bucket * {MINUTE}) from since) group by all)
            select bucket, product, service, outcome, reason,
              counted.events - coalesce(told.events, 0) as untold
            from counted left join told using (bucket, product, service, outcome, reason)
            where untold > 0"""
        ).fetchall()
        for bucket, product, service, outcome, reason, events in rows:
            at = bucket, (product, service, outcome, reason)
            self._waiting[at] = events, bucket * MINUTE

    def gather(self, counts: Counter[Key], received: int) -> None:
        """Take the counts of a transaction that went through."""
        minute = received // MINUTE
        if not self._waiting:
            self._since = received
        for key, events in counts.items():
            product, _, outcome, _ = key
            # What is replayed was told when it came.
            if product and outcome != REPLAYED:
                before, newest = self._waiting.get((minute, key), (0, received))
                self._waiting[minute, key] = before + events, max(newest, received)
                self._heard.add(product)

    def ready(self, number: int, now: int, *, everything: bool = False) -> Batch | None:
        """The events to append now; None while there is nothing, or it can wait.

        Nothing changes until `told` says that they were committed.

        Args:
            number: of the commit.
            now: microseconds since the epoch.
            everything: nothing can wait.
        """
        self._notice(now)
        # A clock that is set back must not keep them waiting.
        if not self._waiting or not (everything or abs(now - self._since) >= _WAITS):
            return None
        size = len(self._waiting)
        times = [received for _, received in self._waiting.values()]
        columns = EventColumns(
            id=[_uuid7(time) for time in times],
            name=[BATCH_EVENT] * size,
            time=times,
            product=[key[0] for _, key in self._waiting],
            service=[COLLECTOR_SERVICE] * size,
            environment=[None] * size,
            producer=[None] * size,
            sequence=[None] * size,
            attributes=[_said(key, events) for (_, key), (events, _) in self._waiting.items()],
        )
        return Batch.of([Admitted(columns)], number, now)

    def told(self) -> None:
        """What was `ready` is committed."""
        self._waiting = {}

    def _notice(self, now: int) -> None:
        """Count what was refused since the last look, for everybody who may have sent it.

        A body that nobody could read does not say whose it is.
        """
        # One step, while another thread may add to it.
        refused = dict(self._refused)
        if refused == self._noticed:
            return
        more = {
            reason: count - self._noticed.get(reason, 0)
            for reason, count in refused.items()
            if count > self._noticed.get(reason, 0)
        }
        self._noticed = refused
        for product in self._heard.intersection(self._products()):
            keys = {(product, "", REFUSED, reason): count for reason, count in more.items()}
            self.gather(Counter(keys), now)


def _said(key: Key, events: int) -> str:
    """The attributes of one event; what is not known is absent."""
    _, service, outcome, reason = key
    known = {"service.name": service, "loop.outcome": outcome, "loop.reason": reason}
    said = {name: text for name, text in known.items() if text}
    return msgspec.json.encode(said | {"loop.events": events}).decode()


def _uuid7(micros: int) -> str:
    """A new id of that moment."""
    noise = int.from_bytes(os.urandom(10))
    number = (micros // 1000) << 80 | 7 << 76 | (noise >> 62 & 0xFFF) << 64
    digits = f"{number | 2 << 62 | noise & ((1 << 62) - 1):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
