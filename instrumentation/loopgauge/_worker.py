"""Our own way out: a bounded queue and one thread that sends it in batches.

    put (host's thread) -> queue -> batch -> encode -> transport -> settle

Only this thread encodes, waits, retries and talks to the network. An event is settled
when it was acknowledged, set aside by the collector, or given up under a reason.
"""

import contextlib
import math
import random
import time
from collections import deque

from loopgauge import _lifecycle
from loopgauge._configuration import Pace
from loopgauge._ids import Counter
from loopgauge._notices import Notices
from loopgauge._otlp import Envelope, encode_record
from loopgauge._producer import REPORT_EVENT, Event, Producer, Stats
from loopgauge._threads import Background, Signal
from loopgauge._transport import Answer, Transport


class Worker:
    """A `Channel` of one process.

    Args:
        envelope: product, service and environment.
        transport: where requests go.
        pace: sizes and times.
        notices: what to tell the host.
    """

    def __init__(
        self,
        envelope: Envelope,
        transport: Transport,
        pace: Pace,
        notices: Notices,
    ) -> None:
        self.producer = Producer()
        self._envelope = envelope
        self._transport = transport
        self._pace = pace
        self._notices = notices
        self._queue: deque[Event | Signal] = deque()
        self._in_flight = 0
        self._flushes_asked = Counter()
        self._flushes_done = Counter()
        self._work = Signal()
        self._hurry = Signal()
        self._thread = Background(self._run, notices)
        self._deadline: float | None = None  # monotonic; set once, by stop

    def put(self, event: Event) -> None:
        """Queue an event, or drop it when the queue is full or closed."""
        queue = self._queue
        waiting = len(queue)
        if self._deadline is not None:
            self.producer.drop("exit")
        elif waiting >= self._pace.queue_size:
            self.producer.drop("queue_full")
            self._notices.warn(
                "queue_full",
                "%d events wait for the collector; newer ones are dropped and counted",
                waiting,
            )
        else:
            queue.append(event)
            if not self._thread.started:
                self._thread.start()
            elif waiting >= self._pace.batch_size:
                self._work.set()

    def start(self) -> None:
        """Start the thread, once."""
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Wait until everything that was put before is settled."""
        self._thread.start()
        if not self._thread.started or self._thread.is_current:
            return False
        done = Signal()
        self._flushes_asked.next()
        self._queue.append(done)
        self._work.set()
        self._hurry.set()
        return done.wait(timeout)

    def stop(self, timeout: float) -> None:
        """Take no more events; the thread ends when all is settled or the time is over."""
        if self._deadline is None:
            self._deadline = time.monotonic() + timeout
        self._work.set()
        self._hurry.set()

    def join(self) -> bool:
        """Wait for the thread's end; what is left then is dropped as `exit`."""
        self._thread.join(self._time_left())
        self._abandon()
        return not self._thread.alive and "exit" not in self.producer.dropped()

    def stats(self) -> Stats:
        """The account so far."""
        return self.producer.stats(self._waiting())

    # From here on: the thread.

    def _run(self) -> None:
        pace = self._pace
        report_at = time.monotonic() + pace.heartbeat_interval
        while True:
            self._work.wait(min(pace.flush_interval, report_at - time.monotonic()))
            stopping = self._deadline is not None
            try:
                while self._queue and self._time_left() > 0:
                    self._send_next_batch()
                    if time.monotonic() >= report_at and not stopping:
                        break  # a service that is never idle is alive too
                if stopping:
                    self._abandon()
                if time.monotonic() >= report_at or (stopping and self._time_left() > 0):
                    report_at = time.monotonic() + pace.heartbeat_interval
                    self._report()
            except Exception as error:  # noqa: BLE001 - a fault must not end the thread
                self.producer.drop_many("fault", self._in_flight)
                self._in_flight = 0
                self._notices.fault("the sending thread", error)
            if stopping:
                self._transport.close()
                _lifecycle.forget(self)
                return

    def _send_next_batch(self) -> None:
        events: list[Event] = []
        flushed: Signal | None = None
        with contextlib.suppress(IndexError):  # empty
            while len(events) < self._pace.batch_size:
                item = self._queue.popleft()
                if isinstance(item, Signal):
                    self._flushes_done.next()
                    flushed = item
                    break
                self._in_flight += 1
                events.append(item)
        try:
            if events:
                producer_id = self.producer.id
                self._deliver([encode_record(event, producer_id) for event in events])
        finally:
            if flushed is not None:
                flushed.set()

    def _deliver(self, records: list[bytes]) -> None:
        """Send until every record is settled."""
        failures = 0
        body = self._envelope.body(records)
        while True:
            answer = self._transport.send(body, self._patience())
            if answer.verdict == "accepted":
                rejected = min(answer.rejected, len(records))
                self.producer.quarantined += rejected
                self.producer.sent += len(records) - rejected
                self._in_flight -= len(records)
                return
            if answer.verdict == "too_large" and len(records) > 1:
                middle = len(records) // 2
                self._deliver(records[:middle])
                self._deliver(records[middle:])
                return
            if answer.verdict != "again":
                self._give_up(records, answer.verdict, answer)
                return
            failures += 1
            if not self._pause(failures, answer):
                self._give_up(records, "exit", answer)
                return

    def _pause(self, failures: int, answer: Answer) -> bool:
        """Wait before the next attempt; False when there is no time for one."""
        pace = self._pace
        delay = min(pace.last_retry, pace.first_retry * 2.0 ** min(failures - 1, 16))
        delay *= random.uniform(0.5, 1.0)
        asked = answer.retry_after
        if asked is not None:
            delay = max(delay, min(asked, pace.longest_retry_after) * random.uniform(1.0, 1.1))
        self._notices.warn(
            "retry",
            f"the collector does not take events ({answer.detail}); "
            f"{self._waiting()} wait, next attempt in {delay:.1f} s",
        )
        if self._deadline is not None:
            # What cannot be sent now is lost: try often, with a breath between.
            if self._time_left() <= pace.first_retry:
                return False
            time.sleep(pace.first_retry)
            return True
        resume = time.monotonic() + delay
        while self._deadline is None and (left := resume - time.monotonic()) > 0:
            # A flush may try sooner, unless the collector asked for time.
            if self._hurry.wait(left) and asked is None:
                break
        return self._time_left() > 0

    def _give_up(self, records: list[bytes], reason: str, answer: Answer) -> None:
        self.producer.drop_many(reason, len(records))
        self._in_flight -= len(records)
        self._notices.warn(
            reason, f"{len(records)} events were dropped as {reason!r}: {answer.detail}"
        )

    def _report(self) -> None:
        """Send the heartbeat. One attempt: a newer one follows soon, and says the same better."""
        event: Event = (REPORT_EVENT, time.time_ns(), self.producer.report(), 0)
        record = encode_record(event, self.producer.id)
        answer = self._transport.send(self._envelope.body([record]), self._patience())
        if answer.verdict != "accepted":
            self._notices.warn("heartbeat", f"the heartbeat was not taken: {answer.detail}")

    def _abandon(self) -> None:
        with contextlib.suppress(IndexError):  # empty
            while True:
                item = self._queue.popleft()
                if isinstance(item, Signal):
                    self._flushes_done.next()
                    item.set()
                else:
                    self.producer.drop("exit")

    def _waiting(self) -> int:
        """Events that are not settled yet."""
        flushes = self._flushes_asked.value - self._flushes_done.value
        return max(0, len(self._queue) - flushes) + self._in_flight

    def _time_left(self) -> float:
        """Seconds until the end that `stop` set; infinite before."""
        return math.inf if self._deadline is None else self._deadline - time.monotonic()

    def _patience(self) -> float:
        """How long a request may take: less when the end is near."""
        return max(0.1, min(self._pace.request_timeout, self._time_left()))
