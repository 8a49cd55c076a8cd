"""Events whose whole content follows from their id, so that an invented or damaged one is seen.

An id is a UUIDv7. Its random part holds the client's number, the client's sequence and
whether the event is flawed on purpose; a hash of it decides everything else.
"""

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

PRODUCT = "proof"
NAMES = ("proof.counted", "proof.measured", "proof.judged", "proof.reported")
CHANNELS = ("mail", "web", "shop", "radio", "print")
SOURCES = ("north", "south", "east", "west")
FUTURE_MS = 24 * 3600 * 1000

Attributes = dict[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Payload:
    """What an event with this id must contain.

    `time_ms` is milliseconds since the epoch; for a flawed event it lies a day ahead.
    """

    name: str
    time_ms: int
    service: str
    environment: str | None
    producer: UUID
    sequence: int
    attributes: Attributes
    flawed: bool


def mint(client: int, sequence: int, now_ms: int, rng: random.Random, *, flawed: bool) -> UUID:
    """Make a new UUIDv7.

    Args:
        client: number of the client, below 256.
        sequence: the client's own numbering, from 1, below 2**36.
        now_ms: the event's time, milliseconds since the epoch.
        rng: decides the bits that are left.
        flawed: whether the event has to end in quarantine.
    """
    low = sequence << 26 | client << 18 | int(flawed) << 17 | rng.getrandbits(17)
    high = now_ms << 16 | 0x7 << 12 | rng.getrandbits(12)
    return UUID(int=high << 64 | 0b10 << 62 | low)


def payload(event_id: UUID) -> Payload:
    """What the event with this id contains: a function of the id alone."""
    number = event_id.int
    client, sequence = number >> 18 & 0xFF, number >> 26 & (1 << 36) - 1
    flawed = bool(number >> 17 & 1)
    time_ms = number >> 80
    digest = int.from_bytes(hashlib.blake2b(event_id.bytes, digest_size=16).digest())
    name = NAMES[digest % 4]
    digest >>= 2
    attributes: Attributes = {"subject.id": f"s{digest % 5000}"}
    digest >>= 20
    match name:
        case "proof.counted":
            attributes["channel.name"] = CHANNELS[digest % len(CHANNELS)]
        case "proof.measured":
            attributes["duration"] = (1 + digest % 10_000_000) / 1_000_000
            attributes["amount"] = digest % 997
        case "proof.judged":
            if digest % 16:  # one in sixteen lacks it and must not be judged
                attributes["good"] = digest % 5 != 0
        case _:
            attributes["source.name"] = SOURCES[digest % len(SOURCES)]
            attributes["level"] = digest % 1000
    digest >>= 32
    return Payload(
        name=name,
        time_ms=time_ms + FUTURE_MS if flawed else time_ms,
        service=f"prover-{digest % 3}",
        environment=(None, "production")[digest % 2],
        producer=producer(client),
        sequence=sequence,
        attributes=attributes,
        flawed=flawed,
    )


def producer(client: int) -> UUID:
    """The producer id of a client."""
    return UUID(bytes=hashlib.blake2b(b"producer %d" % client, digest_size=16).digest(), version=4)


def rfc3339(time_ms: int) -> str:
    """Milliseconds since the epoch as the JSON wire writes them."""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
