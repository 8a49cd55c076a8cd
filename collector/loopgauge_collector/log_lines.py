"""How the collector logs: one plain line per event, with its time, to stderr.

Messages carry names, sizes and codes; never a body, never a person's id.
"""

import logging
import sys
import time
from typing import TextIO


class OneLine(logging.Formatter):
    """``2026-11-21T10:30:00Z INFO writer: …``; whatever a message holds, it stays one line.

    A traceback follows indented, so that nothing in it can look like a line of its own.
    """

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = None

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(part)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        record.part = record.name.removeprefix("loopgauge_collector.")
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the base's name
        """The line without a traceback, control characters made visible."""
        line = super().formatMessage(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)

    def formatException(self, ei: object) -> str:  # noqa: N802  # the base's name
        """The traceback, indented."""
        text = super().formatException(ei)  # type: ignore[arg-type]  # passed through as it came
        return "\n".join(f"    {line}" for line in text.splitlines())


def to_stderr(stream: TextIO | None = None) -> None:
    """Send the log of this process there; what the HTTP server says only if it is an error."""
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("uvicorn", "uvicorn.error", "asyncio", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
