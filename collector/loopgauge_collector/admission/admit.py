"""Admission: which events can be stored, and why the others cannot.

A batch is looked at as a whole first, because nearly every event is good and one look
at all ids, quotes or keys costs a fraction of a look at each. What does not pass there
is examined by itself (`examination.py`), which finds the reason. The two never disagree:
the quick way only says yes where the thorough one would.
"""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter, call

import msgspec
import numpy as np
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.admission.attributes import INT64_MAX, Limits
from loopgauge_collector.admission.examination import Bounds, Examination
from loopgauge_collector.admission.identity import all_follow_time
from loopgauge_collector.admission.moments import all_micros
from loopgauge_collector.admission.producers import are_producers
from loopgauge_collector.admission.reasons import Fault
from loopgauge_collector.admission.sources import Origin, Origins, origins
from loopgauge_collector.events import Admitted, EventColumns, Incoming, IncomingColumns

#: Bytes of an event that are not its attributes, at most.
_REST_BYTES = 2048
#: A batch with something odd is halved until the odd ones stand among so few.
_FEW = 4
_COLON = ord(":")

_index = attrgetter("index")


def admit(
    incoming: IncomingColumns | Sequence[Incoming],
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
    events = incoming if isinstance(incoming, IncomingColumns) else IncomingColumns.of(incoming)
    plain, remaining = _plain(events, limits)
    remaining += _take_sound(plain, known, bounds, limits, admitted.columns)
    if remaining:
        examination = Examination(known, bounds, limits)
        for event in sorted(remaining, key=_index):
            examination.examine(event, admitted)
        _restore_order(admitted.columns)
    return admitted


def _plain(events: IncomingColumns, limits: Limits) -> tuple[IncomingColumns, list[Incoming]]:
    """Events that can be looked at together, and the others."""
    # With fewer bytes than a text may have characters, no text can be too long; without
    # a backslash every quote in the JSON begins or ends a text.
    short = min(limits.attribute_value_max, limits.event_max_bytes - _REST_BYTES)
    texts, flaws = events.attributes, events.flaws
    longest = max(map(len, texts), default=0)
    joined = "".join(texts)
    if not flaws and "\\" not in joined and longest * (1 if joined.isascii() else 4) <= short:
        return events, []
    plain = [
        at
        for at, text in enumerate(texts)
        if at not in flaws and "\\" not in text and len(text.encode()) <= short
    ]
    others = sorted(set(range(len(events))).difference(plain))
    return events.select(plain), [events.event(at) for at in others]


def _take_sound(
    events: IncomingColumns, known: Origins, bounds: Bounds, limits: Limits, columns: EventColumns
) -> list[Incoming]:
    """Store what is surely good; returns the rest."""
    count = len(events)
    if count == 0 or _store_sound(events, known, bounds, limits, columns):
        return []
    if count <= _FEW:
        return list(events)
    halves = range(count // 2), range(count // 2, count)
    return [
        event
        for half in halves
        for event in _take_sound(events.select(half), known, bounds, limits, columns)
    ]


def _store_sound(
    events: IncomingColumns, known: Origins, bounds: Bounds, limits: Limits, columns: EventColumns
) -> bool:
    """Store the events if all are surely good; returns whether they are."""
    found = known.all_known(events)
    if found is None or not _are_good(events.attributes, found, limits):
        return False
    ids = [text for text in events.id if text is not None]
    times = [time for time in all_micros(events.time) if time is not None]
    sequences = [number for number in events.sequence if number is not None]
    if (
        len(ids) < len(events)
        or not all_follow_time(ids)
        or len(times) < len(events)
        or min(times) < bounds.earliest
        or max(times) > bounds.latest
        or (sequences and (min(sequences) < 1 or max(sequences) > INT64_MAX))
        or not are_producers(set(events.producer[:1] if events.alike else events.producer))
    ):
        return False
    columns.index += events.index
    columns.id += ids
    columns.name += [origin.name for origin in found]
    columns.time += times
    if events.alike:
        columns.product += [found[0].product] * len(found)
        columns.service += [found[0].service] * len(found)
        columns.environment += [found[0].environment] * len(found)
    else:
        columns.product += [origin.product for origin in found]
        columns.service += [origin.service for origin in found]
        columns.environment += [origin.environment for origin in found]
    columns.producer += events.producer
    columns.sequence += events.sequence
    columns.attributes += events.attributes
    return True


def _are_good(texts: list[str], found: list[Origin], limits: Limits) -> bool:
    """Whether all attributes are what is declared, are few enough, and none stands twice."""
    forms = [origin.form for origin in found]
    try:
        read = list(map(call, [form.read for form in forms], texts))
    except (msgspec.DecodeError, Fault):
        return False
    # Every attribute has a colon, so no event has more of them than its text has colons.
    if max(form.most for form in set(forms)) > limits.attributes_max and any(
        text.count(":") > limits.attributes_max for text in texts
    ):
        return False
    # A key that stands twice is in the text, and in what was read from it only once.
    # Without escapes, all other colons come back as they were.
    return _colons("".join(texts).encode()) == _colons(msgspec.json.encode(read))


def _colons(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _COLON))


def _restore_order(columns: EventColumns) -> None:
    """Put rows in the order of the request: of two with one id, the first one wins."""
    order = sorted(range(len(columns)), key=columns.index.__getitem__)
    for field in fields(columns):
        values = getattr(columns, field.name)
        values[:] = [values[at] for at in order]
