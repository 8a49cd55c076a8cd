"""Serialized OTLP attributes, recognised when they came before.

Most pairs of key and value repeat (route, method, status), so their JSON is kept by
their bytes. What does not repeat (ids, durations) is cut up here where it has the usual
form, and goes to the full message otherwise.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import cast

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from loopgauge_collector.events import Flaw
from loopgauge_collector.receivers.otlp_lifted import Place, lift
from loopgauge_collector.receivers.otlp_pieces import (
    LIFTED,
    Field,
    Flawed,
    Piece,
    Producer,
    Value,
    encode,
    piece,
    repeats,
)
from loopgauge_collector.receivers.otlp_values import plain_value
from loopgauge_collector.receivers.protobuf_wire import malformed

_PAIRS_KEPT = 20_000
_HEADS_KEPT = 20_000
_LONGEST_KEPT = 256

# Tags of KeyValue {key: 1, value: 2} and of AnyValue's members.
_KEY, _VALUE, _STRING, _INT, _DOUBLE = 0x0A, 0x12, 0x0A, 0x18, 0x21
#: Numbers below have up to three bytes.
_SHORT_END = 1 << 21
_double = struct.Struct("<d").unpack_from

#: Ends a record's members; JSON has this character nowhere, not even in a text.
_END = b"\x1e"

# What a pair holds, first the texts. Ids and measurements hardly ever come twice: those
# pairs are not kept.
_EVENT_ID, _PRODUCER, _TEXT, _REPEATED, _DECIMAL, _SEQUENCE, _INTEGER = range(7)
_FIELDS: dict[int, Field] = {_EVENT_ID: "id", _PRODUCER: "producer", _SEQUENCE: "sequence"}
_LIFTED_TEXTS: dict[str | None, int] = {"id": _EVENT_ID, "producer": _PRODUCER}

#: What a pair holds, its JSON up to the value, and where the value begins and ends.
_Head = tuple[int, bytes, int, int]
_UNKNOWN: _Head = (-1, b"", 0, -1)


@dataclass(slots=True)
class Read:
    """What the attributes of records came to, a list per column.

    Attributes:
        texts: a JSON object of each record's attributes, without those that are columns.
        flaws: what JSON cannot carry, by position.
    """

    texts: list[str] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    producers: list[str | None] = field(default_factory=list)
    sequences: list[int | None] = field(default_factory=list)
    flaws: dict[int, Flaw] = field(default_factory=dict)


class PairReader:
    """Turns serialized KeyValues into columns of events; bounded memory."""

    def __init__(self) -> None:
        #: Serialized pair -> member of a JSON object, behind a comma.
        self._members: dict[bytes | None, bytes] = {}
        #: Serialized pair up to the first byte of a number or the length of a text.
        self._heads: dict[bytes, _Head] = {}

    def read(self, records: Sequence[Sequence[bytes]]) -> Read:
        """The attributes of records.

        Args:
            records: serialized KeyValues of each.

        Raises:
            Refused: 400, one is none, its text is not UTF-8, or it nests too deep.
        """
        try:
            lifted = lift(records, self._place)
            pairs: list[bytes | None] = []
            for record in records:
                pairs += record[lifted.front : len(record) - lifted.back]
                pairs.append(None)
            read = self._read(pairs)
        except (DecodeError, UnicodeDecodeError) as error:
            raise malformed(f"an attribute cannot be read: {error}") from None

        if lifted.id is not None:
            read.ids = lifted.among("id", read.ids, lifted.id)
        if lifted.producer is not None:
            read.producers = lifted.among("producer", read.producers, lifted.producer)
        if lifted.sequence is not None:
            read.sequences = lifted.among("sequence", read.sequences, lifted.sequence)
        return read

    def _place(self, pair: bytes) -> Place | None:
        kind, _, start, end = self._heads.get(
            pair[: pair[1] + 6] if len(pair) > 1 else b"", _UNKNOWN
        )
        field = _FIELDS.get(kind)
        return (field, start) if field is not None and len(pair) == end else None

    def _read(self, pairs: list[bytes | None]) -> Read:
        """Attributes of records with a None behind each record."""
        read = Read()
        uuid = producer = sequence = None
        head_of = self._heads.get
        members: list[bytes | None] = list(map(self._members.get, pairs))
        # The usual forms, in line: a call for each attribute would cost as much again.
        # Whatever is none of them is left to the full message.
        for at in [at for at, member in enumerate(members) if member is None]:
            pair = pairs[at]
            if pair is None:
                members[at] = _END
                read.ids.append(uuid)
                read.producers.append(producer)
                read.sequences.append(sequence)
                uuid = producer = sequence = None
                continue
            kind, prefix, start, end = head_of(
                pair[: pair[1] + 6] if len(pair) > 1 else b"", _UNKNOWN
            )
            if len(pair) == end:
                if kind == _TEXT:
                    members[at] = prefix + encode(pair[start:].decode())
                    continue
                if kind == _EVENT_ID:
                    uuid = pair[start:].decode()
                    members[at] = b""
                    continue
                if kind == _PRODUCER:
                    producer = pair[start:].decode()
                    members[at] = b""
                    continue
                if kind == _DECIMAL:
                    number = _double(pair, start)[0]
                    if isfinite(number):
                        members[at] = prefix + encode(number)
                        continue
                elif kind == _SEQUENCE:
                    sequence = _short(pair[start:])
                    members[at] = b""
                    continue
                else:
                    value = pair[start:].decode() if kind == _REPEATED else _short(pair[start:])
                    members[at] = member = prefix + encode(value)
                    self._keep(pair, member)
                    continue
            members[at] = b""
            made = self._any(pair)
            if isinstance(made, bytes):
                members[at] = made
            elif isinstance(made, Producer):
                producer = made.id
            elif isinstance(made, str):
                uuid = made
            elif isinstance(made, int):
                sequence = made
            else:
                members[at] = made.member
                read.flaws[len(read.ids)] = made.flaw
        texts = b"".join(cast("list[bytes]", members)).decode().split(_END.decode())
        read.texts = ["{" + text[1:] + "}" for text in texts[:-1]]
        return read

    def _any(self, pair: bytes) -> Piece:
        """A pair of any form, a member behind a comma; remembers what may come again."""
        message = KeyValue.FromString(pair)
        name = message.key
        value = plain_value(message.value)
        made = piece(name, value)
        if isinstance(made, bytes):
            made = b"," + made
            if repeats(name, value):
                self._keep(pair, made)
        elif isinstance(made, Flawed):
            return Flawed(b"," + made.member, made.flaw)
        self._keep_head(pair, name, value)
        return made

    def _keep(self, pair: bytes, member: bytes) -> None:
        if len(pair) <= _LONGEST_KEPT:
            if len(self._members) >= _PAIRS_KEPT:
                self._members.clear()
            self._members[pair] = member

    def _keep_head(self, pair: bytes, name: str, value: Value) -> None:
        """How pairs begin that have this key and a value of this kind and size."""
        raw, lifted = name.encode(), LIFTED.get(name)
        if isinstance(value, str):
            size, tag = len(value.encode()) + 1, _STRING
            kind = _LIFTED_TEXTS.get(lifted, _REPEATED if repeats(name, value) else _TEXT)
        elif isinstance(value, float):
            size, tag, kind = 8, _DOUBLE, _DECIMAL
        elif type(value) is int and 0 <= value < _SHORT_END:
            size, tag = max(1, -(-value.bit_length() // 7)), _INT
            kind = _INTEGER if lifted is None else _SEQUENCE
        else:
            return
        if len(raw) > 127 or size > 126:
            return  # the usual forms have lengths of one byte
        begin = bytes((_KEY, len(raw))) + raw + bytes((_VALUE, size + 1, tag))
        end = len(begin) + size
        if len(pair) == end and pair.startswith(begin):
            # Of a text, the byte behind is its length.
            start = len(begin) + (tag == _STRING)
            if len(self._heads) >= _HEADS_KEPT:
                self._heads.clear()
            self._heads[pair[: len(begin) + 1]] = kind, b"," + encode(name) + b":", start, end


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
