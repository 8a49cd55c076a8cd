"""Events that the command line sends by itself: their attributes, ids and the verdict."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from loopgauge_cli._client import Client, Unreachable, stop

Scalar = bool | int | float | str

Product = Annotated[
    str | None,
    typer.Option(
        envvar="LOOPGAUGE_PRODUCT",
        help="The product that the event counts for. Without one the service decides.",
        show_default=False,
        show_envvar=True,
    ),
]
Service = Annotated[
    str,
    typer.Option(envvar="LOOPGAUGE_SERVICE", help="The service that sends it.", show_envvar=True),
]
Environment = Annotated[
    str | None,
    typer.Option(help="Its environment; only production counts by default.", show_default=False),
]

DEFAULT_SERVICE = "loopgauge-cli"

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


def typed(text: str) -> Scalar:
    """``true``, ``12`` and ``1.5`` as what they look like, anything else as text.

    Quotes make text of a number: ``"12"``. So do leading zeros, as in a postcode.
    """
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text


def attributes(pairs: Iterable[str]) -> dict[str, Scalar]:
    """``key=value`` words as attributes; a word that is none ends the command."""
    given: dict[str, Scalar] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not _NAME.fullmatch(name):
            stop(f"{pair!r} is no attribute; write it as user.id=42")
        if name in given:
            stop(f"the attribute {name} is given twice")
        given[name] = typed(text)
    return given


@dataclass(frozen=True, slots=True)
class Sender:
    """Who an event is from."""

    product: str | None
    service: str
    environment: str | None = None

    def event(self, name: str, given: dict[str, Scalar]) -> dict[str, Any]:
        """An event that happens now, as `POST /v1/events` takes it."""
        from loopgauge._ids import uuid7

        made = {
            "id": uuid7(time.time_ns()),
            "name": name,
            "time": datetime.now(UTC).isoformat(),
            "product": self.product,
            "service": self.service,
            "environment": self.environment,
            "attributes": given,
        }
        return {key: value for key, value in made.items() if value is not None}


@dataclass(slots=True)
class Outbox:
    """Events that wait until the collector is there; an id is stored once however often sent.

    Attributes:
        url: the collector.
        timeout: seconds that sending may take.
        waiting: events that nobody acknowledged yet, the oldest first.
        lost: events that had to go because too many waited.
        refused: why an event was not stored, in words.
    """

    url: str
    timeout: float
    limit: int = 900
    waiting: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    refused: list[str] = field(default_factory=list)

    def add(self, event: dict[str, Any]) -> None:
        """Keep an event for the next `send`."""
        self.waiting.append(event)
        if len(self.waiting) > self.limit:
            del self.waiting[0]
            self.lost += 1

    def send(self) -> str | None:
        """Send what waits.

        Returns:
            Why it still waits, in words; None when all was acknowledged.
        """
        batch = list(self.waiting)
        if not batch:
            return None
        try:
            with Client(self.url, self.timeout) as client:
                status, body = client.exchange("POST", "/v1/events", json={"events": batch})
        except Unreachable as error:
            return str(error)
        body = body if isinstance(body, dict) else {}
        detail = body.get("detail")
        if status == 200 and "quarantined" not in body:
            return f"what answers at {self.url} is no LoopGauge collector"
        if status in {429, 502, 503, 504}:
            return f"the collector cannot take it now: {detail or status}"
        del self.waiting[: len(batch)]
        if status != 200:
            self.refused.append(str(detail or f"the collector answered {status}"))
        else:
            self.refused += [verdict_text(one) for one in body["quarantined"]]
        return None


def verdict_text(quarantined: dict[str, Any]) -> str:
    """Why an event is in quarantine, in words."""
    return f"quarantined, {quarantined['reason']}: {quarantined['detail']}"
