"""OTLP log records from JSON: lowerCamelCase, 64 bit integers as text or number.

Unknown fields are skipped, trace and span ids are not looked at.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from loopgauge_collector.admission.json_text import has_more_values
from loopgauge_collector.errors import Refused
from loopgauge_collector.events import Incoming
from loopgauge_collector.receivers.base import Part
from loopgauge_collector.receivers.otlp_pieces import (
    LIFTED,
    MAX_DEPTH,
    Field,
    Piece,
    Producer,
    Value,
    encode,
    joined,
    piece,
    repeats,
)
from loopgauge_collector.receivers.otlp_resource import Sender, with_id

_PART_EVENTS = 500
_PAIRS_KEPT = 20_000
_KEYS_KEPT = 5_000
_LONGEST_KEPT = 256

# What stands between an attribute's key and its value where nothing is unusual.
_VALUE, _TEXT = b',"value":{', b'"stringValue":"'
_DOUBLE, _INT = b'"doubleValue":', b'"intValue":"'
_NUMBER = re.compile(rb"-?\d+\.\d+(e-?\d\d?)?")
#: Commas in a body. 20 MiB of real records have fewer than half of it.
_MAX_VALUES = 1_500_000


_ABSENT = msgspec.Raw(b"")


class _Any(msgspec.Struct, rename="camel", gc=False):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    bytes_value: str | None = None
    # Of these, msgspec reads `Raw | None` as null alone.
    array_value: msgspec.Raw = _ABSENT
    kvlist_value: msgspec.Raw = _ABSENT


class _Pair(msgspec.Struct, gc=False):
    key: str = ""
    value: _Any | None = None


class _Array(msgspec.Struct):
    values: list[_Any] = []


class _Pairs(msgspec.Struct):
    values: list[_Pair] = []


class _Record(msgspec.Struct, rename="camel", gc=False):
    time_unix_nano: int | str | None = None
    observed_time_unix_nano: int | str | None = None
    event_name: str | None = None
    attributes: list[msgspec.Raw] | None = None


class _Scope(msgspec.Struct, rename="camel"):
    log_records: list[msgspec.Raw] | None = None


class _Resource(msgspec.Struct):
    attributes: list[_Pair] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_logs: list[_Scope] | None = None


class _Request(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None
    resource_spans: msgspec.Raw = _ABSENT
    resource_metrics: msgspec.Raw = _ABSENT


_request = msgspec.json.Decoder(_Request).decode
_record = msgspec.json.Decoder(_Record).decode
_pair = msgspec.json.Decoder(_Pair).decode
_array = msgspec.json.Decoder(_Array).decode
_pairs = msgspec.json.Decoder(_Pairs).decode


class JsonLogs:
    """Reads ExportLogsServiceRequests in JSON; remembers attributes that it saw."""

    def __init__(self) -> None:
        self._known: dict[bytes, Piece] = {}
        #: Attribute up to its value -> key as JSON with its colon, and the column it is for.
        self._keys: dict[bytes, tuple[bytes, Field | None]] = {}

    def parts(self, body: bytes) -> Iterator[Part]:
        """The events of a request, some at a time. An empty body is an empty request.

        Raises:
            Refused: 400, the body is no ExportLogsServiceRequest in JSON.
        """
        if not body:
            return
        try:
            yield from self._parts(_checked(body))
        except msgspec.DecodeError as error:
            raise _malformed(str(error)) from None
        except RecursionError:
            raise _too_deep() from None

    def _parts(self, request: _Request) -> Iterator[Part]:
        index = -1
        events: list[Incoming] = []
        ignored: Counter[tuple[str | None, str | None]] = Counter()
        for logs in request.resource_logs or ():
            attributes = (logs.resource.attributes if logs.resource else None) or ()
            sender = Sender.of({pair.key: _value(pair.value) for pair in attributes})
            for scope in logs.scope_logs or ():
                for raw in scope.log_records or ():
                    index += 1
                    record = _record(raw)
                    if record.event_name:
                        events.append(self._event(index, record, sender))
                    else:
                        ignored[sender.product, sender.service] += 1
                    if len(events) >= _PART_EVENTS:
                        yield Part(events, ignored)
                        events, ignored = [], Counter()
        yield Part(events, ignored)

    def _event(self, index: int, record: _Record, sender: Sender) -> Incoming:
        uuid = producer = sequence = flaw = None
        members: list[bytes] = []
        for raw in record.attributes or ():
            text = bytes(raw)
            made = self._known.get(text)
            if made is None:
                made = self._read(text)
            if isinstance(made, bytes):
                members.append(made)
            elif isinstance(made, str):
                uuid = made
            elif isinstance(made, int):
                sequence = made
            elif isinstance(made, Producer):
                producer = made.id
            else:
                members.append(made.member)
                flaw = made.flaw
        event = Incoming(
            index,
            uuid,
            record.event_name,
            _integer(record.time_unix_nano, "timeUnixNano")
            or _integer(record.observed_time_unix_nano, "observedTimeUnixNano")
            or 0,
            joined(members),
            sender.product,
            sender.service,
            sender.environment,
            producer,
            sequence,
            flaw,
        )
        return event if uuid is not None else with_id(event, sender)

    def _read(self, text: bytes) -> Piece:
        """An attribute from its JSON; kept by it where it is likely to come again."""
        head, value_mark, tail = text.partition(_VALUE)
        key = self._keys.get(head)
        if key is not None and (quick := _quick(key, tail)) is not None:
            return quick
        pair = _pair(text)
        value = _value(pair.value)
        made = piece(pair.key, value)
        if repeats(pair.key, value) and len(text) <= _LONGEST_KEPT:
            if len(self._known) >= _PAIRS_KEPT:
                self._known.clear()
            self._known[text] = made
        elif value_mark and isinstance(made, bytes | str | int) and head == _head(pair.key):
            if len(self._keys) >= _KEYS_KEPT:
                self._keys.clear()
            self._keys[head] = (encode(pair.key) + b":", LIFTED.get(pair.key))
        return made


def _head(key: str) -> bytes:
    """An attribute up to its value, in the form that most senders write."""
    return b'{"key":' + encode(key)


def _quick(key: tuple[bytes, Field | None], tail: bytes) -> Piece | None:
    """An attribute with a known key and one plain value, whose JSON is taken as it stands."""
    prefix, field = key
    if tail[:15] == _TEXT and tail[-3:] == b'"}}':
        text = tail[15:-3]
        if b'"' in text or b"\\" in text:
            return None
        if field is None:
            return prefix + tail[14:-2]
        return text.decode() if field == "id" else None
    if tail[:14] == _DOUBLE and field is None:
        number = tail[14:-2]
        return prefix + number if tail[-2:] == b"}}" and _NUMBER.fullmatch(number) else None
    if tail[:12] == _INT and field == "sequence":
        digits = tail[12:-3]
        if digits.isdigit() and len(digits) < 19 and tail[-3:] == b'"}}':
            return int(digits)
    return None


def _checked(body: bytes) -> _Request:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8") from None
    if has_more_values(body, _MAX_VALUES):
        raise Refused(
            413,
            "too_many_values",
            f"the body has more than {_MAX_VALUES} values, the limit of a request; cut it "
            "into several",
        )
    request = _request(body)
    if _is_there(request.resource_spans) or _is_there(request.resource_metrics):
        raise _malformed("these are spans or metrics; /v1/logs takes resourceLogs")
    return request


def _value(value: _Any | None, depth: int = 0) -> Value:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.bool_value is not None:
        return value.bool_value
    if value.int_value is not None:
        return _integer(value.int_value, "intValue")
    if value.double_value is not None:
        return _double(value.double_value)
    if value.bytes_value is not None:
        return _bytes(value.bytes_value)
    if depth == MAX_DEPTH and (_is_there(value.array_value) or _is_there(value.kvlist_value)):
        raise _too_deep()
    if _is_there(value.array_value):
        return [_value(one, depth + 1) for one in _array(value.array_value).values]
    if _is_there(value.kvlist_value):
        pairs: Sequence[_Pair] = _pairs(value.kvlist_value).values
        return {pair.key: _value(pair.value, depth + 1) for pair in pairs}
    return None


def _integer(written: int | str | None, name: str) -> int | None:
    if not isinstance(written, str):
        return written
    digits = written.removeprefix("-")
    if len(written) > 20 or not (digits.isascii() and digits.isdecimal()):
        raise _malformed(f"{name} must be a 64 bit integer, as text or as number")
    return int(written)


def _bytes(written: str) -> bytes:
    """Base64 in its usual or its URL form, with or without padding."""
    text = written.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise _malformed("bytesValue must be base64") from None


def _is_there(raw: msgspec.Raw) -> bool:
    return bytes(raw) not in (b"", b"null")


def _double(written: float | str) -> float:
    try:
        return float(written)
    except ValueError:
        raise _malformed("doubleValue must be a number") from None


def _malformed(detail: str) -> Refused:
    return Refused(400, "malformed_json", f"the body is not OTLP JSON: {detail}")


def _too_deep() -> Refused:
    return Refused(400, "too_deep", f"an attribute nests lists more than {MAX_DEPTH} levels deep")
