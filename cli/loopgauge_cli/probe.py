"""`loopgauge probe`: is it up? One request every few seconds, each an event."""

import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import Annotated

import typer

from loopgauge_cli._client import Url, collector_url, stop
from loopgauge_cli._events import (
    DEFAULT_SERVICE,
    Environment,
    Outbox,
    Product,
    Scalar,
    Sender,
    Service,
)
from loopgauge_cli._output import counted

#: Seconds that sending may take; the next check must not wait for the collector.
SEND_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one request said."""

    ok: bool
    seconds: float
    status: int | None
    error: str | None

    def words(self) -> str:
        """For the terminal."""
        said = f"answered {self.status}" if self.status is not None else f"failed: {self.error}"
        return f"{'up' if self.ok else 'DOWN'} ({said} after {self.seconds * 1000:.0f} ms)"


def probe(
    *,
    target: Annotated[str, typer.Argument(metavar="URL", help="What to ask, with GET.")],
    as_: Annotated[str, typer.Option("--as", metavar="COMPONENT", help="What is probed.")],
    every: Annotated[str, typer.Option(help="How often, as 15s or 1m.")] = "15s",
    location: Annotated[str, typer.Option(help="Where from; one name per prober.")] = "local",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10.0,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many checks.", show_default=False)
    ] = None,
    product: Product = None,
    service: Service = DEFAULT_SERVICE,
    environment: Environment = None,
    url: Url = None,
) -> None:
    """Ask a URL again and again: is it up?

    Each answer becomes probe.checked; Ctrl-C ends it. A status
    below 400 is up. What the collector missed is sent when it is back.
    """
    from loopgauge_catalog.quantities import parse_duration

    if not target.startswith(("http://", "https://")):
        stop(f"{target} is no URL; write it as http://127.0.0.1:8000/healthz")
    try:
        pause = parse_duration(every) / 1_000_000
    except ValueError as error:
        stop(f"--every: {error}")
    sender = Sender(product, service, environment)
    outbox = Outbox(collector_url(url), SEND_SECONDS)
    ended = _ended_by_signal()
    was_ok: bool | None = None
    before: str | None = None
    checks = 0
    next_check = time.monotonic()
    while not ended.is_set():
        result = _ask(target, timeout)
        outbox.add(sender.event("probe.checked", _attributes(result, as_, location)))
        trouble = outbox.send()
        # A line for each change, not for each check: this may run for months.
        if result.ok != was_ok:
            sys.stdout.write(f"{as_} is {result.words()}\n")
            sys.stdout.flush()
        if trouble and trouble != before:
            sys.stderr.write(f"loopgauge: {trouble}; results are kept and sent later\n")
        for words in outbox.refused:
            sys.stderr.write(f"loopgauge: {words}\n")
        outbox.refused.clear()
        was_ok, before = result.ok, trouble
        checks += 1
        if checks == count:
            break
        next_check = max(next_check + pause, time.monotonic())
        ended.wait(next_check - time.monotonic())
    unsent = len(outbox.waiting) + outbox.lost
    sys.stdout.write(f"{counted(checks, 'check')}, {unsent} of them not sent\n")


def _ended_by_signal() -> threading.Event:
    """Set by Ctrl-C and SIGTERM, so that a check is never cut in half."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _ask(target: str, timeout: float) -> Result:
    import httpx

    begun = time.monotonic()
    status = error = None
    try:
        # The body is not read: it may be endless, and being up is said before it.
        with httpx.stream("GET", target, timeout=timeout, follow_redirects=False) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
        error = type(failure).__name__
    seconds = time.monotonic() - begun
    return Result(status is not None and status < 400, seconds, status, error)


def _attributes(result: Result, component: str, location: str) -> dict[str, Scalar]:
    made: dict[str, Scalar | None] = {
        "probe.component": component,
        "probe.location": location,
        "outcome": "ok" if result.ok else "failed",
        "duration": round(result.seconds, 6),
        "http.response.status_code": result.status,
        "error.type": result.error,
    }
    return {name: value for name, value in made.items() if value is not None}
