"""Admission: which events can be stored, and why the others cannot.

A batch is looked at as a whole first, because nearly every event is good and one look
at all ids, quotes or keys costs a fraction of a look at each. What does not pass there
is examined by itself (`examination.py`), which finds the reason. The two never disagree:
the quick way only says yes where the thorough one would.
"""

from collections.abc import Sequence
from dataclasses import fields
from itertools import chain, compress
from operator import attrgetter
from typing import Annotated

import msgspec
import numpy as np
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.admission.attributes import (
    INT64_MAX,
    INT64_MIN,
    Attributes,
    Limits,
    is_name,
)
from loopgauge_collector.admission.examination import Bounds, Examination
from loopgauge_collector.admission.identity import all_follow_time
from loopgauge_collector.admission.moments import all_micros
from loopgauge_collector.admission.producers import are_producers
from loopgauge_collector.admission.reasons import Fault
from loopgauge_collector.admission.sources import Key, Origin, origins
from loopgauge_collector.events import Admitted, EventColumns, Incoming

#: Bytes of an event that are not its attributes, at most.
_REST_BYTES = 2048
_QUOTE, _COLON = ord('"'), ord(":")

_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
_decode = msgspec.json.Decoder(dict[str, str | _Int64 | float | bool | None]).decode
_index = attrgetter("index")


def admit(
    incoming: Sequence[Incoming],
    catalog: Catalog,
    now: int,
    limits: Limits,
    *,
    first_received: int | None = None,
    into: Admitted | None = None,
) -> Admitted:
    """Sort events into those to store and those for the quarantine.

    Args:
        incoming: events of one request, in order.
        catalog: what they are checked against.
        now: microseconds since the epoch; nothing may be much ahead of it.
        limits: what one event may have.
        first_received: for a replay, when the events came first: their age counts from
            then, so that waiting in quarantine makes no event too old.
        into: what the events of the same request before these came to; it is continued.

    Raises:
        Refused: 400, attributes that make the whole body count as malformed (nested beyond
            all reason, or 1e999). Nothing of the request may be stored then.
    """
    admitted = Admitted() if into is None else into
    bounds = Bounds.of(limits, now, first_received)
    known = origins(catalog)
    remaining = _take_sound(incoming, known.known, bounds, limits, admitted.columns)
    if remaining:
        examination = Examination(known, bounds, limits)
        for event in sorted(remaining, key=_index):
            examination.examine(event, admitted)
        _restore_order(admitted.columns)
    return admitted


def _take_sound(
    incoming: Sequence[Incoming],
    known: dict[Key, Origin],
    bounds: Bounds,
    limits: Limits,
    columns: EventColumns,
) -> list[Incoming]:
    """Store what is surely good; returns the rest."""
    if not incoming:
        return []
    events, remaining = _plain(incoming, limits)
    texts = [event.attributes for event in events]
    ids = [event.id for event in events if event.id is not None]
    try:
        attributes = list(map(_decode, texts))
    except (msgspec.DecodeError, UnicodeDecodeError):
        readable = [event for event in events if _decodes(event.attributes)]
        unreadable = [event for event in events if not _decodes(event.attributes)]
        rest = _take_sound(readable, known, bounds, limits, columns)
        return rest + unreadable + remaining
    if (
        len(ids) < len(events)
        or not all_follow_time(ids)
        or not _are_flat(texts, attributes, limits)
        or not are_producers({event.producer for event in events})
    ):
        return list(incoming)
    found = [
        known.get((event.product, event.service, event.environment, event.name)) for event in events
    ]
    sources = [origin for origin in found if origin is not None]
    read = all_micros([event.time for event in events])
    times = [time for time in read if time is not None]
    if not _all_fit(events, sources, times, attributes, bounds):
        fit = [
            _all_fit([event], [origin], [time], [values], bounds)
            if origin is not None and time is not None
            else False
            for event, origin, time, values in zip(events, found, read, attributes, strict=True)
        ]
        misfits = [event for event, fits in zip(events, fit, strict=True) if not fits]
        rest = _take_sound(list(compress(events, fit)), known, bounds, limits, columns)
        return rest + misfits + remaining
    _append(columns, events, ids=ids, times=times, sources=sources, texts=texts)
    return remaining


