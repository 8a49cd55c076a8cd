"""One OTLP attribute as a piece of an event: a member of its JSON object, or a field of its own.

Used for both encodings, so that the same record gives the same event in either.
"""

import base64
import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from loopgauge_collector.admission.reasons import shown

#: Levels of lists and key-value lists that an attribute may have; an event has none.
MAX_DEPTH = 8

Value = str | bool | int | float | bytes | list["Value"] | dict[str, "Value"] | None
Field = Literal["id", "producer", "sequence"]

#: Attributes that are columns of their own and do not stay among the attributes.
LIFTED: dict[str, Field] = {
    "loopgauge.event.id": "id",
    "loopgauge.producer.id": "producer",
    "loopgauge.sequence": "sequence",
}


class Producer(msgspec.Struct, gc=False, frozen=True):
    """The id of the producer, which is the same for all it sends."""

    id: str


class Flawed(msgspec.Struct, frozen=True):
    """An attribute that JSON cannot carry, with a text in its place and what is wrong."""

    member: bytes
    flaw: tuple[str, str]


#: A member of the JSON object, the event's id (str), its sequence number (int), or the rest.
Piece = bytes | str | int | Producer | Flawed

encode = msgspec.json.encode


def piece(name: str, value: Value) -> Piece:
    """An attribute as a piece of its event."""
    field = LIFTED.get(name)
    if field is not None:
        return _lifted(name, field, value)
    flaw: tuple[str, str] | None = None
    if isinstance(value, float) and not math.isfinite(value):
        flaw = ("not_finite", f"the attribute {shown(name)} is {value}; leave it out instead")
    elif isinstance(value, bytes):
        flaw = ("wrong_type", f"the attribute {shown(name)} is bytes; send text or a number")
    member = encode(name) + b":" + encode(_plain(value))
    return member if flaw is None else Flawed(member, flaw)


def repeats(name: str, value: Value) -> bool:
    """Whether an attribute is likely to come again just so: no id, count or measurement."""
    field = LIFTED.get(name)
    if field is not None:
        return field == "producer"
    return not name.endswith(".id") and not isinstance(value, float)


def joined(members: Sequence[bytes]) -> bytes:
    """Members as one JSON object."""
    return b"{%b}" % b",".join(members)


def _lifted(name: str, field: Field, value: Value) -> Piece:
    if field == "sequence":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        flaw = ("invalid_producer", f"{name} must be an integer; it is {_kind(value)}")
    elif isinstance(value, str):
        return value if field == "id" else Producer(value)
    else:
        reason = "invalid_id" if field == "id" else "invalid_producer"
        flaw = (reason, f"{name} must be a UUID as text; it is {_kind(value)}")
    return Flawed(encode(name) + b":" + encode(_plain(value)), flaw)


def _kind(value: Value) -> str:
    return "missing" if value is None else f"of type {type(value).__name__}"


def _plain(value: Value) -> object:
    """What the quarantine shows of a value that JSON does not have."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value
