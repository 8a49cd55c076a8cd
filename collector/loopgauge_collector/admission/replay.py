"""Replay: events from the quarantine go through admission again.

What is good now is stored, once; what is still bad stays where it is, unchanged.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from loopgauge_collector.admission.admit import admit
from loopgauge_collector.admission.attributes import Limits
from loopgauge_collector.events import Admitted, Incoming
from loopgauge_collector.storage.quarantine import QuarantinedEvent
from loopgauge_collector.windows import to_micro

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector

#: Events between two turns of other requests.
_SLICE = 100


@dataclass(frozen=True, slots=True)
class StillBad:
    """An event that stays in quarantine, and why."""

    number: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay.

    Attributes:
        accepted: stored now.
        duplicates: had been stored before; they leave the quarantine too.
        quarantined: stay there.
        missing: numbers that are not in quarantine.
    """

    accepted: int
    duplicates: int
    quarantined: list[StillBad]
    missing: list[int]


async def replay(collector: "Collector", numbers: Sequence[int]) -> Replayed:
    """Admit events again. Their age counts from when they came first, their future from now.

    Raises:
        Refused: as `Writer.submit`; nothing was changed.
        StorageError: likewise, and whether they were stored is unknown.
    """
    wanted = sorted(set(numbers))
    events = await asyncio.to_thread(collector.quarantine.get, wanted)
    present = [event.number for event in events]
    now, limits = collector.clock(), Limits.of(collector.settings)
    admitted = Admitted()
    for position, event in enumerate(events):
        if position % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        admit(
            [incoming_of(event, position)],
            collector.catalog,
            now,
            limits,
            first_received=to_micro(event.received),
            into=admitted,
        )
    still = [(rejected.index, rejected) for rejected in admitted.rejected]
    admitted.rejected = []
    admitted.replayed = [present[index] for index in admitted.columns.index]
    accepted = duplicates = 0
    if admitted.columns:
        verdict = await collector.writer.submit(admitted, received=now)
        accepted, duplicates = verdict.accepted, verdict.duplicates
        still += [(rejected.index, rejected) for rejected in verdict.rejected]
    return Replayed(
        accepted,
        duplicates,
        [
            StillBad(present[index], rejected.reason, rejected.detail)
            for index, rejected in sorted(still, key=lambda pair: pair[0])
        ],
        sorted(set(wanted) - set(present)),
    )


def incoming_of(event: QuarantinedEvent, index: int = 0) -> Incoming:
    """The event as its receiver read it."""
    incoming = msgspec.json.decode(event.payload, type=Incoming)
    incoming.index = index
    return incoming
