"""POST /v1/logs: the same event in either encoding, and what an OpenTelemetry SDK sends."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_collector.events import Incoming
from loopgauge_collector.receivers import RECEIVERS
from loopgauge_collector.settings import Settings
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from tests.collector import otlp
from tests.collector.conftest import EventMaker
from tests.support.running import JSON, PROTOBUF, Running

ENCODINGS = [PROTOBUF, JSON]
SETTINGS = Settings.model_validate({})
(LOGS,) = (receiver for receiver in RECEIVERS if receiver.path == "/v1/logs")

names = st.one_of(
    st.sampled_from(["order.id", "http.route", "loopgauge.sequence", "loopgauge.event.id", "x"]),
    st.text(max_size=12),
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    st.text('ab"\\\x00\n', max_size=300),
    st.binary(max_size=6),
    st.lists(st.integers(0, 5), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
attributes = st.dictionaries(names, values, max_size=6)


def read(body: bytes, media_type: str) -> tuple[list[Incoming], int]:
    parts = list(LOGS.parts(body, media_type, SETTINGS))
    ignored = sum(count for part in parts for count in part.ignored.values())
    return [event for part in parts for event in part.events], ignored


@given(
    st.lists(st.tuples(st.sampled_from(["", "a.b", "order.placed"]), attributes), max_size=5),
    st.dictionaries(st.text(max_size=5), values, max_size=3),
    st.integers(0, 2**63),
)
def test_both_encodings_give_the_same_events(
    records: list[tuple[str, Mapping[str, object]]], resource: dict[str, object], moment: int
) -> None:
    request = otlp.logs(
        *({"name": name, "attributes": given, "time": moment} for name, given in records),
        resource=otlp.SHOP | resource,
    )
    first = read(otlp.encoded(request, PROTOBUF), PROTOBUF)

    # Twice: what was seen before goes another way through the decoders.
    assert read(otlp.encoded(request, JSON), JSON) == first
    assert read(otlp.encoded(request, PROTOBUF), PROTOBUF) == first
    assert read(otlp.encoded(request, JSON), JSON) == first
    assert [event.index for event in first[0]] == [n for n, (name, _) in enumerate(records) if name]


@given(attributes)
def test_flat_attributes_come_out_as_they_went_in(given_attributes: dict[str, Any]) -> None:
    flat = {
        name: value
        for name, value in given_attributes.items()
        if isinstance(value, bool | int | str) and not name.startswith("loopgauge.")
    }
    (event,), _ = read(
        otlp.encoded(otlp.logs({"name": "a.b", "attributes": flat}), PROTOBUF), PROTOBUF
    )

    assert json.loads(event.attributes) == flat
    assert event.flaw is None


def test_columns_are_lifted_out_and_are_no_attributes(
    running_collector: Running, event: EventMaker
) -> None:
    one = event(producer=str(uuid4()), sequence=300, attributes={"order.id": "1"})
    for media_type in ENCODINGS:
        running_collector.post(
            "/v1/logs", otlp.encoded(otlp.logs({**one, "id": event.id()}), media_type), media_type
        )

    for row in running_collector.stored():
        assert (str(row["producer"]), row["sequence"]) == (one["producer"], 300)
        assert json.loads(row["attributes"]) == {"order.id": "1"}
        assert (row["product"], row["service"], row["environment"]) == ("shop", "till-1", None)


@pytest.mark.parametrize("media_type", ENCODINGS)
@pytest.mark.parametrize("packed", [False, True])
def test_ten_thousand_records_are_stored_whole(
    running_collector: Running, event: EventMaker, media_type: str, packed: bool
) -> None:
    body = otlp.encoded(otlp.logs(*(event() for _ in range(10_000))), media_type)

    answer = running_collector.post("/v1/logs", body, media_type, packed=packed)

    assert (answer.status, answer.body in (b"", b"{}")) == (200, True)
    assert running_collector.outcomes() == {"stored": 10_000}


def test_log_lines_are_counted_and_not_stored(
    running_collector: Running, event: EventMaker
) -> None:
    line = LogRecord(severity_text="INFO", time_unix_nano=time.time_ns())
    line.body.string_value = "hello"
    request = otlp.logs(line, event(), line)
    request.resource_logs.extend(otlp.logs(line, resource={"service.name": "till-9"}).resource_logs)
    request.resource_logs.extend(otlp.logs(line, resource={"service.name": "<b>"}).resource_logs)

    answer = running_collector.post("/v1/logs", request.SerializeToString(), PROTOBUF)

    assert answer.body == b""
    counted = running_collector.collector.sql(
        "select product, service, events from accounting_recent where outcome = 'ignored'"
    )
    assert sorted(counted.rows) == [("", "", 1), ("shop", "till-1", 2), ("shop", "till-9", 1)]


def test_good_records_of_a_request_are_stored_beside_bad_ones_which_are_told(
    running_collector: Running, event: EventMaker
) -> None:
    request = otlp.logs(event(), event(name="Bad"), event(attributes={}), event())
    for media_type in ENCODINGS:
        body = otlp.encoded(request, media_type)
        answer = running_collector.post("/v1/logs", body, media_type)
        partial = otlp.decoded(answer, media_type).partial_success
        assert partial.rejected_log_records == 2
        assert "missing_attribute: 1" in partial.error_message
        assert "invalid_name: 1" in partial.error_message

    assert running_collector.outcomes()["stored"] == 2
    assert running_collector.outcomes()["duplicate"] == 2


def test_a_record_without_an_id_gets_one_that_repeats_and_follows_its_time(
    running_collector: Running,
) -> None:
    moment = time.time_ns() - 3_600_000_000_000
    record = LogRecord(event_name="order.placed", time_unix_nano=moment)
    record.attributes.extend(otlp.pairs({"order.id": "1"}))
    later = LogRecord(event_name="order.placed", time_unix_nano=moment + 1)
    later.attributes.extend(record.attributes)
    replica = otlp.logs(record, resource=otlp.SHOP | {"service.instance.id": "2"})
    for media_type in ENCODINGS:
        for request in (otlp.logs(record), otlp.logs(later), replica):
            running_collector.post("/v1/logs", otlp.encoded(request, media_type), media_type)

    rows = running_collector.stored()
    assert running_collector.outcomes() == {"stored": 3, "duplicate": 3}
    assert {row["id"].int >> 80 for row in rows} == {moment // 1_000_000}
    assert {row["id"].version for row in rows} == {7}


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_nanoseconds_are_floored_and_the_observed_time_helps_out(
    running_collector: Running, event: EventMaker, media_type: str
) -> None:
    second = int(time.time()) - 100
    timed = otlp.record(event(time=second * 10**9 + 1999))
    observed = otlp.record(event())
    observed.time_unix_nano, observed.observed_time_unix_nano = 0, second * 10**9 + 2999

    body = otlp.encoded(otlp.logs(timed, observed), media_type)
    running_collector.post("/v1/logs", body, media_type)

    start = datetime.fromtimestamp(second, UTC).replace(tzinfo=None)
    assert [row["time"] - start for row in running_collector.stored()] == [
        timedelta(microseconds=1),
        timedelta(microseconds=2),
    ]


@pytest.mark.parametrize(
    ("resource", "product", "environment"),
    [
        ({"service.name": "till-7"}, "shop", None),
        ({"service.name": "nobody"}, "", None),
        ({"service.name": "nobody", "service.namespace": "shop"}, "shop", None),
        ({"service.name": "till-7", "service.namespace": "other"}, "other", None),
        ({"service.name": "till-7", "deployment.environment.name": "staging"}, "shop", "staging"),
        ({"service.name": "till-7", "deployment.environment": "staging"}, "shop", "staging"),
        ({}, "", None),
    ],
)
def test_product_and_environment_come_from_the_resource(
    running_collector: Running,
    event: EventMaker,
    resource: dict[str, object],
    product: str,
    environment: str | None,
) -> None:
    for media_type in ENCODINGS:
        request = otlp.logs(event(name="never.heard_of"), resource=resource)
        body = otlp.encoded(request, media_type)
        assert running_collector.post("/v1/logs", body, media_type).status == 200

    for row in running_collector.stored():
        assert (row["product"], row["environment"]) == (product, environment)


def test_what_the_opentelemetry_sdk_sends_is_stored(running_collector: Running) -> None:
    exporter = OTLPLogExporter(
        endpoint=f"{running_collector.url}/v1/logs", compression=Compression.Gzip
    )
    provider = LoggerProvider(Resource.create(otlp.SHOP))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("test")
    moment = time.time_ns()
    for number in range(20):
        logger.emit(
            timestamp=moment + number,
            event_name="order.placed",
            attributes={"order.id": str(number), "order.items": number + 1, "order.gift": True},
            body="an order",
        )
    logger.emit(body="just a line")
    provider.shutdown()

    rows = running_collector.stored()
    assert running_collector.outcomes() == {"stored": 20, "ignored no_event_name": 1}
    assert [json.loads(row["attributes"])["order.items"] for row in rows] == list(range(1, 21))
    assert {row["product"] for row in rows} == {"shop"}
