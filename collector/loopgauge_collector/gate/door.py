"""The gate: what is checked before any route sees a request, and how refusals look.

One ASGI layer around the application. It looks at the head first and turns away what
will not be read; then it reads the body in time and within limits, and hands it on.
Whatever goes wrong inside leaves here as an answer with a reason: 503 is the only 5xx.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from loopgauge_collector.errors import Overloaded, Refused, StorageError
from loopgauge_collector.gate.body import (
    BodyLimits,
    Budget,
    ClientGone,
    Message,
    Receive,
    Share,
    read_body,
    too_large,
)
from loopgauge_collector.gate.heads import Head, HostCheck
from loopgauge_collector.receivers import RECEIVERS, Receiver
from loopgauge_collector.receivers.base import JSON
from loopgauge_collector.settings import MIB

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

#: Key of the ASGI scope under which a receiver's route finds the media type.
MEDIA_TYPE = "loopgauge.media_type"

#: Bytes of a request to anything but a receiver.
_OTHER_MAX_BYTES = MIB
#: Announced bytes that are counted at most: what nobody would send must not drown the rest.
_BELIEVED = 1 << 30
#: How much and how long an unread body is thrown away, so that its sender reads the answer.
_DRAIN_BYTES, _DRAIN_SECONDS = 64 * MIB, 2.0

_SECURITY = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
}


class Gate:
    """The layer around the application.

    Args:
        app: the routes.
        collector: who counts refusals and knows whether there is room.
        receivers: the wire formats, by their paths.
    """

    def __init__(
        self, app: App, collector: "Collector", receivers: Sequence[Receiver] = RECEIVERS
    ) -> None:
        self._app = app
        self._collector = collector
        self._settings = collector.settings
        self._receivers: Mapping[str, Receiver] = {one.path: one for one in receivers}
        self._hosts = HostCheck(collector.settings)
        self._budget = Budget(collector.settings.in_flight_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        receiver = self._receivers.get(scope["path"])
        media_type = JSON
        head, share = Head(scope["headers"]), Share(self._budget)
        try:
            self._hosts.check(head)
            if scope["method"] != "POST":
                await self._app(scope, receive, answer.send)
                return
            wanted = receiver.media_types if receiver is not None else (JSON,)
            media_type = head.media_type(wanted)
            scope[MEDIA_TYPE] = media_type
            with share:
                body = await self._body(head, receiver, receive, share)
                await self._app(scope, _Once(body, receive), answer.send)
        except ClientGone:
            self._count("client_gone", head, share)
        except Exception as error:
            refused = _refusal(error)
            self._count(refused.reason, head, share)
            if receiver is not None and receiver.takes_events and scope["method"] == "POST":
                self._count_for_good(refused)
            if answer.is_started:
                # Too late to say it: the server cuts the connection.
                raise
            await answer.refuse(refused, receiver, media_type, receive)

    def _count(self, reason: str, head: Head, share: Share) -> None:
        """Count a request that is turned away, with the bytes that are known of it."""
        try:
            announced = head.length() or 0
        except Refused:
            announced = 0
        self._collector.refusals[reason] += 1
        self._collector.refused_bytes[reason] += max(min(announced, _BELIEVED), share.sent)

    def _count_for_good(self, refused: Refused) -> None:
        """Count a request whose events are lost: what can be repeated comes again."""
        if refused.retry_after is None:
            self._collector.refused_for_good[refused.reason] += 1

    async def _body(
        self, head: Head, receiver: Receiver | None, receive: Receive, share: Share
    ) -> bytes:
        is_gzip = head.is_gzip()
        limit = self._limit(receiver)
        length = head.length()
        if length is not None and length > limit:
            raise too_large(limit)
        if receiver is not None:
            self._collector.room()
        # What was announced is held before it is read, so that many cannot begin at once.
        share.reach(length or 0)
        limits = BodyLimits(limit, self._settings.max_bytes, self._settings.receive_seconds)
        return await read_body(receive, limits, share, is_gzip=is_gzip)

    def _limit(self, receiver: Receiver | None) -> int:
        return _OTHER_MAX_BYTES if receiver is None else receiver.wire_limit(self._settings)


class _Once:
    """The body as ASGI hands it on: one message, then whatever the server says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """The way back: adds our headers to every answer, and says no."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_started = False

    async def send(self, message: Message) -> None:
        """An ASGI message of the application."""
        if message["type"] == "http.response.start":
            self.is_started = True
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            headers += [pair for pair in _SECURITY.items() if pair[0] not in present]
            message = {**message, "headers": headers}
        await self._send(message)

    async def refuse(
        self, refused: Refused, receiver: Receiver | None, media_type: str, receive: Receive
    ) -> None:
        """A refusal in the format of the request."""
        if receiver is not None:
            body = receiver.refusal(refused, media_type)
        else:
            body = msgspec.json.encode({"reason": refused.reason, "detail": refused.detail})
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if refused.retry_after is not None:
            headers.append((b"retry-after", str(refused.retry_after).encode()))
        is_cut = refused.status in (408, 413)
        if is_cut:
            headers.append((b"connection", b"close"))
        await self.send(
            {"type": "http.response.start", "status": refused.status, "headers": headers}
        )
        await self.send({"type": "http.response.body", "body": body, "more_body": is_cut})
        if is_cut:
            if refused.status == 413:
                await _drain(receive)
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    """Throw away the rest of a body: a sender that is cut off in the middle reads no answer."""
    left = _DRAIN_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return


def _refusal(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, StorageError):
        return Overloaded("storage", f"{error}; send it again later", retry_after=5)
    log.error("a request failed inside; its sender is told to send it again", exc_info=error)
    return Overloaded("internal", "the collector failed; its log says more", retry_after=5)
