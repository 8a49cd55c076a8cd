"""Rows 54 to 60 of the catalogue: OTLP bodies, in both encodings."""

import json
import random
import time
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.collector import otlp
from tests.collector.conftest import Probe
from tests.support.running import JSON, PROTOBUF, Answer

#: Comes without types, with the exporter that the tests install.
Status: Any = import_module("google.rpc.status_pb2").Status
ENCODINGS = [PROTOBUF, JSON]
OTHER_SIGNALS = ["/v1/traces", "/v1/metrics"]


def refusal(answer: Answer, media_type: str) -> Any:
    """The google.rpc.Status of a 400, in the encoding of the request."""
    assert answer.status == 400, answer
    assert answer.headers["content-type"] == media_type
    status = Parse(answer.body, Status()) if media_type == JSON else Status.FromString(answer.body)
    assert status.code == 3  # INVALID_ARGUMENT
    assert status.message
    return status


def spans() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for _ in range(2):
        scope = request.resource_spans.add().scope_spans.add()
        for number in range(3):
            scope.spans.add(trace_id=bytes(range(16)), span_id=bytes(8), name=f"GET {number}")
    return request


def metrics() -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
        getattr(scope.metrics.add(name=f"a.{kind}"), kind).data_points.add()
    return request


@pytest.mark.parametrize("media_type", ENCODINGS)
@pytest.mark.parametrize("path", ["/v1/logs", *OTHER_SIGNALS])
def test_an_empty_body_is_an_empty_request(probe: Probe, media_type: str, path: str) -> None:
    for body in (b"", b"{}") if media_type == JSON else (b"",):
        answer = probe.running.post(path, body, media_type)
        assert (answer.status, answer.headers["content-type"]) == (200, media_type)
        assert answer.body in (b"", b"{}")
    probe.sees()


@pytest.mark.parametrize("path", ["/v1/logs", *OTHER_SIGNALS])
@pytest.mark.parametrize(
    "body",
    [
        bytes.fromhex("ffffffffffffffffffff"),
        b"\x0a\xff\xff\xff\xff\x0f",  # a length of 4 GB
        b"\x0a\x05abc",
        b"\x0a",
        b"\x0a\x80\x80\x80",
        b"\x0b\x0c",  # a group
        b"\x07",
        b"\x00\x01",
        b"\x0a\x04\x12\x02\x12\x05",
        b"\x0d\x00",
        b"\x09\x00",
        json.dumps({"resourceLogs": []}).encode(),
    ],
)
def test_what_is_no_message_is_400(probe: Probe, path: str, body: bytes) -> None:
    refusal(probe.running.post(path, body, PROTOBUF), PROTOBUF)
    probe.sees()


@pytest.mark.parametrize("path", ["/v1/logs", *OTHER_SIGNALS])
def test_random_bytes_are_never_more_than_a_bad_request(probe: Probe, path: str) -> None:
    rng = random.Random(5)
    good = otlp.logs(*(probe.event() for _ in range(5))).SerializeToString()
    for _ in range(100):
        damaged = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        for body in (rng.randbytes(rng.randrange(1, 200)), bytes(damaged[: rng.randrange(300)])):
            assert probe.running.post(path, body, PROTOBUF).status in (200, 400)
    probe.works()


def json_record(record: bytes) -> bytes:
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[%b]}]}]}' % record


def json_value(value: bytes) -> bytes:
    return json_record(
        b'{"eventName":"a.b","attributes":[{"key":"a","value":{%b}},{"key":"b.id","value":{%b}}]}'
        % (value, value)
    )


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'{"resourceLogs":{}}',
        b'{"resourceLogs":[1]}',
        b'{"resourceLogs":[]}{}',
        b'{"resourceLogs":',
        json_record(b"1"),
        json_record(b'{"eventName":5}'),
        json_record(b'{"eventName":"a.b","timeUnixNano":"x"}'),
        json_record(b'{"eventName":"a.b","attributes":{}}'),
        json_record(b'{"eventName":"a.b","attributes":[1]}'),
        json_value(b'"intValue":"1.5"'),
        json_value(b'"intValue":"' + b"9" * 50 + b'"'),
        json_value(b'"doubleValue":1e999'),
        json_value(b'"doubleValue":"one"'),
        json_value(b'"bytesValue":"?"'),
        json_value(b'"stringValue":"\\ud800"'),
        json_value(b'"stringValue":"\xff"'),
        json_value(b'"arrayValue":[]'),
    ],
)
def test_what_is_no_request_in_json_is_400(probe: Probe, body: bytes) -> None:
    refusal(probe.running.post("/v1/logs", body, JSON), JSON)
    probe.sees()


