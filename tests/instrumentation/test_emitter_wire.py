"""What stands on the wire, read back with the official OTLP definitions."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge import Emitter
from loopgauge.testing import RecordingTransport

if TYPE_CHECKING:
    from tests.instrumentation.conftest import Received, StandIn


def test_an_event_arrives_as_a_log_record_with_its_resource(
    stand_in: StandIn, make_emitter: Callable[..., Emitter]
) -> None:
    emit = make_emitter(environment="staging")
    emit.event(
        "campaign.created",
        {"campaign.id": "c1", "seats": 3, "price.share": 0.25, "trial": True, "note": 'né"\\\n'},
    )

    assert emit.flush()

    (event,) = stand_in.taken
    assert event.name == "campaign.created"
    assert event.attributes == {
        "campaign.id": "c1",
        "seats": 3,
        "price.share": 0.25,
        "trial": True,
        "note": 'né"\\\n',
    }
    assert event.resource == {
        "service.namespace": "campaigns",
        "service.name": "campaign-api",
        "deployment.environment.name": "staging",
    }
    assert event.sequence == 1
    (request,) = stand_in.requests
    assert request.path == "/v1/logs"
    assert request.headers["content-type"] == "application/json"


def test_without_an_environment_none_is_claimed(stand_in: StandIn, emit: Emitter) -> None:
    emit.event("campaign.created")
    assert emit.flush()
    (event,) = stand_in.taken
    assert event.resource == {"service.namespace": "campaigns", "service.name": "campaign-api"}


def test_ids_are_uuid7_of_the_events_time_and_producers_are_uuids(
    stand_in: StandIn, emit: Emitter
) -> None:
    day = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))
    emit.event("campaign.created", time=day)
    emit.event("campaign.created")
    assert emit.flush()

    then, now = stand_in.taken
    for event in (then, now):
        parsed = uuid.UUID(event.id)
        assert (parsed.version, parsed.variant, str(parsed)) == (7, uuid.RFC_4122, event.id)
        assert parsed.int >> 80 == event.nanoseconds // 1_000_000
        assert str(uuid.UUID(event.producer)) == event.producer
    assert then.nanoseconds == 1_772_359_200_123_456_000
    assert abs(now.nanoseconds / 1e9 - datetime.now(UTC).timestamp()) < 60
    assert then.producer == now.producer


def test_ids_of_one_process_sort_as_its_events_do(stand_in: StandIn, emit: Emitter) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for microseconds in range(200):
        emit.event("step.done", time=start + timedelta(microseconds=microseconds))
    assert emit.flush()
    ids = [event.id for event in stand_in.taken]
    assert ids == sorted(ids)
    assert len(set(ids)) == 200


def test_every_thread_gets_its_own_numbers_and_none_is_left_out(
    stand_in: StandIn, make_emitter: Callable[..., Emitter]
) -> None:
    emit = make_emitter(batch_size=100)

    def send() -> None:
        for _ in range(500):
            emit.event("step.done")

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert emit.flush()

    assert sorted(event.sequence or 0 for event in stand_in.taken) == list(range(1, 4001))
    assert len({event.id for event in stand_in.taken}) == 4000
    assert emit.stats().sent == emit.stats().emitted == 4000
    assert max(len(request.records) for request in stand_in.requests) <= 100


def test_large_requests_are_compressed_and_small_ones_are_not(
    stand_in: StandIn, emit: Emitter
) -> None:
    emit.event("step.done")
    assert emit.flush()
    emit.event("step.done", {"text": "x" * 4000})
    assert emit.flush()
    small, large = stand_in.requests
    assert "content-encoding" not in small.headers
    assert large.headers["content-encoding"] == "gzip"
    assert int(large.headers["content-length"]) < 1000


def test_one_connection_serves_all_requests(stand_in: StandIn, emit: Emitter) -> None:
    for _ in range(5):
        emit.event("step.done")
        assert emit.flush()
    assert len(stand_in.requests) == 5
    assert len({request.connection for request in stand_in.requests}) == 1


def test_later_changes_of_the_hosts_dict_do_not_matter(stand_in: StandIn, emit: Emitter) -> None:
    attributes: dict[str, str | int | float | bool | None] = {"user.id": "u1", "plan": None}
    emit.event("user.registered", attributes)
    attributes["user.id"] = "u2"
    attributes.clear()
    assert emit.flush()
    (event,) = stand_in.taken
    assert event.attributes == {"user.id": "u1"}


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda key: not key.startswith("loopgauge.")
)
VALUES = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
MOMENTS = st.integers(1, 2**63 // 1000 - 1).map(
    lambda microseconds: EPOCH + timedelta(microseconds=microseconds)
)


@given(
    events=st.lists(
        st.tuples(
            st.dictionaries(KEYS, VALUES, max_size=8),
            MOMENTS,
        ),
        max_size=12,
    )
)
def test_whatever_an_event_holds_arrives_unchanged(
    read_requests: Callable[
        [list[tuple[dict[str, str | int | float | bool], datetime]]], list[Received]
    ],
    events: list[tuple[dict[str, str | int | float | bool], datetime]],
) -> None:
    arrived = read_requests(events)
    assert [event.attributes for event in arrived] == [attributes for attributes, _ in events]
    for event, (attributes, moment) in zip(arrived, events, strict=True):
        assert [type(value) for value in event.attributes.values()] == [
            type(value) for value in attributes.values()
        ]
        assert event.nanoseconds == (moment - EPOCH) // timedelta(microseconds=1) * 1000


@pytest.fixture(scope="module")
def read_requests(
    parse_otlp: Callable[[str], list[Received]],
) -> Iterator[Callable[..., list[Received]]]:
    """Sends events through one emitter, and reads what left it with protobuf."""
    transport = RecordingTransport()
    emit = Emitter(product="campaigns", service="api", transport=transport)

    def read(events: list[tuple[dict[str, str | int | float | bool], datetime]]) -> list[Received]:
        transport.requests.clear()
        for attributes, moment in events:
            emit.event("step.done", attributes, time=moment)
        assert emit.flush()
        return [
            record for request in transport.requests for record in parse_otlp(json.dumps(request))
        ]

    yield read
    emit.close()
