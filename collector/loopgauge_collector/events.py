"""The shapes of an event on its way in: from a receiver to the writer.

    receiver -> IncomingColumns -> admission -> Admitted (columns) -> writer -> Verdict

Columns are plain lists because Arrow takes them whole. A good event is never an object
of its own; an `Incoming` is made of one that is odd, that is replayed or quarantined.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

#: What is wrong with an event, as (reason, detail).
Flaw = tuple[str, str]


class Incoming(msgspec.Struct, gc=False):
    """One event as a receiver read it. Nothing is checked yet.

    Attributes:
        index: position in the request, for the answer.
        id: the producer's id as text; None when it sent none.
        name: the event's name.
        time: RFC 3339 text (JSON) or nanoseconds since the epoch (OTLP); None when missing.
        attributes: a JSON object as it came, undecoded.
        product, service, environment: from the event or its resource; None when missing.
        producer: `loopgauge.producer.id`, new with every start of a process.
        sequence: `loopgauge.sequence`, the producer's own numbering.
        flaw: a fault that only the receiver can see, as (reason, detail); quarantined.
    """

    index: int
    id: str | None
    name: str | None
    time: str | int | None
    attributes: bytes
    product: str | None = None
    service: str | None = None
    environment: str | None = None
    producer: str | None = None
    sequence: int | None = None
    flaw: Flaw | None = None


@dataclass(slots=True)
class IncomingColumns:
    """Events as a receiver read them, a list per field of `Incoming`. Nothing is checked yet.

    Attributes:
        attributes: JSON objects as they came, as text.
        flaws: faults that only the receiver can see, by position in the lists.
        alike: known to have one product, service, environment and producer; what is not
            known to be alike is looked at event by event.
    """

    index: list[int] = field(default_factory=list)
    id: list[str | None] = field(default_factory=list)
    name: list[str | None] = field(default_factory=list)
    time: list[str | int | None] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    product: list[str | None] = field(default_factory=list)
    service: list[str | None] = field(default_factory=list)
    environment: list[str | None] = field(default_factory=list)
    producer: list[str | None] = field(default_factory=list)
    sequence: list[int | None] = field(default_factory=list)
    flaws: dict[int, Flaw] = field(default_factory=dict)
    alike: bool = False

    @classmethod
    def of(cls, events: Iterable[Incoming]) -> "IncomingColumns":
        """The columns of these events."""
        rows = list(events)
        return cls(
            [event.index for event in rows],
            [event.id for event in rows],
            [event.name for event in rows],
            [event.time for event in rows],
            [event.attributes.decode() for event in rows],
            [event.product for event in rows],
            [event.service for event in rows],
            [event.environment for event in rows],
            [event.producer for event in rows],
            [event.sequence for event in rows],
            {at: event.flaw for at, event in enumerate(rows) if event.flaw is not None},
        )

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Incoming]:
        return map(self.event, range(len(self)))

    def event(self, at: int) -> Incoming:
        """The event at a position."""
        return Incoming(
            self.index[at],
            self.id[at],
            self.name[at],
            self.time[at],
            self.attributes[at].encode(),
            self.product[at],
            self.service[at],
            self.environment[at],
            self.producer[at],
            self.sequence[at],
            self.flaws.get(at),
        )

    def select(self, positions: Iterable[int]) -> "IncomingColumns":
        """The events at these positions, in their order."""
        chosen = list(positions)
        return IncomingColumns(
            [self.index[at] for at in chosen],
            [self.id[at] for at in chosen],
            [self.name[at] for at in chosen],
            [self.time[at] for at in chosen],
            [self.attributes[at] for at in chosen],
            [self.product[at] for at in chosen],
            [self.service[at] for at in chosen],
            [self.environment[at] for at in chosen],
            [self.producer[at] for at in chosen],
            [self.sequence[at] for at in chosen],
            {at: self.flaws[old] for at, old in enumerate(chosen) if old in self.flaws},
            self.alike,
        )


@dataclass(slots=True)
class EventColumns:
    """Admitted events, a list per column of the `events` table.

    Attributes:
        index: position in the request.
        id: UUID in lower case with hyphens; its first 48 bits follow the event's time.
        time: microseconds since the epoch, UTC.
        product: empty when nobody claims the event.
        attributes: the JSON object as it came.
    """

    index: list[int] = field(default_factory=list)
    id: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    product: list[str] = field(default_factory=list)
    service: list[str] = field(default_factory=list)
    environment: list[str | None] = field(default_factory=list)
    producer: list[str | None] = field(default_factory=list)
    sequence: list[int | None] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that goes to quarantine.

    Attributes:
        index: position in the request.
        id: the producer's id as it came, cut to 64 characters; None when missing.
        reason: code, one of `admission.REASONS`.
        detail: what is wrong and what would be right.
        product, service, name: as far as they could be read, else empty.
        payload: the `Incoming` as JSON, so that a replay can run admission again.
    """

    index: int
    id: str | None
    reason: str
    detail: str
    product: str
    service: str
    name: str
    payload: bytes


@dataclass(slots=True)
class Admitted:
    """What admission made of one request (or one replay).

    Attributes:
        columns: events to store.
        rejected: events for the quarantine.
        ignored: log lines that are no events, by (product, service).
        replayed: quarantine number of each row of `columns`, in a replay; else empty.
    """

    columns: EventColumns = field(default_factory=EventColumns)
    rejected: list[Rejected] = field(default_factory=list)
    ignored: dict[tuple[str, str], int] = field(default_factory=dict)
    replayed: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Verdict:
    """What became of a request, after its commit.

    Attributes:
        accepted: events stored now.
        duplicates: events that were stored before, with the same payload.
        rejected: events in quarantine, those that the writer found (`id_conflict`) included.
        commit: number of the commit (`seq`); a reader that must see its own events waits
            until the Snapshot's position has reached it.
    """

    accepted: int
    duplicates: int
    rejected: list[Rejected]
    commit: int
