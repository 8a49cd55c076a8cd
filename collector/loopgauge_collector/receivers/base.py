"""What a receiver is: it turns one wire format into events and answers in it.

Receivers know nothing of catalogs, limits of events or storage.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from loopgauge_collector.errors import Refused
from loopgauge_collector.events import Incoming, IncomingColumns, Verdict
from loopgauge_collector.settings import Settings

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


@dataclass(slots=True)
class Part:
    """Some of the events of a request, in order.

    Attributes:
        events: for admission.
        ignored: log lines that are no events, by (product, service) as they were sent.
        unknown_fields: fields that the format does not have, and how often they came.
        foreign: things of another signal, which are not taken at all.
    """

    events: IncomingColumns | list[Incoming]
    ignored: Mapping[tuple[str | None, str | None], int] = field(default_factory=dict)
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    foreign: int = 0


@dataclass(slots=True)
class Outcome:
    """What became of a whole request, for its answer."""

    verdict: Verdict
    unknown_fields: dict[str, int] = field(default_factory=dict)
    foreign: int = 0


class Receiver(Protocol):
    """One wire format at one path."""

    @property
    def path(self) -> str:
        """Where it listens; POST only."""
        ...

    @property
    def media_types(self) -> tuple[str, ...]:
        """What it reads. The first one is used to answer a request that has none of them."""
        ...

    @property
    def takes_events(self) -> bool:
        """Whether what it reads is kept; a request of another signal holds nothing to lose."""
        ...

    def wire_limit(self, settings: Settings, /) -> int:
        """Bytes of a request before it is inflated."""
        ...

    def parts(self, body: bytes, media_type: str, settings: Settings, /) -> Iterator[Part]:
        """Decode a body, a thousand events or so at a time.

        Other requests get their turn between two parts, so a part is a few milliseconds.

        Raises:
            Refused: the body is malformed or over a limit. Nothing of it may be stored.
        """
        ...

    def answer(self, outcome: Outcome, media_type: str, /) -> bytes:
        """The body of a 200."""
        ...

    def refusal(self, refused: Refused, media_type: str, /) -> bytes:
        """The body of any other answer."""
        ...
