"""Protobuf's wire format, as much as it takes to cut a large request into slices.

Parsing 20 MiB in one call would stop everybody else's acknowledgement, and a body of
empty records would grow a hundredfold in memory. A run of fields cut out of a message
is a message again, so slices go to the real parser.
"""

from collections.abc import Iterator

from loopgauge_collector.errors import Refused

LENGTH_DELIMITED = 2
_VARINT, _FIXED64, _FIXED32 = 0, 1, 5


def malformed(detail: str) -> Refused:
    """The refusal of a body that is no protobuf message of the kind."""
    return Refused(400, "malformed_protobuf", f"the body is not OTLP protobuf: {detail}")


def fields(body: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Walk over the fields of the message at body[start:end].

    Yields:
        Field number, wire type, where the field begins, and its content's start and end.

    Raises:
        Refused: 400, the bytes are no protobuf message.
    """
    at = start
    while at < end:
        began = at
        tag, at = _varint(body, at, end)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise malformed(f"there is no field 0 (byte {began})")
        content = at
        if wire_type == LENGTH_DELIMITED:
            length, content = _varint(body, at, end)
            at = content + length
        elif wire_type == _VARINT:
            _, at = _varint(body, at, end)
        elif wire_type == _FIXED64:
            at += 8
        elif wire_type == _FIXED32:
            at += 4
        else:
            raise malformed(f"wire type {wire_type} at byte {began} is not in use")
        if at > end:
            raise malformed(f"a field of {at - content} bytes is cut off at byte {end}")
        yield number, wire_type, began, content, at


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """A number and the place behind it."""
    if at < end and body[at] < 0x80:
        return body[at], at + 1
    number = shift = 0
    while at < end and shift < 70:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise malformed(f"a number is cut off at byte {at}")
