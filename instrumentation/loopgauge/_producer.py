"""Who numbers events in this process, and the account of what became of them."""

import os
import time
from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from loopgauge._checks import Attributes
from loopgauge._ids import Counter, uuid7

#: An event on its way: name, nanoseconds since the epoch, attributes, sequence number.
Event = tuple[str, int, Attributes, int]

REPORT_EVENT: Final = "loop.producer_reported"
EVENT_ID: Final = "loopgauge.event.id"
PRODUCER_ID: Final = "loopgauge.producer.id"
SEQUENCE: Final = "loopgauge.sequence"

#: Why an event was not sent, as far as a call can find out; these need no lock to count.
_REASONS_IN_A_CALL: Final = ("queue_full", "invalid", "exit", "fault")


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of the events of one emitter in this process.

    `emitted` is the sum of all others; heartbeats are not counted.

    Attributes:
        emitted: calls so far, those with wrong arguments included.
        sent: events that the collector acknowledged. With a `logger_provider`: events
            that were handed to the OpenTelemetry SDK.
        quarantined: events that the collector took, and set aside as faulty.
        dropped: events that will never be sent, by reason: `queue_full`, `invalid`,
            `refused` (the collector turned the request away), `too_large`, `exit` (the
            process ended first) and `fault` (an error inside the library).
        queued: events that still wait, or are on their way now.
    """

    emitted: int
    sent: int
    quarantined: int
    dropped: Mapping[str, int]
    queued: int


class Producer:
    """One start of a process, as the collector knows it; a fork makes a new one.

    `sent`, `quarantined` and `drop_many` belong to one thread; all else is safe anywhere.
    """

    def __init__(self) -> None:
        self.id = uuid7(time.time_ns())
        self.pid = os.getpid()
        self.sent = 0
        self.quarantined = 0
        self._numbered = Counter()
        self.number = self._numbered.next
        self._in_calls = {reason: Counter() for reason in _REASONS_IN_A_CALL}
        self._in_worker: Tally[str] = Tally()

    def drop(self, reason: str) -> None:
        """Count one event that is lost, from any thread or signal handler."""
        self._in_calls[reason].next()

    def drop_many(self, reason: str, number: int) -> None:
        """Count events that the sending thread gave up."""
        self._in_worker[reason] += number

    @property
    def emitted(self) -> int:
        """The greatest sequence number so far."""
        return self._numbered.value

    def dropped(self) -> dict[str, int]:
        """Events lost so far, by reason; only reasons that occurred."""
        total = Tally(dict(self._in_worker))  # one step, while the worker may add a reason
        for reason, counter in self._in_calls.items():
            total[reason] += counter.value
        return {reason: number for reason, number in sorted(total.items()) if number}

    def report(self) -> Attributes:
        """The heartbeat's attributes: how far we counted, what was sent, what was lost and why."""
        dropped = self.dropped()
        return {
            "loop.sequence.high": self.emitted,
            "loop.events.sent": self.sent + self.quarantined,
            "loop.events.dropped": sum(dropped.values()),
            **{f"loop.dropped.{reason}": number for reason, number in dropped.items()},
        }

    def stats(self, queued: int) -> Stats:
        """The account, given how many events still wait."""
        return Stats(self.emitted, self.sent, self.quarantined, self.dropped(), queued)


class Channel(Protocol):
    """The way of events out of one process: our own queue, an OpenTelemetry SDK, or a test."""

    producer: Producer

    def put(self, event: Event) -> None:
        """Take an event. Called on the host's thread: short, no waiting."""

    def start(self) -> None:
        """Begin to send and to report, if that is not going on yet."""

    def flush(self, timeout: float) -> bool:
        """Wait until all that was put before is settled; False when the time was too short."""

    def stop(self, timeout: float) -> None:
        """Take no more, and finish within so many seconds. Does not wait."""

    def join(self) -> bool:
        """Wait for the end that `stop` set; True when nothing was left behind."""

    def stats(self) -> Stats:
        """The account so far."""
