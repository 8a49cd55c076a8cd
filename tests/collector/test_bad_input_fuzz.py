"""Whatever is sent, the answer is a 200 or a 4xx, and the next good event is stored."""

import gzip
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collector import otlp
from tests.collector.conftest import Probe
from tests.support.running import JSON, PROTOBUF

patient = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
paths = st.sampled_from(["/v1/events", "/v1/logs", "/v1/traces", "/v1/metrics"])
media_types = st.sampled_from([JSON, PROTOBUF])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["shop", "till-1", "order.placed", "2026-11-21T10:30:00Z"]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.text(max_size=5),
                st.sampled_from(
                    ["events", "id", "name", "time", "attributes", "sequence", "order.id",
                     "resourceLogs", "scopeLogs", "logRecords", "resource", "eventName", "key",
                     "value", "stringValue", "intValue", "arrayValue", "values", "timeUnixNano",
                     "resourceSpans", "scopeSpans", "spans", "numbers"]
                ),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


def survives(
    probe: Probe, path: str, body: bytes, media_type: str, encoding: str | None = None
) -> None:
    answer = probe.running.post(path, body, media_type, encoding=encoding)

    assert answer.status == 200 or 400 <= answer.status < 500, answer
    assert answer.headers["content-type"] == media_type or answer.status == 415
    probe.works()


@patient
@given(paths, media_types, st.binary(max_size=300))
def test_random_bytes(probe: Probe, path: str, media_type: str, body: bytes) -> None:
    survives(probe, path, body, media_type)


@patient
@given(paths, st.binary(max_size=300), st.booleans())
def test_random_bytes_that_claim_to_be_packed(
    probe: Probe, path: str, body: bytes, packed: bool
) -> None:
    survives(probe, path, gzip.compress(body) if packed else body, JSON, encoding="gzip")


@patient
@given(paths, anything)
def test_random_json(probe: Probe, path: str, content: object) -> None:
    survives(probe, path, json.dumps(content).encode(), JSON)


@patient
@given(st.lists(anything, max_size=4), st.dictionaries(st.text(max_size=5), anything, max_size=2))
def test_random_events(probe: Probe, events: list[Any], others: dict[str, Any]) -> None:
    survives(probe, "/v1/events", json.dumps(others | {"events": events}).encode(), JSON)


@patient
@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "time", "product", "service", "producer", "sequence"]),
        scalars,
    ),
    st.dictionaries(st.one_of(st.just("order.id"), st.text(max_size=5)), anything, max_size=4),
)
def test_events_with_random_fields(
    probe: Probe, fields: dict[str, Any], attributes: dict[str, Any]
) -> None:
    event = probe.event(**fields, attributes=attributes)

    survives(probe, "/v1/events", json.dumps({"events": [event]}).encode(), JSON)


@patient
@given(
    media_types,
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=5),
    st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_damaged_requests_of_otlp(
    probe: Probe, media_type: str, damage: list[tuple[float, int]], kept: float
) -> None:
    body = bytearray(otlp.encoded(otlp.logs(probe.event(), probe.event()), media_type))
    for place, byte in damage:
        body[int(place * len(body))] = byte

    survives(probe, "/v1/logs", bytes(body[: int(kept * len(body))]), media_type)
