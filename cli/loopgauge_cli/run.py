"""`loopgauge run`: a command whose start and end become events.

The command comes first: it gets its terminal, its signals and its exit code, and runs
the same whether a collector is there or not.
"""

import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from types import FrameType
from typing import Annotated, Any

import typer

from loopgauge_cli._client import Url, collector_url, stop
from loopgauge_cli._events import (
    DEFAULT_SERVICE,
    Environment,
    Outbox,
    Product,
    Sender,
    Service,
    attributes,
)

#: Seconds that events may take, so that a hanging collector cannot hold a command up.
SEND_SECONDS = 2.0

EXIT_NOT_FOUND = 127
EXIT_NOT_EXECUTABLE = 126

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")

_FORWARDED = (
    signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip
#: Those that a terminal sends to the whole group, so the command has got them already.
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


def run(
    *,
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="What to run.")],
    as_: Annotated[
        str, typer.Option("--as", help="Name of the events: deploy gives deploy.started.")
    ],
    attr: Annotated[
        list[str] | None,
        typer.Option(
            "--attr",
            metavar="KEY=VALUE",
            help="An attribute of both events; may be given again.",
            show_default=False,
        ),
    ] = None,
    product: Product = None,
    service: Service = DEFAULT_SERVICE,
    environment: Environment = None,
    url: Url = None,
) -> None:
    """Run a command; its start and end become events.

    NAME.started and NAME.finished carry NAME.id; the second has outcome (ok or failed),
    duration in seconds and exit_code. The exit code is the command's own, collector or not.
    """
    if not _NAME.fullmatch(as_):
        stop(f"--as {as_!r} is no name; write it as deploy or db.backup")
    given = {f"{as_}.id": str(uuid.uuid4()), **attributes(attr or ())}
    sender = Sender(product, service, environment)
    outbox = Outbox(collector_url(url), SEND_SECONDS)
    outbox.add(sender.event(f"{as_}.started", dict(given)))
    announcing = threading.Thread(target=outbox.send, daemon=True)
    announcing.start()
    begun = time.monotonic()
    code = _run(command)
    ended: dict[str, Any] = {
        "outcome": "ok" if code == 0 else "failed",
        "duration": round(time.monotonic() - begun, 6),
        "exit_code": code,
    }
    finished = sender.event(f"{as_}.finished", given | ended)
    announcing.join()
    outbox.add(finished)
    trouble = outbox.send()
    for words in [*([f"events were not sent: {trouble}"] if trouble else []), *outbox.refused]:
        sys.stderr.write(f"loopgauge: {words}\n")
    raise typer.Exit(code)


def _run(command: list[str]) -> int:
    """Run it with our own streams; the exit code as a shell gives it."""
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif number not in _FROM_TERMINAL or not sys.stdin.isatty():
            child.send_signal(number)

    # What is ignored stays so, for the command too: that is how nohup works.
    before = {
        number: signal.signal(number, forward)
        for number in _FORWARDED
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        child = subprocess.Popen(command)  # noqa: S603  # running it is the point
        for number in early:
            child.send_signal(number)
        code = child.wait()
    except FileNotFoundError:
        sys.stderr.write(f"loopgauge: {command[0]}: command not found\n")
        return EXIT_NOT_FOUND
    except OSError as error:
        sys.stderr.write(f"loopgauge: {command[0]}: {error.strerror}\n")
        return EXIT_NOT_EXECUTABLE
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
