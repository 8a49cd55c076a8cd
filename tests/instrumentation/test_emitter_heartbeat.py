"""The heartbeat says that a producer is alive, how far it counted, and what it lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from loopgauge import Emitter
from loopgauge.testing import Answer, RecordingTransport

if TYPE_CHECKING:
    from tests.instrumentation.conftest import Reply, StandIn


def test_a_service_without_traffic_is_seen_as_alive(
    stand_in: StandIn, make_emitter: Callable[..., Emitter]
) -> None:
    make_emitter(heartbeat_interval=0.02)
    stand_in.wait_until(lambda: len(stand_in.reports) >= 3)
    first, second = stand_in.reports[:2]
    assert first.attributes == {
        "loop.sequence.high": 0,
        "loop.events.sent": 0,
        "loop.events.dropped": 0,
    }
    assert first.sequence is None
    assert first.id != second.id
    assert first.producer == second.producer
    assert first.resource["service.name"] == "campaign-api"


def test_a_service_that_is_never_idle_reports_too(make_emitter: Callable[..., Emitter]) -> None:
    class Busy(RecordingTransport):
        """A new event waits whenever a request is done, so the queue is never empty."""

        def send(self, body: bytes, timeout: float) -> Answer:
            if not self.reports:
                emit.event("step.done")
            return super().send(body, timeout)

    transport = Busy()
    emit = make_emitter(transport=transport, heartbeat_interval=0.05)
    emit.event("step.done")
    while not transport.reports:
        pass
    assert emit.flush()


def test_the_report_tells_what_was_sent_and_lost_and_why(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], reply: type[Reply]
) -> None:
    emit = make_emitter(queue_size=3, flush_interval=60)
    for _ in range(4):
        emit.event("step.done")  # the fourth finds the queue full
    assert emit.flush()
    emit.event("Wrong")
    stand_in.replies = [reply(400)]
    emit.event("step.done")
    assert emit.flush()
    stand_in.replies = [reply(body=b'{"partialSuccess":{"rejectedLogRecords":"1"}}')]
    emit.event("step.done")
    assert emit.flush()

    assert emit.close(10)

    (report,) = stand_in.reports
    assert report.attributes == {
        "loop.sequence.high": 7,
        "loop.events.sent": 4,  # one of them is in quarantine: it was acknowledged as well
        "loop.events.dropped": 3,
        "loop.dropped.queue_full": 1,
        "loop.dropped.invalid": 1,
        "loop.dropped.refused": 1,
    }
    assert report.sequence is None
    assert {event.producer for event in stand_in.taken} == {report.producer}


def test_a_report_is_no_event_of_the_account(
    stand_in: StandIn, make_emitter: Callable[..., Emitter]
) -> None:
    emit = make_emitter(heartbeat_interval=0.02)
    stand_in.wait_until(lambda: len(stand_in.reports) >= 2)
    assert emit.close(10)
    assert emit.stats().emitted == emit.stats().sent == 0


def test_a_report_that_is_refused_is_not_repeated(
    make_emitter: Callable[..., Emitter],
) -> None:
    transport = RecordingTransport([Answer("again"), Answer("refused")])
    make_emitter(transport=transport, heartbeat_interval=0.02)
    while not transport.reports:
        pass
    assert len({request_id(request) for request in transport.requests}) == len(transport.requests)


def request_id(request: dict[str, object]) -> str:
    """The whole record: one that were sent twice would be the same."""
    return str(request["resourceLogs"])


def test_a_closed_emitter_reports_no_more_and_counts_what_still_comes(
    stand_in: StandIn, emit: Emitter
) -> None:
    emit.event("step.done")
    assert emit.close(10)
    emit.event("step.done")
    emit.close(10)
    assert len(stand_in.reports) == 1
    assert emit.stats().dropped == {"exit": 1}
    assert len(stand_in.taken) == 1


def test_what_cannot_be_sent_before_the_end_is_counted(
    make_emitter: Callable[..., Emitter],
) -> None:
    emit = make_emitter(endpoint="http://127.0.0.1:9", batch_size=2)
    for _ in range(5):
        emit.event("step.done")
    assert not emit.close(0.3)
    stats = emit.stats()
    assert stats.dropped == {"exit": 5}
    assert stats.queued == 0


def test_the_end_is_a_last_chance_for_events_that_wait_for_a_retry(
    stand_in: StandIn, emit: Emitter, reply: type[Reply]
) -> None:
    stand_in.replies = [reply(503, {"Retry-After": "3600"})]
    emit.event("step.done")
    stand_in.wait_until(lambda: len(stand_in.requests) == 1)
    assert emit.close(10)
    assert len(stand_in.taken) == 1
    assert len(stand_in.reports) == 1


def test_a_block_closes_its_emitter(
    stand_in: StandIn, make_emitter: Callable[..., Emitter]
) -> None:
    with make_emitter() as emit:
        emit.event("step.done")
    assert len(stand_in.taken) == 1
    assert len(stand_in.reports) == 1
