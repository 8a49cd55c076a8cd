"""The helpers that users' tests lean on."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from loopgauge import Emitter
from loopgauge.testing import Answer, RecordingTransport, capture_events


def test_captured_events_are_not_sent_and_not_counted(
    make_emitter: Callable[..., Emitter],
) -> None:
    transport = RecordingTransport()
    emit = make_emitter(transport=transport)
    moment = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    with capture_events(emit) as events:
        emit.event("user.registered", {"user.id": "u1"}, time=moment)
        assert emit.stats().sent == 1
        assert emit.flush()
        assert emit.close()
    emit.event("user.registered")
    assert emit.flush()
    assert [(event.name, event.attributes, event.time) for event in events] == [
        ("user.registered", {"user.id": "u1"}, moment)
    ]
    assert len(transport.events) == 1
    assert emit.stats().emitted == 1


def test_a_refused_event_fails_the_users_test_with_the_reasons(emit: Emitter) -> None:
    def users_test() -> None:
        with capture_events(emit):
            emit.event("Wrong")
            emit.event("user.registered", {"user": {}})  # type: ignore[dict-item]  # is tested

    with pytest.raises(AssertionError) as raised:
        users_test()
    assert "lower case words" in str(raised.value)
    assert "attributes are flat" in str(raised.value)


def test_a_test_about_refused_events_can_say_so(emit: Emitter) -> None:
    with capture_events(emit, strict=False) as events:
        emit.event("Wrong")
        assert emit.stats().dropped == {"invalid": 1}
    assert events == []


def test_a_failing_test_keeps_its_own_error(emit: Emitter) -> None:
    def users_test() -> None:
        with capture_events(emit):
            emit.event("Wrong")
            raise KeyError

    with pytest.raises(KeyError):
        users_test()


def test_a_recording_transport_keeps_what_was_accepted(
    make_emitter: Callable[..., Emitter],
) -> None:
    transport = RecordingTransport([Answer("again"), Answer("accepted")])
    emit = make_emitter(transport=transport)
    emit.event("step.done", {"n": 1, "share": 0.5, "fine": True, "text": "é"})
    assert emit.flush()
    (event,) = transport.events
    assert event.attributes.items() >= {"n": 1, "share": 0.5, "fine": True, "text": "é"}.items()
    assert event.attributes["loopgauge.sequence"] == 1
    assert len(transport.requests) == 2
    emit.close(10)
    assert len(transport.reports) == 1
