"""A JSON body that is not as it should be: malformed as a whole, or odd in some events.

Slower than `json_events.py`, and exact: it keeps the good events of a batch.
"""

from collections import Counter
from contextlib import suppress
from typing import Any

import msgspec

from loopgauge_collector.admission.json_text import (
    MAX_DEPTH,
    has_more_values,
    is_deeper,
    overflowing_number,
    pairs,
    repeated_key,
)
from loopgauge_collector.admission.reasons import shown
from loopgauge_collector.errors import Refused
from loopgauge_collector.events import Incoming
from loopgauge_collector.receivers.base import Part
from loopgauge_collector.settings import Settings

#: Commas in a body: a thousand events with all their attributes have 80,000.
_MAX_VALUES = 300_000
_TEXT_KEPT = 256
#: Names of unknown fields that an answer lists.
_UNKNOWN_SHOWN = 20
_UNKNOWN_KEPT = 1000

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TEXTS = ("id", "name", "time", "product", "service", "environment", "producer")
_FIELDS = frozenset((*_TEXTS, "sequence", "attributes"))


def read_carefully(body: bytes, settings: Settings) -> Part:
    """The events of any body.

    Raises:
        Refused: 400 for what is no JSON object with a list of events, 413 past a limit.
    """
    top = _top(body)
    raw = top.pop("events", None)
    if raw is None:
        raise _malformed('the body has no "events"; write {"events": [...]}')
    try:
        texts = _decode_list(raw)
    except msgspec.ValidationError:
        raise _malformed('"events" must be a list; write {"events": [...]}') from None
    limit = settings.json_max_events
    if len(texts) > limit:
        raise Refused(
            413,
            "too_many_events",
            f"the request has {len(texts)} events; the limit is {limit} events per request, "
            "cut it into several",
        )
    unknown: Counter[str] = Counter(_label(name) for name in top)
    events = [
        _event(index, bytes(text), unknown, settings.event_max_bytes)
        for index, text in enumerate(texts)
    ]
    return Part(events, unknown_fields=dict(unknown.most_common(_UNKNOWN_SHOWN)))


def _malformed(detail: str) -> Refused:
    return Refused(400, "malformed_json", detail)


def _top(body: bytes) -> dict[str, msgspec.Raw]:
    """The fields of the body, once all of it is known to be JSON within reason."""
    if not body:
        raise _malformed('the body is empty; write {"events": [...]}')
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"the body is not UTF-8: byte {error.start} is wrong") from None
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        too_deep = is_deeper(body)
    except msgspec.DecodeError as error:
        raise _malformed(f"the body is not JSON: {error}") from None
    except RecursionError:
        too_deep = True
    if too_deep:
        raise Refused(
            400, "too_deep", f"the body nests objects or lists more than {MAX_DEPTH} levels deep"
        )
    if (number := overflowing_number(body)) is not None:
        raise _malformed(f"the number {shown(number.decode())} is beyond what a double can hold")
    if has_more_values(body, _MAX_VALUES):
        raise Refused(
            413,
            "too_many_values",
            f"the body has more than {_MAX_VALUES} values, the limit of a request; cut it "
            "into several",
        )
    try:
        top = _decode_object(body)
    except msgspec.ValidationError:
        raise _malformed('the body must be a JSON object; write {"events": [...]}') from None
    quotes = body.count(b'"') - sum(bytes(value).count(b'"') for value in top.values())
    if quotes > 2 * len(top) + sum(name.count('"') for name in top):
        raise _malformed("a key of the body stands twice")
    return top


def _event(index: int, text: bytes, unknown: Counter[str], max_bytes: int) -> Incoming:
    event = Incoming(index, None, None, None, b"{}")
    if len(text) > max_bytes:
        return _too_large(event, text, max_bytes)
    try:
        fields = _decode_object(text)
    except msgspec.ValidationError:
        event.flaw = ("wrong_type", f"an event must be an object; it is {_start(text)}")
        return event
    if len(unknown) < _UNKNOWN_KEPT:
        unknown.update(_label(name) for name in fields if name not in _FIELDS)
    for name in _TEXTS:
        _set(event, name, _value(fields.get(name)), str)
    _set(event, "sequence", _value(fields.get("sequence")), int)
    attributes = bytes(fields.get("attributes", b"null"))
    if attributes[:1] == b"{":
        event.attributes = attributes
    elif attributes != b"null":
        event.flaw = ("wrong_type", f"attributes must be an object; it is {_start(attributes)}")
    if (key := repeated_key(pairs(text))) is not None:
        event.flaw = ("duplicate_key", f"the key {shown(key)} stands twice in one object")
    return event


class _Sender(msgspec.Struct):
    """Enough of an event to find who sent it."""

    id: str | None = None
    name: str | None = None
    product: str | None = None
    service: str | None = None


def _too_large(event: Incoming, text: bytes, max_bytes: int) -> Incoming:
    event.flaw = (
        "event_too_large",
        f"the event has {len(text)} bytes; the limit is {max_bytes}",
    )
    with suppress(msgspec.ValidationError):
        sender = msgspec.json.decode(text, type=_Sender)
        for name in sender.__struct_fields__:
            value = getattr(sender, name)
            setattr(event, name, value and value[:_TEXT_KEPT])
    return event


def _value(raw: msgspec.Raw | None) -> Any:
    """A field's value; what is neither text nor a whole number comes as its JSON."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=str | int | None)
    except msgspec.ValidationError:
        return raw


def _set(event: Incoming, name: str, value: Any, wanted: type[str] | type[int]) -> None:
    if value is None or (type(value) is wanted):
        setattr(event, name, value)
        return
    text = bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
    # The wrong value is kept where it can be, for whoever looks into the quarantine.
    if wanted is str:
        setattr(event, name, text[:_TEXT_KEPT])
    what = "a text" if wanted is str else "an integer"
    reason = "invalid_time" if name == "time" else "wrong_type"
    event.flaw = (reason, f"{name} must be {what}; it is {shown(text)}")


def _start(text: bytes) -> str:
    return shown(text[:_TEXT_KEPT].decode(errors="replace"))


def _label(name: str) -> str:
    return name if len(name) <= _TEXT_KEPT else f"{name[:_TEXT_KEPT]}…"