@pytest.mark.parametrize("media_type", ENCODINGS)
@pytest.mark.parametrize("depth", [9, 60, 5_000])
@pytest.mark.parametrize("key", ["odd", "odd.id"])
def test_an_attribute_that_nests_beyond_reason_is_400(
    probe: Probe, media_type: str, depth: int, key: str
) -> None:
    if media_type == PROTOBUF:
        nested = b""
        for _ in range(depth):  # AnyValue.array_value {ArrayValue.values {...}}
            nested = _field(5, _field(1, nested))
        pair = _field(6, _field(1, key.encode()) + _field(2, nested))
        body = _field(1, _field(2, _field(2, pair + _field(12, b"a.b"))))
    else:
        nested_text = '{"arrayValue":{"values":[' * depth + "]}}" * depth
        body = (
            '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"a.b","attributes":'
            '[{"key":"' + key + '","value":' + nested_text + "}]}]}]}]}"
        ).encode()

    status = refusal(probe.running.post("/v1/logs", body, media_type), media_type)
    # At 5,000 levels the decoders themselves give up, in words of their own.
    assert "levels deep" in status.message or depth > 9
    probe.sees()


def _field(number: int, content: bytes) -> bytes:
    length, size = b"", len(content)
    while size > 0x7F:
        length += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return bytes((number << 3 | 2,)) + length + bytes((size,)) + content


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_another_signal_on_the_path_of_logs_is_400_and_says_so(
    probe: Probe, media_type: str
) -> None:
    for request in (spans(), metrics()):
        body = otlp.encoded(request, media_type)
        status = refusal(probe.running.post("/v1/logs", body, media_type), media_type)
        assert "spans or metrics" in status.message
    probe.sees()


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_traces_and_metrics_are_answered_with_a_partial_success_that_rejects_all(
    probe: Probe, media_type: str
) -> None:
    for path, request, field, count in (
        ("/v1/traces", spans(), "rejectedSpans", 6),
        ("/v1/metrics", metrics(), "rejectedDataPoints", 5),
    ):
        answer = probe.running.post(path, otlp.encoded(request, media_type), media_type)
        assert answer.status == 200
        if media_type == JSON:
            partial = answer.json()["partialSuccess"]
            assert partial[field] == str(count)
            message = partial["errorMessage"]
        else:
            response = otlp.decoded(answer, media_type).partial_success
            assert response.rejected_log_records == count
            message = response.error_message
        assert "LoopGauge keeps log records" in message
    probe.sees()


@pytest.mark.parametrize("form", ["text", "number"])
def test_64_bit_integers_in_json_are_texts_or_numbers(probe: Probe, form: str) -> None:
    now = time.time_ns()
    number = json.dumps if form == "number" else (lambda integer: json.dumps(str(integer)))
    record = (
        '{"timeUnixNano":' + number(now) + ',"eventName":"never.heard_of","traceId":'
        '"5b8efff798038103d269b633813fc60c","spanId":"7uGfd/ehcXo=","severityNumber":9,'
        '"unknown":{"deep":[1]},"attributes":[{"key":"n","value":{"intValue":'
        + number(2**63 - 1)
        + "}}]}"
    )
    body = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + record + "]}]}]}"

    answer = probe.running.post("/v1/logs", body.encode(), JSON)

    assert (answer.status, answer.body) == (200, b"{}")
    row = probe.running.stored()[-1]
    assert json.loads(row["attributes"]) == {"n": 2**63 - 1}
    assert (row["time"] - datetime(1970, 1, 1)) // timedelta(microseconds=1) == now // 1000  # noqa: DTZ001
    probe.sees(stored=1)


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_ten_thousand_resources_with_a_record_each_are_stored(
    probe: Probe, media_type: str
) -> None:
    request = ExportLogsServiceRequest()
    for number in range(10_000):
        one = otlp.logs(probe.event(), resource=otlp.SHOP | {"service.instance.id": f"i{number}"})
        request.resource_logs.extend(one.resource_logs)

    answer = probe.running.post("/v1/logs", otlp.encoded(request, media_type), media_type)

    assert answer.body in (b"", b"{}")
    probe.sees(stored=10_000)


