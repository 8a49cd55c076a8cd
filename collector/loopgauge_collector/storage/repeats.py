"""What becomes of the events of a group: new ones, duplicates, and ids that were used twice."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from loopgauge_collector.events import Admitted, EventColumns, Incoming, Rejected
from loopgauge_collector.storage.dedupe import StoredEvent
from loopgauge_collector.storage.quarantine import payload_of


@dataclass(slots=True)
class Sorted:
    """What becomes of one request of the group, by positions in its columns."""

    kept: Sequence[int] = field(default_factory=list)
    duplicates: list[int] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Events of the request."""
        return len(self.kept) + len(self.duplicates) + len(self.conflicts)


def compared(group: list[Admitted], known: dict[str, StoredEvent]) -> Iterator[Sorted]:
    """Look at every event, for a group that repeats something.

    Args:
        group: the requests.
        known: stored events with an id of theirs.
    """
    first: dict[str, tuple[EventColumns, int]] = {}
    for admitted in group:
        columns = admitted.columns
        kept: list[int] = []
        part = Sorted(kept)
        for at, identity in enumerate(columns.id):
            before = known.get(identity)
            if before is None:
                place = first.get(identity)
                if place is None:
                    first[identity] = columns, at
                    kept.append(at)
                    continue
                before = _row(*place)
            if _same(before, _row(columns, at)):
                part.duplicates.append(at)
            else:
                part.conflicts.append(at)
        yield part


def conflicting(columns: EventColumns, part: Sorted) -> list[Rejected]:
    """Those of a request whose id is stored with another payload, for the quarantine."""
    return [
        Rejected(
            index=columns.index[at],
            id=columns.id[at],
            reason="id_conflict",
            detail="an event with this id and another payload is stored already; "
            "every event needs an id of its own",
            product=columns.product[at],
            service=columns.service[at],
            name=columns.name[at],
            payload=payload_of(_incoming(columns, at)),
        )
        for at in part.conflicts
    ]


def _row(columns: EventColumns, at: int) -> StoredEvent:
    return StoredEvent(
        columns.name[at],
        columns.time[at],
        columns.product[at],
        columns.service[at],
        columns.environment[at],
        columns.attributes[at],
    )


def _same(one: StoredEvent, other: StoredEvent) -> bool:
    """The same payload; how its JSON is spaced and ordered does not matter."""
    if one == other:
        return True
    return (one.name, one.time, one.product, one.service, one.environment) == (
        other.name,
        other.time,
        other.product,
        other.service,
        other.environment,
    ) and json.loads(one.attributes) == json.loads(other.attributes)


def _incoming(columns: EventColumns, at: int) -> Incoming:
    """The event as a receiver would have given it, for a later replay."""
    return Incoming(
        index=columns.index[at],
        id=columns.id[at],
        name=columns.name[at],
        time=columns.time[at] * 1000,
        attributes=columns.attributes[at].encode(),
        product=columns.product[at] or None,
        service=columns.service[at] or None,
        environment=columns.environment[at],
        producer=columns.producer[at],
        sequence=columns.sequence[at],
    )
