"""One OTLP/HTTP request and what its answer means. Nothing here retries or waits.

Which status may be tried again is OTLP's rule: 429, 502, 503 and 504, and no other.
https://opentelemetry.io/docs/specs/otlp/#failures
"""

import contextlib
import email.utils
import gzip
import http.client
import json
import os
import time
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from loopgauge._otlp import version

DEFAULT_ENDPOINT: Final = "http://127.0.0.1:4318"

_RETRYABLE: Final = frozenset((429, 502, 503, 504))
_MAX_ANSWER: Final = 64 * 1024
_WORTH_COMPRESSING: Final = 1024
#: How a server ends a connection that it kept open for a while.
_STALE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to.

    Attributes:
        verdict: `accepted`; `again` (try the same later); `too_large` (try less at once);
            `refused` (it will never work).
        rejected: records that an accepting collector set aside.
        retry_after: seconds that the collector asks to wait; None when it did not say.
        detail: for the log; never an event's content.
    """

    verdict: Literal["accepted", "again", "too_large", "refused"]
    rejected: int = 0
    retry_after: float | None = None
    detail: str = ""


class Transport(Protocol):
    """Where requests go. Replace it to test, or to send another way."""

    def send(self, body: bytes, timeout: float) -> Answer:
        """Send one OTLP logs request as JSON, within about `timeout` seconds.

        Called by one thread at a time. Errors of the network are answers, not exceptions.
        """

    def close(self) -> None:
        """Let go of connections; `send` may open them again."""


class HttpTransport:
    """OTLP/HTTP over one kept connection.

    Args:
        endpoint: scheme, host and port, perhaps a path; `/v1/logs` is added.

    Raises:
        ValueError: when the endpoint is no http or https URL.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        parts = urlsplit(endpoint)
        port = parts.port  # raises ValueError on its own
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"endpoint {endpoint!r} is no URL; write {DEFAULT_ENDPOINT}")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("an endpoint has no credentials, query or fragment")
        self._kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._host, self._port = parts.hostname, port
        self._path = parts.path.rstrip("/") + "/v1/logs"
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": f"loopgauge-python/{version()}",
        }
        self._connection: http.client.HTTPConnection | None = None
        self._pid = os.getpid()

    def send(self, body: bytes, timeout: float) -> Answer:
        """Send one request, compressed when that is worth it."""
        headers = self._headers
        if len(body) >= _WORTH_COMPRESSING:
            # Level 1: a fifth larger than level 6 in half the time, and the host has other work.
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        if self._pid != os.getpid():
            # The parent's connection; two processes on one socket would mix their requests.
            self._connection, self._pid = None, os.getpid()
        # A server may end a quiet connection at any time; that is no failure, so one more
        # attempt follows at once. Should it have taken the request, the ids say so.
        attempts = 1 if self._connection is None else 2
        while True:
            attempts -= 1
            try:
                return self._exchange(body, headers, timeout)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not (attempts and isinstance(error, _STALE)):
                    return Answer("again", detail=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _exchange(self, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
        connection = self._connection
        if connection is None:
            connection = self._kind(self._host, self._port, timeout=timeout)
            self._connection = connection
        elif connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.timeout = timeout
        connection.request("POST", self._path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read(_MAX_ANSWER)
        if not response.isclosed():  # more than we want to read
            self.close()
        return judge(response.status, response.headers.get("Retry-After"), content)


def judge(status: int, retry_after: str | None, content: bytes) -> Answer:
    """What a status, a Retry-After header and an answer's first bytes mean."""
    if 200 <= status < 300:
        return _judge_success(content)
    if status in _RETRYABLE:
        return Answer("again", retry_after=_seconds(retry_after), detail=f"status {status}")
    if status == 413:
        return Answer("too_large", detail="status 413")
    return Answer("refused", detail=f"status {status}")


def _judge_success(content: bytes) -> Answer:
    if not content:
        return Answer("accepted")
    try:
        answer = json.loads(content)
        partial = answer.get("partialSuccess") or {}
        rejected = int(partial.get("rejectedLogRecords") or 0)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        # Some other server on that port. Taking its 200 for an acknowledgement loses events.
        return Answer("again", detail="the answer is not OTLP; is this a collector's address?")
    return Answer("accepted", rejected=max(0, rejected))


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After as seconds from now: a number, or a date (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError, TypeError):
        return None
