"""A collector that is slow, busy, gone or confused; a real socket in between."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from loopgauge import Emitter
from loopgauge.testing import Answer, RecordingTransport

if TYPE_CHECKING:
    from tests.instrumentation.conftest import Reply, StandIn


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_retryable_status_is_tried_again_with_the_same_ids(
    status: int, stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(status), reply(status)]
    emit.event("step.done", {"n": 1})
    assert emit.flush()
    first, second, third = stand_in.requests
    assert first.body == second.body == third.body
    assert emit.stats().sent == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 408, 500, 501, 507])
def test_any_other_failure_is_not_repeated_but_counted(
    status: int, stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(status)]
    emit.event("step.done")
    assert emit.flush()
    emit.event("step.done")
    assert emit.flush()
    assert len(stand_in.requests) == 2
    assert emit.stats().dropped == {"refused": 1}
    assert emit.stats().sent == 1


def test_a_refusal_is_told_in_the_log(
    stand_in: StandIn, emit: Emitter, reply: type[Reply], caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.replies = [reply(401)]
    emit.event("step.done")
    assert emit.flush()
    assert "1 events were dropped as 'refused': status 401" in caplog.text


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_and_a_flush_does_not_shorten_it(
    form: str, stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    asked = 1 if form == "seconds" else 2  # a date has whole seconds
    text = (
        "1"
        if form == "seconds"
        else format_datetime(datetime.now(UTC) + timedelta(seconds=asked), usegmt=True)
    )
    stand_in.replies = [reply(503, {"Retry-After": text})]
    emit.event("step.done")
    while not emit.flush(0.1):
        pass
    first, second = stand_in.requests
    # Only a lower bound: how long it takes is the machine's, how long it waits is ours.
    assert second.arrived - first.arrived >= 0.5


@pytest.mark.parametrize("text", ["soon", "", "-1", "²", "9" * 5000, "Mon, 99 Foo"])
def test_a_retry_after_that_makes_no_sense_is_no_fault(
    text: str, stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(503, {"Retry-After": text})]
    emit.event("step.done")
    stand_in.wait_until(lambda: len(stand_in.requests) == 1)
    assert emit.close(10)
    assert len(stand_in.taken) == 1


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], reply: type[Reply]
) -> None:
    stand_in.replies = [reply(413), reply(413)]
    emit = make_emitter(flush_interval=60, batch_size=8)
    for number in range(8):
        emit.event("step.done", {"n": number})
    assert emit.flush()
    assert [len(request.records) for request in stand_in.requests] == [8, 4, 2, 2, 4]
    assert [event.attributes["n"] for event in stand_in.taken] == list(range(8))
    assert emit.stats().sent == 8


def test_an_event_that_is_too_large_by_itself_is_dropped_alone(
    make_emitter: Callable[..., Emitter],
) -> None:
    too_large, accepted = Answer("too_large"), Answer("accepted")
    transport = RecordingTransport([too_large, too_large, too_large, accepted, accepted])
    emit = make_emitter(transport=transport, flush_interval=60)
    for number in range(4):
        emit.event("step.done", {"n": number})
    assert emit.flush()
    assert [event.attributes["n"] for event in transport.events] == [1, 2, 3]
    assert emit.stats().dropped == {"too_large": 1}
    assert emit.stats().sent == 3


def test_events_that_the_collector_sets_aside_are_counted_and_not_sent_again(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], reply: type[Reply]
) -> None:
    emit = make_emitter(flush_interval=60)
    stand_in.replies = [
        reply(body=b'{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no id"}}')
    ]
    for _ in range(10):
        emit.event("step.done")
    assert emit.flush()
    stats = emit.stats()
    assert (stats.sent, stats.quarantined, stats.dropped) == (7, 3, {})
    assert len(stand_in.requests) == 1


def test_a_partial_success_that_counts_too_many_does_not_upset_the_account(
    stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(body=b'{"partialSuccess":{"rejectedLogRecords":"999"}}')]
    emit.event("step.done")
    assert emit.flush()
    assert (emit.stats().sent, emit.stats().quarantined) == (0, 1)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"partialSuccess":null}', b'{"more":1}'])
def test_every_form_of_a_full_success_is_an_acknowledgement(
    body: bytes, stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(body=body)]
    emit.event("step.done")
    assert emit.flush()
    assert emit.stats().sent == 1
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome</html>",
        b"\xff\xfe\x00",
        b"[]",
        b'"ok"',
        b'{"partialSuccess":[1]}',
        b'{"partialSuccess":{"rejectedLogRecords":"many"}}',
        b'{"partialSuccess":{"rejectedLogRecords":Infinity}}',
        b"[" * 60_000,
        b"x" * 1_000_000,
    ],
)
def test_an_answer_that_is_not_otlp_is_no_acknowledgement(
    body: bytes, stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(body=body)]
    emit.event("step.done")
    assert emit.flush()
    assert len(stand_in.requests) == 2
    assert emit.stats().sent == 1


def test_a_reply_that_is_lost_after_the_commit_repeats_the_same_records(
    stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(how="drop"), reply(how="drop"), reply(how="drop")]
    for _ in range(3):
        emit.event("step.done")
    assert emit.flush()
    assert len(stand_in.taken) > 3
    assert len({event.id for event in stand_in.taken}) == 3
    assert emit.stats().sent == 3


def test_a_connection_that_the_server_closed_meanwhile_costs_no_waiting(
    stand_in: StandIn, emit: Emitter, reply: type[Reply], caplog: pytest.LogCaptureFixture
) -> None:
    emit.event("step.done")
    assert emit.flush()
    stand_in.replies = [reply(how="drop")]  # as if it had closed just before
    emit.event("step.done")
    assert emit.flush()
    assert emit.stats().sent == 2
    assert not caplog.records  # it was no failure


def test_a_collector_that_hangs_is_given_up_and_asked_again(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], reply: type[Reply]
) -> None:
    stand_in.replies = [reply(how="hang")]
    emit = make_emitter(request_timeout=0.2)
    emit.event("step.done")
    assert emit.flush()
    assert len(stand_in.requests) == 2
    assert len(stand_in.taken) == 1


def test_events_wait_for_a_collector_that_is_started_later(
    make_emitter: Callable[..., Emitter],
    make_stand_in: Callable[[int], StandIn],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    emit = make_emitter(endpoint=f"http://127.0.0.1:{port}")
    emit.event("step.done")
    assert not emit.flush(0.2)
    assert not emit.flush(0.2)
    assert emit.stats().queued == 1
    assert "does not take events (ConnectionRefusedError" in caplog.text

    late = make_stand_in(port)
    assert emit.flush(20)
    assert len(late.taken) == 1


def test_a_path_in_the_endpoint_is_kept(
    stand_in: StandIn, make_emitter: Callable[..., Emitter]
) -> None:
    emit = make_emitter(endpoint=f"{stand_in.endpoint}/otlp/")
    emit.event("step.done")
    assert emit.flush()
    assert stand_in.requests[0].path == "/otlp/v1/logs"


def test_the_newest_are_dropped_when_the_queue_is_full_and_the_oldest_arrive(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], reply: type[Reply]
) -> None:
    stand_in.replies = [reply(how="hang")]
    emit = make_emitter(queue_size=50, batch_size=10, request_timeout=20)
    emit.event("step.done", {"n": 0})
    stand_in.wait_until(lambda: len(stand_in.requests) == 1)
    for number in range(1, 101):
        emit.event("step.done", {"n": number})
    assert emit.stats().dropped == {"queue_full": 50}
    assert emit.stats().queued == 51

    stand_in.released.set()
    assert emit.flush(20)

    assert [event.attributes["n"] for event in stand_in.taken] == list(range(51))
    stats = emit.stats()
    assert stats.emitted == 101 == stats.sent + sum(stats.dropped.values())


def test_a_fault_in_a_transport_loses_one_batch_and_is_counted(
    make_emitter: Callable[..., Emitter],
    hidden_faults: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(RecordingTransport):
        def send(self, body: bytes, timeout: float) -> Answer:
            if not self.requests:
                self.requests.append({})
                raise KeyError("broken")
            return super().send(body, timeout)

    transport = Broken()
    emit = make_emitter(transport=transport)
    emit.event("step.done")
    emit.flush()
    emit.event("step.done")
    assert emit.flush()
    assert emit.stats().dropped == {"fault": 1}
    assert emit.stats().sent == 1
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "internal fault" in record.getMessage()


def test_events_from_many_threads_through_an_unsteady_collector_arrive_once(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], reply: type[Reply]
) -> None:
    stand_in.replies = [
        reply(503),
        reply(how="drop"),
        reply(413),
        reply(),
        reply(429, {"Retry-After": "0"}),
        reply(how="drop"),
        reply(),
    ] * 3
    emit = make_emitter(batch_size=64)

    def send() -> None:
        for _ in range(200):
            emit.event("step.done")
            time.sleep(0)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert emit.flush(60)
    # What was taken twice is known by its id; nothing is missing and nothing is invented.
    assert {event.sequence for event in stand_in.taken} == set(range(1, 801))
    assert len({event.id for event in stand_in.taken}) == 800
    assert emit.stats().sent == 800
