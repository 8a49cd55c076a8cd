"""Events as OTLP log records in JSON, written by hand: it takes a third of json.dumps' time.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: names in lowerCamelCase,
64-bit integers as strings.
"""

import json
from collections.abc import Sequence
from functools import cache

from loopgauge._checks import Scalar
from loopgauge._ids import uuid7
from loopgauge._producer import EVENT_ID, PRODUCER_ID, SEQUENCE, Event

_quote = json.JSONEncoder(ensure_ascii=False).encode

_MAX_KNOWN = 2000
_openings: dict[str, str] = {}


def encode_record(event: Event, producer_id: str) -> bytes:
    """One log record. Its id is made here, so a record that is sent twice keeps its id.

    Args:
        event: checked already; a sequence of 0 means that it has none (heartbeats).
        producer_id: this start of the process.
    """
    name, nanoseconds, attributes, sequence = event
    fields = [_attribute(key, value) for key, value in attributes.items()]
    fields.append(_attribute(EVENT_ID, uuid7(nanoseconds)))
    fields.append(_attribute(PRODUCER_ID, producer_id))
    if sequence:
        fields.append(_attribute(SEQUENCE, sequence))
    return (
        f'{{"timeUnixNano":"{nanoseconds}","eventName":{_quote(name)},'
        f'"attributes":[{",".join(fields)}]}}'
    ).encode()


def _attribute(key: str, value: Scalar) -> str:
    opening = _openings.get(key)
    if opening is None:
        opening = f'{{"key":{_quote(key)},"value":{{'
        if len(_openings) < _MAX_KNOWN:
            _openings[key] = opening
    if isinstance(value, str):
        return f'{opening}"stringValue":{_quote(value)}}}}}'
    if isinstance(value, bool):
        return f'{opening}"boolValue":{"true" if value else "false"}}}}}'
    if isinstance(value, int):
        return f'{opening}"intValue":"{value}"}}}}'
    return f'{opening}"doubleValue":{value!r}}}}}'


class Envelope:
    """What stands round the records of a request: the resource and the scope.

    Args:
        product: sent as service.namespace.
        service: sent as service.name.
        environment: sent as deployment.environment.name, unless None.
    """

    def __init__(self, product: str, service: str, environment: str | None) -> None:
        self.resource = {"service.namespace": product, "service.name": service}
        if environment is not None:
            self.resource["deployment.environment.name"] = environment
        attributes = ",".join(_attribute(key, value) for key, value in self.resource.items())
        self._head = (
            f'{{"resourceLogs":[{{"resource":{{"attributes":[{attributes}]}},"scopeLogs":'
            f'[{{"scope":{{"name":"loopgauge","version":{_quote(version())}}},"logRecords":['
        ).encode()

    def body(self, records: Sequence[bytes]) -> bytes:
        """A whole request, not compressed."""
        return self._head + b",".join(records) + b"]}]}]}"


@cache
def version() -> str:
    """The installed version of this library."""
    # Not at import: it reads the package's files.
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("loopgauge")
    except PackageNotFoundError:
        return "unknown"
