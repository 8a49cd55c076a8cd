"""Helpers for the tests of services that use the library.

with capture_events(emit) as events:
    sign_up("ada")
assert [event.name for event in events] == ["user.registered"]
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loopgauge._checks import Attributes
from loopgauge._emitter import Emitter
from loopgauge._notices import Mode, Notices
from loopgauge._producer import REPORT_EVENT, Event, Producer, Stats
from loopgauge._transport import Answer, HttpTransport, Transport

__all__ = [
    "Answer",
    "CapturedEvent",
    "HttpTransport",
    "RecordingTransport",
    "Transport",
    "capture_events",
    "raising_faults",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CapturedEvent:
    """An event as it would have been sent.

    Attributes:
        name: the event's name.
        attributes: the copy that was taken in the call.
        time: when it happened, to the microsecond.
    """

    name: str
    attributes: Attributes
    time: datetime


@contextlib.contextmanager
def capture_events(emitter: Emitter, *, strict: bool = True) -> Iterator[list[CapturedEvent]]:
    """Collect what the emitter would send, and send nothing.

    Args:
        emitter: the one that the code under test uses.
        strict: fail at the end when an event was refused. In production it would only be
            counted and logged, so a test is the place to learn of it.

    Raises:
        AssertionError: with the reasons, when an event was refused and `strict` is set.
    """
    recorder = _Recorder()
    notices = _CollectedNotices()
    before = emitter._channel, emitter._notices
    emitter._channel, emitter._notices = recorder, notices
    try:
        yield recorder.events
    finally:
        emitter._channel, emitter._notices = before
    if strict and notices.texts:
        raise AssertionError("\n".join(notices.texts))


@contextlib.contextmanager
def raising_faults() -> Iterator[None]:
    """Let faults inside the library be raised, which otherwise are only logged."""
    before, Mode.raising = Mode.raising, True
    try:
        yield
    finally:
        Mode.raising = before


class RecordingTransport:
    """Keeps what an emitter sends, after batching and encoding.

    Args:
        answers: what the collector says to one request after the other; then it accepts.
    """

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self.events: list[CapturedEvent] = []
        self.reports: list[CapturedEvent] = []
        self.requests: list[dict[str, Any]] = []
        self._answers = iter(answers)

    def send(self, body: bytes, timeout: float) -> Answer:  # noqa: ARG002 - part of the protocol
        """Keep a request, and its events if it is accepted."""
        request = json.loads(body)
        self.requests.append(request)
        answer = next(self._answers, Answer("accepted"))
        if answer.verdict == "accepted":
            for resource in request["resourceLogs"]:
                for scope in resource["scopeLogs"]:
                    for record in scope["logRecords"]:
                        event = _decoded(record)
                        kept = self.reports if event.name == REPORT_EVENT else self.events
                        kept.append(event)
        return answer

    def close(self) -> None:
        """Nothing is open."""


class _Recorder:
    """A `Channel` that ends in a list."""

    def __init__(self) -> None:
        self.producer = Producer()
        self.events: list[CapturedEvent] = []

    def put(self, event: Event) -> None:
        name, nanoseconds, attributes, _ = event
        self.events.append(CapturedEvent(name, attributes, _moment(nanoseconds)))

    def start(self) -> None:
        return

    def flush(self, timeout: float) -> bool:  # noqa: ARG002 - part of the protocol
        return True

    def stop(self, timeout: float) -> None:  # noqa: ARG002 - part of the protocol
        return

    def join(self) -> bool:
        return True

    def stats(self) -> Stats:
        self.producer.sent = len(self.events)
        return self.producer.stats(queued=0)


class _CollectedNotices(Notices):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def warn(self, kind: str, text: str, *values: object, located: bool = False) -> None:  # noqa: ARG002
        self.texts.append(text % values if values else text)


def _moment(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _decoded(record: dict[str, Any]) -> CapturedEvent:
    attributes: Attributes = {}
    for attribute in record["attributes"]:
        ((kind, value),) = attribute["value"].items()
        attributes[attribute["key"]] = int(value) if kind == "intValue" else value
    return CapturedEvent(record["eventName"], attributes, _moment(int(record["timeUnixNano"])))
