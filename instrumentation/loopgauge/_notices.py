"""What the library tells its host, through `logging` only, and seldom.

A fault of ours is never the host's: it is counted and logged. The library's own tests
turn that off, so that they stay strict (`loopgauge.testing.raising_faults`).
"""

import logging
import sys
import time
from collections.abc import Callable

logger = logging.getLogger("loopgauge")

_OURS = __package__ or "loopgauge"


class Mode:
    """How faults are treated in this process."""

    raising = False


class Notices:
    """One line per kind of trouble and minute, with the number of those left out.

    Args:
        every: seconds between two lines of one kind.
        clock: monotonic seconds.
    """

    def __init__(self, *, every: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._last: dict[str, float] = {}
        self._hidden: dict[str, int] = {}

    def warn(self, kind: str, text: str, *values: object, located: bool = False) -> None:
        """Log a warning, unless one of this kind was logged a moment ago.

        Args:
            kind: what is limited together; one of a handful of words.
            text: what happened and what would be right; never a value of the host's data.
            values: put into the text by `%`, as `logging` does, once it is certain to be logged.
            located: add the line of the host's code that called the library.
        """
        try:
            hidden = self._due(kind)
            if hidden is not None:
                place = f" ({_caller()})" if located else ""
                more = f" [{hidden} more like this were not logged]" if hidden else ""
                logger.warning("%s%s%s", text % values if values else text, place, more)
        except Exception:  # a logging handler of the host may raise anything
            if Mode.raising:
                raise

    def fault(self, where: str, error: Exception) -> None:
        """Take note of an error inside the library; the host never sees it.

        Raises:
            Exception: `error` itself, only while tests ask for it.
        """
        if Mode.raising:
            raise error
        try:
            if self._due("fault") is not None:
                logger.error("internal fault in %s; please report it", where, exc_info=error)
        except Exception:  # noqa: BLE001 - a logging handler of the host may raise anything
            return

    def _due(self, kind: str) -> int | None:
        """How many were hidden since the last line of this kind; None when it is too early."""
        now = self._clock()
        last = self._last.get(kind)
        if last is not None and now - last < self._every:
            self._hidden[kind] = self._hidden.get(kind, 0) + 1
            return None
        # Set before logging: a handler that calls the library again must not come back here.
        self._last[kind] = now
        return self._hidden.pop(kind, 0)


def _caller() -> str:
    """File and line of the first frame that is not ours."""
    frame = sys._getframe(1)  # `inspect.stack` would read source files
    while frame.f_back is not None:
        module = frame.f_globals.get("__name__", "")
        if module != _OURS and not module.startswith(_OURS + "."):
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
