"""`POST /v1/events`: LoopGauge's own JSON.

    {"events": [{"id", "name", "time", "product", "service", "environment", "attributes",
                 "producer", "sequence"}]}

A body that is exactly so is read in one go. Anything else goes to `json_careful.py`,
which tells a malformed body from a single bad event.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from loopgauge_collector.errors import Refused
from loopgauge_collector.events import IncomingColumns
from loopgauge_collector.receivers.base import JSON, Outcome, Part
from loopgauge_collector.receivers.json_careful import read_carefully
from loopgauge_collector.settings import Settings

_QUOTE, _BRACE = ord('"'), ord("{")
_MAX_BRACES = 100_000
#: Bytes of the shortest event that is decoded here.
_LEAST = len('{"id":"","name":"","time":""}')
#: A control character, which JSON has nowhere, not even in a text.
_SEPARATOR = b"\x1e"
_NO_ATTRIBUTES = msgspec.Raw(b"")


class _Event(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """An event without any oddity; a null counts as odd where it may be left out."""

    id: str
    name: str
    time: str
    attributes: msgspec.Raw = _NO_ATTRIBUTES
    product: str | None = None
    service: str | None = None
    environment: str | None = None
    producer: str | None = None
    sequence: int | None = None


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    events: list[_Event]


_decode = msgspec.json.Decoder(_Batch).decode


class JsonEvents:
    """The JSON receiver."""

    path = "/v1/events"
    media_types = (JSON,)
    takes_events = True

    def wire_limit(self, settings: Settings) -> int:
        """Bytes of a request before it is inflated."""
        return settings.json_max_bytes

    def parts(self, body: bytes, _media_type: str, settings: Settings) -> Iterator[Part]:
        """All events of the body at once; there are few enough.

        Raises:
            Refused: 400 for a malformed body, 413 for too many events.
        """
        events = _read_quickly(body, settings.json_max_events)
        if events is not None:
            yield Part(events)
        else:
            yield read_carefully(body, settings)

    def answer(self, outcome: Outcome, _media_type: str) -> bytes:
        """How many were accepted, how many were there before, and each one that was not."""
        verdict = outcome.verdict
        content: dict[str, object] = {
            "accepted": verdict.accepted,
            "duplicates": verdict.duplicates,
            "quarantined": [
                {"index": r.index, "id": r.id, "reason": r.reason, "detail": r.detail}
                for r in sorted(verdict.rejected, key=lambda rejected: rejected.index)
            ],
        }
        if outcome.unknown_fields:
            content["unknown_fields"] = outcome.unknown_fields
        return msgspec.json.encode(content)

    def refusal(self, refused: Refused, _media_type: str) -> bytes:
        """What is wrong with the request, and the limit where there is one."""
        return msgspec.json.encode({"reason": refused.reason, "detail": refused.detail})


def _read_quickly(body: bytes, max_events: int) -> IncomingColumns | None:
    """The events of a body that has nothing odd about it; None for any other body."""
    text = np.frombuffer(body, np.uint8)
    # Each event has a brace of its own, so this bounds what decoding allocates.
    if len(body) > _MAX_BRACES * _LEAST and np.count_nonzero(text == _BRACE) > _MAX_BRACES:
        return None
    try:
        if not body.isascii():
            body.decode()
        events = _decode(body).events
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    count = len(events)
    if count > max_events:
        return None
    joined = _SEPARATOR.join([event.attributes for event in events])
    columns = IncomingColumns(
        list(range(count)),
        [event.id for event in events],
        [event.name for event in events],
        [event.time for event in events],
        joined.decode().split(_SEPARATOR.decode()) if events else [],
        [event.product for event in events],
        [event.service for event in events],
        [event.environment for event in events],
        [event.producer for event in events],
        [event.sequence for event in events],
    )
    attributes = columns.attributes
    absent = attributes.count("")
    optional = (columns.product, columns.service, columns.environment, columns.producer)
    columns.alike = all(values.count(values[0]) == count for values in optional if values)
    # A key and its text have four quotes, a key and its number or object two; id, name
    # and time are always there, and so is "events" once. One quote more is a key that
    # stands twice in an event (or a null), and is looked at with care.
    present = (
        sum(count for values in optional if values and values[0] is not None)
        if columns.alike
        else sum(count - values.count(None) for values in optional)
    )
    texts = 3 * count + present
    others = 2 * count - columns.sequence.count(None) - absent
    inside = np.frombuffer(joined, np.uint8)
    outside = np.count_nonzero(text == _QUOTE) - np.count_nonzero(inside == _QUOTE)
    if outside != 4 * texts + 2 * others + 2 or "null" in attributes:
        return None
    if absent:
        columns.attributes = [written or "{}" for written in attributes]
    return columns
