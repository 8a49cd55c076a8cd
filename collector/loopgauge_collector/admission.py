"""Admission: which events can be stored, and why the others cannot.

A batch is looked at as a whole first, because nearly every event is good and one look
at all ids, quotes or keys costs a fraction of a look at each. What does not pass there
is examined by itself (`examination.py`), which finds the reason. The two never disagree:
the quick way only says yes where the thorough one would.
"""

from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from typing import Annotated

import msgspec
import numpy as np
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.attributes import (
    INT64_MAX,
    INT64_MIN,
    Attributes,
    Limits,
    is_name,
)
from loopgauge_collector.events import Admitted, EventColumns, Incoming
from loopgauge_collector.examination import Examination
from loopgauge_collector.identity import all_follow_time
from loopgauge_collector.moments import micros
from loopgauge_collector.reasons import Fault
from loopgauge_collector.sources import Origin, origins

_DAY = 86_400_000_000
_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
_decode = msgspec.json.Decoder(dict[str, str | _Int64 | float | bool | None]).decode
_decode_all = msgspec.json.Decoder(list[dict[str, str | _Int64 | float | bool | None]]).decode
#: Room for everything of an event that is not its attributes.
_REST_BYTES = 2048


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
        into: result of the request's events before these, to be continued.

    Raises:
        Refused: 400, the attributes of an event are such that the whole body counts as
            malformed (nested beyond all reason, 1e999). Nothing of it may be stored.
    """
    admitted = into if into is not None else Admitted()
    known = origins(catalog)
    received = now if first_received is None else first_received
    earliest = received - limits.events_keep_days * _DAY
    latest = now + int(limits.future_seconds * 1_000_000)

    remaining = _quick(incoming, known.known, earliest, latest, limits, admitted.columns)
    if remaining:
        examination = Examination(known, earliest, latest, limits)
        for event in remaining:
            examination.examine(event, admitted)
        _restore_order(admitted.columns)
    return admitted


def _quick(
    incoming: Sequence[Incoming],
    known: dict[tuple[str | None, str | None, str | None, str | None], Origin],
    earliest: int,
    latest: int,
    limits: Limits,
    columns: EventColumns,
) -> list[Incoming]:
    """Store what is surely good; returns the rest."""
    # A text of fewer bytes than an attribute may have characters needs no counting.
    short = min(limits.attribute_value_max, limits.event_max_bytes - _REST_BYTES)
    events, attributes, remaining = _readable(incoming, short)
    if not events or not _is_sound(events, attributes, limits):
        return list(incoming)
    for event, values in zip(events, attributes, strict=True):
        origin = known.get((event.product, event.service, event.environment, event.name))
        if origin is None or not (origin.declared is None or origin.declared.accepts(values)):
            remaining.append(event)
            continue
        try:
            time = micros(event.time)
        except Fault:
            remaining.append(event)
            continue
        if not earliest <= time <= latest or not _is_producer(event):
            remaining.append(event)
            continue
        columns.index.append(event.index)
        columns.id.append(event.id)
        columns.name.append(origin.name)
        columns.time.append(time)
        columns.product.append(origin.product)
        columns.service.append(origin.service)
        columns.environment.append(origin.environment)
        columns.producer.append(event.producer)
        columns.sequence.append(event.sequence)
        columns.attributes.append(event.attributes.decode())
    return remaining
