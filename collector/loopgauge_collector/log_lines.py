"""How the collector logs: one plain line per event, with its time, to stderr.

Messages carry names, sizes and codes; never a body, never a person's id.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO


class OneLine(logging.Formatter):
    """``2026-11-21T10:30:00.000Z INFO writer: …``, whatever the message holds.

    A traceback follows indented, so that nothing in it can look like a line of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        part = record.name.removeprefix("loopgauge_collector.")
        head = f"{moment.replace('+00:00', 'Z')} {record.levelname} {part}"
        lines = [f"{head}: {_visible(record.getMessage())}"]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        return "\n    ".join(lines)


def _visible(text: str) -> str:
    """Control characters as escapes: a name from outside must not begin a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def to_stderr(stream: TextIO | None = None) -> None:
    """Send the log of this process there; what the HTTP server says only if it is an error."""
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("uvicorn", "uvicorn.error", "asyncio", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
