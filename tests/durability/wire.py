"""A batch as bytes on the wire: the collector's JSON, and OTLP protobuf."""

import gzip
import json
import random
from typing import Any
from uuid import UUID

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from tests.durability import identity
from tests.durability.ledger import Batch

JSON_PATH, OTLP_PATH = "/v1/events", "/v1/logs"


def as_json(batch: Batch) -> bytes:
    """The body of a `POST /v1/events`."""
    events = [_json_event(event_id) for event_id in batch.ids]
    if batch.forged is not None:
        forged = _json_event(batch.forged)
        forged["attributes"] = {"subject.id": "forged"}
        events.append(forged)
    return json.dumps({"events": events}).encode()


def _json_event(event_id: UUID) -> dict[str, Any]:
    content = identity.payload(event_id)
    event: dict[str, Any] = {
        "id": str(event_id),
        "name": content.name,
        "time": identity.rfc3339(content.time_ms),
        "product": identity.PRODUCT,
        "service": content.service,
        "attributes": content.attributes,
        "producer": str(content.producer),
        "sequence": content.sequence,
    }
    if content.environment is not None:
        event["environment"] = content.environment
    return event


def as_otlp(batch: Batch) -> bytes:
    """The body of a `POST /v1/logs`, one resource per service and environment."""
    request = ExportLogsServiceRequest()
    scopes: dict[tuple[str, str | None], Any] = {}
    for event_id in batch.ids:
        content = identity.payload(event_id)
        scope = _scope(request, scopes, content.service, content.environment)
        record = scope.log_records.add(
            time_unix_nano=content.time_ms * 1_000_000, event_name=content.name
        )
        _attribute(record.attributes.add(), "loopgauge.event.id", str(event_id))
        _attribute(record.attributes.add(), "loopgauge.producer.id", str(content.producer))
        _attribute(record.attributes.add(), "loopgauge.sequence", content.sequence)
        for key, value in content.attributes.items():
            _attribute(record.attributes.add(), key, value)
    for number in range(batch.log_lines):
        scope = _scope(request, scopes, "prover-0", None)
        scope.log_records.add(severity_text="INFO").body.string_value = f"line {number}"
    return request.SerializeToString()


def _scope(
    request: ExportLogsServiceRequest,
    scopes: dict[tuple[str, str | None], Any],
    service: str,
    environment: str | None,
) -> Any:
    key = (service, environment)
    if key not in scopes:
        resource_logs = request.resource_logs.add()
        attributes = resource_logs.resource.attributes
        _attribute(attributes.add(), "service.namespace", identity.PRODUCT)
        _attribute(attributes.add(), "service.name", service)
        if environment is not None:
            _attribute(attributes.add(), "deployment.environment.name", environment)
        scopes[key] = resource_logs.scope_logs.add()
    return scopes[key]


def _attribute(pair: KeyValue, key: str, value: str | int | float | bool) -> None:
    pair.key = key
    if isinstance(value, bool):
        pair.value.bool_value = value
    elif isinstance(value, int):
        pair.value.int_value = value
    elif isinstance(value, float):
        pair.value.double_value = value
    else:
        pair.value.string_value = value


def packed(body: bytes, rng: random.Random) -> tuple[bytes, dict[str, str]]:
    """The body, compressed every third time, and the headers that say so."""
    if rng.random() < 0.33:
        return gzip.compress(body, compresslevel=1), {"Content-Encoding": "gzip"}
    return body, {}
