"""Reading a request's body: in time, within its limit, and within what all may hold at once."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from loopgauge_collector.errors import Overloaded, Refused
from loopgauge_collector.gate.inflate import Inflater

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class ClientGone(Exception):
    """The sender closed the connection before its request was complete."""


class Budget:
    """Bytes of bodies that all requests together may hold."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    def take(self, size: int) -> None:
        """Reserve bytes.

        Raises:
            Overloaded: other requests hold too much right now.
        """
        if self._held + size > self._limit:
            raise Overloaded(
                "in_flight_bytes",
                f"requests of {self._held} bytes are being read; send it again later",
            )
        self._held += size

    def give_back(self, size: int) -> None:
        """Release bytes that were taken."""
        self._held -= size


class Share:
    """What one request holds of the budget; released at the end of the `with` block.

    Attributes:
        sent: bytes of the body as sent, as far as they were read.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = 0
        self.sent = 0

    def __enter__(self) -> "Share":
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.give_back(self._size)

    def reach(self, size: int) -> None:
        """Hold at least this many bytes.

        Raises:
            Overloaded: there are not as many left.
        """
        if size > self._size:
            self._budget.take(size - self._size)
            self._size = size


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What a body may be.

    Attributes:
        wire_bytes: as it is sent.
        bytes: inflated.
        seconds: from the head of the request to the end of its body.
    """

    wire_bytes: int
    bytes: int
    seconds: float


async def read_body(receive: Receive, limits: BodyLimits, share: Share, *, is_gzip: bool) -> bytes:
    """The whole body, inflated.

    Raises:
        Refused: 408 too slow, 413 too large, 400 bad gzip.
        Overloaded: it does not fit beside what others hold.
        ClientGone: the sender gave up.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            return await _read(receive, limits, share, Inflater(limits.bytes) if is_gzip else None)
    except TimeoutError:
        raise Refused(
            408, "too_slow", f"the request did not arrive within {limits.seconds:g} seconds"
        ) from None


async def _read(
    receive: Receive, limits: BodyLimits, share: Share, inflater: Inflater | None
) -> bytes:
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        share.sent += len(chunk)
        if share.sent > limits.wire_bytes:
            raise too_large(limits.wire_bytes)
        if inflater is None:
            size += len(chunk)
            share.reach(size)
            pieces.append(chunk)
            continue
        async for piece in inflater.feed(chunk):
            size += len(piece)
            share.reach(share.sent + size)
            pieces.append(piece)
    if inflater is not None:
        inflater.finish()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def too_large(limit: int) -> Refused:
    """The refusal of a body that is longer than may be sent."""
    return Refused(
        413,
        "too_large",
        f"the body is longer than {limit} bytes, the limit; cut it into several requests",
    )
