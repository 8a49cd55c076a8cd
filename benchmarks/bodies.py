"""Request bodies, built before the clock starts, of events that were never sent before.

An event is bytes with gaps for id, time, sequence and subject. Filling gaps is so cheap
that a million fresh events are ready in seconds, as JSON and as OTLP protobuf.
"""

import itertools
import os
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

import msgspec
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from benchmarks.mix import SUBJECT, Sender, Shape, Value

Format = Literal["json", "otlp"]

CONTENT_TYPES: dict[Format, str] = {"json": "application/json", "otlp": "application/x-protobuf"}
PATHS: dict[Format, str] = {"json": "/v1/events", "otlp": "/v1/logs"}
POOL_SIZE = 20_000

Pieces = tuple[bytes, ...]


class Maker(Protocol):
    """Builds bodies of one wire format."""

    def make(self, events: int) -> bytes:
        """A body with this many fresh events of one sender."""


def ids(count: int, milliseconds: int) -> list[bytes]:
    """New UUIDv7 texts of one moment, ascending.

    Args:
        count: at most 4096.
        milliseconds: since the epoch.
    """
    stamp = f"{milliseconds:012x}"
    prefix = f"{stamp[:8]}-{stamp[8:]}-7"
    noise = os.urandom(8 * count).hex()
    return [
        f"{prefix}{n:03x}-8{noise[16 * n : 16 * n + 3]}-{noise[16 * n + 3 : 16 * n + 15]}".encode()
        for n in range(count)
    ]


class _Pool:
    """Many events of one sender, cut at their gaps, in the shares of the mix."""

    def __init__(
        self, sender: Sender, rng: random.Random, cut: Callable[[Sender, Shape], Pieces]
    ) -> None:
        self._pieces = [cut(sender, sender.shape(rng)) for _ in range(POOL_SIZE)]
        self._next = 0

    def take(self, count: int) -> list[Pieces]:
        """The next events, from the beginning again after the last."""
        start, self._next = self._next, (self._next + count) % POOL_SIZE
        taken = self._pieces[start : start + count]
        return taken + self._pieces[: count - len(taken)]


class JsonMaker:
    """Bodies of `POST /v1/events`."""

    def __init__(self, senders: Sequence[Sender], seed: int) -> None:
        self._rng = random.Random(seed)
        self._pools = [_Pool(sender, self._rng, _json_pieces) for sender in senders]
        self._shares = [sender.share for sender in senders]
        self._sequence = itertools.count(1)

    def make(self, events: int) -> bytes:
        """A body with this many fresh events of one sender."""
        (pool,) = self._rng.choices(self._pools, self._shares)
        now = time.time_ns()
        moment = datetime.fromtimestamp(now / 1e9, UTC).isoformat(timespec="microseconds")
        stamp = moment.replace("+00:00", "Z").encode()
        rows = [
            b"".join((a, event_id, b, stamp, c, b"%d" % next(self._sequence), d, event_id[24:], e))
            for (a, b, c, d, e), event_id in zip(
                pool.take(events), ids(events, now // 1_000_000), strict=True
            )
        ]
        return b'{"events":[' + b",".join(rows) + b"]}"


def _json_pieces(sender: Sender, shape: Shape) -> Pieces:
    event = {
        "id": "@@ID@@",
        "name": shape.name,
        "time": "@@TIME@@",
        "product": sender.product,
        "service": sender.service,
        "environment": "production",
        "producer": sender.producer,
        "sequence": "@@SEQUENCE@@",
        "attributes": shape.attributes,
    }
    text = msgspec.json.encode(event)
    pieces = []
    for gap in (b"@@ID@@", b"@@TIME@@", b'"@@SEQUENCE@@"', SUBJECT.encode()):
        before, _, text = text.partition(gap)
        pieces.append(before)
    return (*pieces, text)


class OtlpMaker:
    """Bodies of `POST /v1/logs` in protobuf, one resource each, as an SDK sends them."""

    def __init__(self, senders: Sequence[Sender], seed: int) -> None:
        self._rng = random.Random(seed)
        self._pools = [(_resource(s), _Pool(s, self._rng, _otlp_pieces)) for s in senders]
        self._shares = [sender.share for sender in senders]
        self._sequence = itertools.count(1)

    def make(self, events: int) -> bytes:
        """A body with this many fresh events of one sender."""
        ((resource, pool),) = self._rng.choices(self._pools, self._shares)
        now = time.time_ns()
        stamp = b"\x09" + now.to_bytes(8, "little")  # LogRecord.time_unix_nano, field 1
        records = [
            _field(
                2,
                b"".join((stamp, _ID, event_id, a, _sequence(next(self._sequence)), b,
                          event_id[24:], c)),
            )
            for (a, b, c), event_id in zip(
                pool.take(events), ids(events, now // 1_000_000), strict=True
            )
        ]  # fmt: skip
        scope_logs = _field(2, b"".join(records))
        return _field(1, _field(1, resource) + scope_logs)


def _otlp_pieces(sender: Sender, shape: Shape) -> Pieces:
    attributes = b"".join(_field(6, _pair(key, value)) for key, value in shape.attributes.items())
    before, _, after = attributes.partition(SUBJECT.encode())
    producer = _field(6, _pair("loopgauge.producer.id", sender.producer))
    return producer, before, after + _field(12, shape.name.encode())


def _resource(sender: Sender) -> bytes:
    """A serialized Resource, in the fields that the collector reads."""
    named = {
        "service.namespace": sender.product,
        "service.name": sender.service,
        "deployment.environment.name": "production",
    }
    pairs = [KeyValue.FromString(_pair(key, value)) for key, value in named.items()]
    return Resource(attributes=pairs).SerializeToString()


def _pair(key: str, value: Value) -> bytes:
    """A serialized KeyValue."""
    pair = KeyValue(key=key)
    if isinstance(value, bool):
        pair.value.bool_value = value
    elif isinstance(value, int):
        pair.value.int_value = value
    elif isinstance(value, float):
        pair.value.double_value = value
    else:
        pair.value.string_value = value
    return pair.SerializeToString()


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _sequence(number: int) -> bytes:
    """The attribute `loopgauge.sequence`, whose length depends on its value."""
    value = b"\x18" + _varint(number)  # AnyValue.int_value, field 3
    return _field(6, _SEQUENCE_KEY + _field(2, value))


_SEQUENCE_KEY = _field(1, b"loopgauge.sequence")
#: The attribute `loopgauge.event.id` up to where the 36 characters of the id begin.
_ID = _field(6, _pair("loopgauge.event.id", "x" * 36))[:-36]


def maker(wire_format: Format, senders: Sequence[Sender], seed: int) -> Maker:
    """The builder of bodies for a wire format."""
    return (JsonMaker if wire_format == "json" else OtlpMaker)(senders, seed)
