"""A proxy on loopback that swallows some answers after the collector has committed.

The client then has to send again what is stored already: real replays, not simulated ones.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

MAX_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What the collector answered to a request, whether or not the client got to see it."""

    status: int
    body: bytes
    raw: bytes


#: So that a client can tell a request that never arrived from one whose fate is unknown.
NOT_DELIVERED = Reply(502, b"", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


class SwallowingProxy:
    """Forwards requests to the collector's port and drops a share of the good answers.

    Args:
        upstream: port of the collector on 127.0.0.1.
        share: share of 200 answers that are swallowed, 0 to 1.
        rng: decides which.
        swallowed: called with the request's tag (header ``X-Request``) and the reply that
            the client will never see.
    """

    def __init__(
        self,
        upstream: int,
        share: float,
        rng: random.Random,
        swallowed: Callable[[str, Reply], None],
    ) -> None:
        self._upstream = upstream
        self._share = share
        self._rng = rng
        self._swallowed = swallowed
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on a free port and return it."""
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0, limit=MAX_HEAD)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        if self._server is not None:
            self._server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        # A connection ends wherever a collector died, a client gave up, or the test is over.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head, body = await _message(reader)
                reply = await self._forward(head + body)
                if reply.status == 200 and self._rng.random() < self._share:
                    self._swallowed(_header(head, b"x-request").decode(), reply)
                    break
                writer.write(reply.raw)
                await writer.drain()
        writer.close()
        self._serving.discard(task)

    async def _forward(self, request: bytes) -> Reply:
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._upstream, limit=MAX_HEAD
            )
        except OSError:
            return NOT_DELIVERED
        try:
            writer.write(request)
            await writer.drain()
            head, body = await _message(reader)
        finally:
            writer.close()
        return Reply(int(head.split(b" ", 2)[1]), body, head + body)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One HTTP/1.1 message with a Content-Length: its head and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = _header(head, b"content-length")
    return head, await reader.readexactly(int(length or b"0"))


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""
