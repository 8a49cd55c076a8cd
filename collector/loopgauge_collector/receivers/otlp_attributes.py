"""Serialized OTLP attributes, recognised when they came before.

Most pairs of key and value repeat (route, method, status), so their JSON is kept by
their bytes. What does not repeat (ids, durations) is cut up here where it has the usual
form, and goes to the full message otherwise.
"""

import struct
from collections.abc import Sequence
from math import isfinite

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from loopgauge_collector.errors import Refused
from loopgauge_collector.receivers.otlp_pieces import (
    LIFTED,
    MAX_DEPTH,
    Flawed,
    Piece,
    Producer,
    Value,
    encode,
    piece,
    repeats,
)
from loopgauge_collector.receivers.protobuf_wire import malformed

_PAIRS_KEPT = 20_000
_KEYS_KEPT = 5_000
_LONGEST_KEPT = 256

# Tags of KeyValue {key: 1, value: 2} and of AnyValue's members, and what stands between
# key and value when all lengths fit one byte, by the bytes that are left of the pair.
_KEY, _VALUE, _STRING, _INT, _DOUBLE = 0x0A, 0x12, 0x0A, 0x18, 0x21
_TEXTS = [bytes((_VALUE, max(0, n - 2), _STRING, max(0, n - 4))) for n in range(128)]
_INTS = [bytes((_VALUE, max(0, n - 2), _INT)) for n in range(7)]
_DOUBLES = bytes((_VALUE, 9, _DOUBLE))
_double = struct.Struct("<d").unpack_from


# What is known of a key. Ids and measurements hardly ever come twice: they are not kept.
_REPEATS, _SUBJECT, _EVENT_ID, _SEQUENCE, _PRODUCER, _NOT_SEEN = range(6)
_UNKNOWN = (b"", _NOT_SEEN)
_LIFTED = {"id": _EVENT_ID, "sequence": _SEQUENCE, "producer": _PRODUCER}


#: Members of the JSON object; id, producer and sequence; the flaw of what JSON cannot carry.
Pieces = tuple[list[bytes], str | None, str | None, int | None, tuple[str, str] | None]


class PairReader:
    """Turns serialized KeyValues into pieces of an event; bounded memory."""

    def __init__(self) -> None:
        #: Serialized key -> the key as JSON with its colon, and what is known of it.
        self._keys: dict[bytes, tuple[bytes, int]] = {}
        self._known: dict[bytes, bytes | Producer | Flawed] = {}

    def read(self, pairs: Sequence[bytes]) -> Pieces:
        """The attributes of a record.

        Args:
            pairs: serialized KeyValues.

        Raises:
            Refused: 400, one is none, its text is not UTF-8, or it nests too deep.
        """
        members: list[bytes] = []
        uuid = producer = sequence = flaw = None
        add, known, key_of = members.append, self._known.get, self._keys.get
        try:
            for pair in pairs:
                piece: Piece | None = known(pair)
                if piece is None:
                    # The usual forms, in line: a call for each attribute would cost as
                    # much again. Whatever is none of them is left to the full message.
                    end = pair[1] + 2 if len(pair) > 5 else 0
                    prefix, kind = key_of(pair[:end], _UNKNOWN)
                    rest = len(pair) - end
                    if kind <= _EVENT_ID and rest < 128 and pair[end : end + 4] == _TEXTS[rest]:
                        text = pair[end + 4 :].decode()
                        if kind == _EVENT_ID:
                            uuid = text
                            continue
                        member = prefix + encode(text)
                        add(member)
                        if kind == _REPEATS:
                            self._keep(pair, member)
                        continue
                    if kind <= _SUBJECT and rest == 11 and pair[end : end + 3] == _DOUBLES:
                        number = _double(pair, end + 3)[0]
                        if isfinite(number):
                            add(prefix + encode(number))
                            continue
                    if kind == _SEQUENCE and rest < 7 and pair[end : end + 3] == _INTS[rest]:
                        sequence = _short(pair[end + 3 :])
                        continue
                    piece = self._any(pair)
                if isinstance(piece, bytes):
                    add(piece)
                elif isinstance(piece, Producer):
                    producer = piece.id
                elif isinstance(piece, str):
                    uuid = piece
                elif isinstance(piece, int):
                    sequence = piece
                else:
                    add(piece.member)
                    flaw = piece.flaw
        except (DecodeError, UnicodeDecodeError) as error:
            raise malformed(f"an attribute cannot be read: {error}") from None
        return members, uuid, producer, sequence, flaw

    def _any(self, pair: bytes) -> Piece:
        """A pair of any form; remembers its key, and itself where it may come again."""
        message = KeyValue.FromString(pair)
        name = message.key
        value = plain_value(message.value)
        made = piece(name, value)
        field = LIFTED.get(name)
        if field is not None:
            kind = _LIFTED[field]
        else:
            kind = _REPEATS if repeats(name, None) else _SUBJECT
        raw = name.encode()
        if len(raw) < 128:
            if len(self._keys) >= _KEYS_KEPT:
                self._keys.clear()
            self._keys[bytes((_KEY, len(raw))) + raw] = (encode(name) + b":", kind)
        if repeats(name, value) and not isinstance(made, str | int):
            self._keep(pair, made)
        return made

    def _keep(self, pair: bytes, made: bytes | Producer | Flawed) -> None:
        if len(pair) <= _LONGEST_KEPT:
            if len(self._known) >= _PAIRS_KEPT:
                self._known.clear()
            self._known[pair] = made


def plain_value(value: AnyValue, depth: int = 0) -> Value:
    """An AnyValue as Python has it.

    Raises:
        Refused: 400, lists in lists beyond all reason.
    """
    kind = value.WhichOneof("value")
    if depth == MAX_DEPTH and kind in ("array_value", "kvlist_value"):
        raise Refused(
            400, "too_deep", f"an attribute nests lists more than {MAX_DEPTH} levels deep"
        )
    match kind:
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return value.bytes_value
        case "array_value":
            return [plain_value(one, depth + 1) for one in value.array_value.values]
        case "kvlist_value":
            return {
                pair.key: plain_value(pair.value, depth + 1) for pair in value.kvlist_value.values
            }
        case _:
            return None


def _short(raw: bytes) -> int:
    """A number of one, two or three bytes: up to two million.

    Raises:
        DecodeError: it is cut off, or there is something behind it.
    """
    size = len(raw)
    if size == 2 and raw[0] >= 0x80 > raw[1]:
        return raw[0] & 0x7F | raw[1] << 7
    if size == 3 and raw[0] >= 0x80 <= raw[1] and raw[2] < 0x80:
        return raw[0] & 0x7F | (raw[1] & 0x7F) << 7 | raw[2] << 14
    if size == 1 and raw[0] < 0x80:
        return raw[0]
    raise DecodeError("a number is cut off")