def _all_fit(
    events: Sequence[Incoming],
    sources: list[Origin],
    times: list[int],
    attributes: list[Attributes],
    bounds: Bounds,
) -> bool:
    """Whether every event has a known origin, a time within bounds and what is declared."""
    if len(sources) < len(events) or len(times) < len(events):
        return False
    if min(times) < bounds.earliest or max(times) > bounds.latest:
        return False
    sequences = [event.sequence for event in events if event.sequence is not None]
    if sequences and (min(sequences) < 1 or max(sequences) > INT64_MAX):
        return False
    try:
        for origin, values in zip(sources, attributes, strict=True):
            if origin.good is not None:
                msgspec.convert(values, origin.good)
            if origin.needs_more and origin.declared is not None:
                origin.declared.check_more(values)
    except (msgspec.ValidationError, Fault):
        return False
    return True


def _append(
    columns: EventColumns,
    events: Sequence[Incoming],
    *,
    ids: list[str],
    times: list[int],
    sources: list[Origin],
    texts: list[bytes],
) -> None:
    columns.index += [event.index for event in events]
    columns.id += ids
    columns.name += [origin.name for origin in sources]
    columns.time += times
    columns.product += [origin.product for origin in sources]
    columns.service += [origin.service for origin in sources]
    columns.environment += [origin.environment for origin in sources]
    columns.producer += [event.producer for event in events]
    columns.sequence += [event.sequence for event in events]
    columns.attributes += [text.decode() for text in texts]


def _plain(
    incoming: Sequence[Incoming], limits: Limits
) -> tuple[Sequence[Incoming], list[Incoming]]:
    """Events that can be looked at together, and the others."""
    # With fewer bytes than a text may have characters, no text can be too long; without
    # a backslash every quote in the JSON begins or ends a text.
    short = min(limits.attribute_value_max, limits.event_max_bytes - _REST_BYTES)
    texts = [event.attributes for event in incoming]
    flaws = [event.flaw for event in incoming]
    if (
        flaws.count(None) == len(flaws)
        and max(map(len, texts)) <= short
        and b"\\" not in b"".join(texts)
    ):
        return incoming, []
    plain: list[Incoming] = []
    others: list[Incoming] = []
    for event in incoming:
        text = event.attributes
        is_plain = event.flaw is None and len(text) <= short and b"\\" not in text
        (plain if is_plain else others).append(event)
    return plain, others


def _decodes(text: bytes) -> bool:
    try:
        _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _are_flat(texts: list[bytes], decoded: list[Attributes], limits: Limits) -> bool:
    """Whether no key stands twice, no name is odd and no event has too many attributes."""
    joined = np.frombuffer(b"".join(texts), np.uint8)
    keys = sum(map(len, decoded))
    # A key that stands twice is one entry in the dict and two colons in the text. Colons
    # inside of texts are told apart by the quotes: a pair for each key and each text.
    if np.count_nonzero(joined == _COLON) != keys:
        types = list(map(type, chain.from_iterable(map(dict.values, decoded))))
        if np.count_nonzero(joined == _QUOTE) != 2 * (keys + types.count(str)):
            return False
    return max(map(len, decoded)) <= limits.attributes_max and all(
        map(is_name, set().union(*decoded))
    )


def _restore_order(columns: EventColumns) -> None:
    """Put rows in the order of the request: of two with one id, the first one wins."""
    order = sorted(range(len(columns)), key=columns.index.__getitem__)
    for field in fields(columns):
        values = getattr(columns, field.name)
        values[:] = [values[at] for at in order]