def test_unknown_fields_of_protobuf_are_skipped(probe: Probe) -> None:
    record = otlp.record(probe.event()).SerializeToString() + b"\xf8\x3f\x01" + _field(15, b"x")
    scope = _field(2, record) + _field(14, b"y") + b"\x78\x01"
    resource_logs = otlp.logs().resource_logs[0].SerializeToString() + _field(2, scope)
    body = _field(13, b"z") + _field(1, resource_logs) + b"\x6d\x00\x00\x00\x00"

    assert probe.running.post("/v1/logs", body, PROTOBUF).body == b""
    probe.sees(stored=1)


def test_a_body_of_ten_million_empty_records_is_counted_and_not_held(probe: Probe) -> None:
    empty = b"\x12\x00" * 1_000_000

    answer = probe.running.post("/v1/logs", _field(1, _field(2, empty)), PROTOBUF, packed=True)

    assert answer.status == 200
    probe.sees(ignored__no_event_name=1_000_000)


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_a_value_that_json_does_not_have_rejects_its_record(probe: Probe, media_type: str) -> None:
    bad: dict[str, list[object]] = {
        "not_finite": [float("nan"), float("inf"), float("-inf")],
        "wrong_type": [b"\0\1"],
        "nested_attribute": [[1, "a"], {"a": {"b": 1}}, []],
        "nul_character": ["a\0b"],
        "attribute_too_long": ["x" * 5000],
    }
    events = [
        probe.event(attributes={"order.id": "1", "odd": odd}) for one in bad.values() for odd in one
    ]
    body = otlp.encoded(otlp.logs(probe.event(), *events), media_type)

    partial = otlp.decoded(probe.running.post("/v1/logs", body, media_type), media_type)

    assert partial.partial_success.rejected_log_records == len(events)
    assert "in quarantine" in partial.partial_success.error_message
    probe.sees(stored=1, **{f"quarantined__{reason}": len(one) for reason, one in bad.items()})


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_an_attribute_that_stands_twice_rejects_its_record(probe: Probe, media_type: str) -> None:
    record = otlp.record(probe.event())
    record.attributes.extend(otlp.pairs({"order.id": "again"}))

    answer = probe.running.post("/v1/logs", otlp.encoded(otlp.logs(record), media_type), media_type)

    assert otlp.decoded(answer, media_type).partial_success.rejected_log_records == 1
    probe.sees(quarantined__duplicate_key=1)


@pytest.mark.parametrize("media_type", ENCODINGS)
@pytest.mark.parametrize(
    ("key", "odd", "reason"),
    [
        ("loopgauge.event.id", 7, "invalid_id"),
        ("loopgauge.event.id", "x", "invalid_id"),
        ("loopgauge.producer.id", 7, "invalid_producer"),
        ("loopgauge.producer.id", "x", "invalid_producer"),
        ("loopgauge.sequence", "7", "invalid_producer"),
        ("loopgauge.sequence", -7, "invalid_producer"),
        ("loopgauge.sequence", True, "invalid_producer"),
        ("loopgauge.sequence", AnyValue(), "invalid_producer"),
    ],
)
def test_a_lifted_attribute_of_another_type_rejects_its_record(
    probe: Probe, media_type: str, key: str, odd: object, reason: str
) -> None:
    record = otlp.record(probe.event())
    kept = [pair for pair in record.attributes if pair.key != key]
    del record.attributes[:]
    record.attributes.extend([*kept, *otlp.pairs({key: odd})])

    probe.running.post("/v1/logs", otlp.encoded(otlp.logs(record), media_type), media_type)

    probe.sees(**{f"quarantined__{reason}": 1})


def test_a_record_without_any_time_is_rejected(probe: Probe) -> None:
    probe.running.post(
        "/v1/logs",
        otlp.logs(LogRecord(event_name="a.b")).SerializeToString(),
        PROTOBUF,
    )

    probe.sees(quarantined__invalid_time=1)
