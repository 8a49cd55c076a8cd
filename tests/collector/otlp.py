"""OTLP requests for tests, made with the messages of opentelemetry-proto."""

import json
import time
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.support.running import JSON, PROTOBUF, Answer

SHOP = {"service.namespace": "shop", "service.name": "till-1"}


def value(plain: object) -> AnyValue:
    """A Python value as an AnyValue."""
    if isinstance(plain, AnyValue):
        return plain
    made = AnyValue()
    if isinstance(plain, bool):
        made.bool_value = plain
    elif isinstance(plain, int):
        made.int_value = plain
    elif isinstance(plain, float):
        made.double_value = plain
    elif isinstance(plain, bytes):
        made.bytes_value = plain
    elif isinstance(plain, list):
        made.array_value.values.extend(value(one) for one in plain)
        made.array_value.SetInParent()
    elif isinstance(plain, dict):
        made.kvlist_value.values.extend(pairs(plain))
        made.kvlist_value.SetInParent()
    elif plain is not None:
        made.string_value = str(plain)
    return made


def pairs(attributes: Mapping[str, object]) -> list[KeyValue]:
    """Attributes as KeyValues."""
    return [KeyValue(key=key, value=value(plain)) for key, plain in attributes.items()]


def record(event: Mapping[str, Any]) -> LogRecord:
    """An event of `EventMaker` as the library sends it; a time in nanoseconds is taken as it is."""
    made = LogRecord(event_name=event.get("name", ""))
    moment = event.get("time")
    made.time_unix_nano = moment if isinstance(moment, int) else time.time_ns()
    made.attributes.extend(pairs(event.get("attributes", {})))
    for name, key in (
        ("id", "loopgauge.event.id"),
        ("producer", "loopgauge.producer.id"),
        ("sequence", "loopgauge.sequence"),
    ):
        if name in event:
            made.attributes.extend(pairs({key: event[name]}))
    return made


def logs(
    *records: LogRecord | Mapping[str, Any], resource: Mapping[str, object] = SHOP
) -> ExportLogsServiceRequest:
    """A request of one resource."""
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    resource_logs.resource.attributes.extend(pairs(resource))
    resource_logs.scope_logs.add().log_records.extend(
        one if isinstance(one, LogRecord) else record(one) for one in records
    )
    return request


def encoded(message: Message, media_type: str) -> bytes:
    """A message in either encoding; in JSON 64 bit integers are texts."""
    if media_type == PROTOBUF:
        return message.SerializeToString()
    return json.dumps(MessageToDict(message)).encode()


def decoded(answer: Answer, media_type: str) -> ExportLogsServiceResponse:
    """The response, which must be in the encoding of the request."""
    assert answer.headers["content-type"] == media_type
    if media_type == JSON:
        return Parse(answer.body, ExportLogsServiceResponse())
    return ExportLogsServiceResponse.FromString(answer.body)
