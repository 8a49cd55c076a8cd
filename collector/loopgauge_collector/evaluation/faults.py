"""Faults of ours in a thread that has to go on: each is counted, one a minute is logged."""

import logging
import time
from types import TracebackType

log = logging.getLogger(__name__)

_EVERY = 60.0


class Faults:
    """`with faults:` ends the block at a fault, and goes on after it.

    Args:
        what: what went wrong, and what stays, as a sentence for the log.

    Attributes:
        count: faults so far.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._logged: float | None = None
        self.count = 0

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.count += 1
        now = time.monotonic()
        if self._logged is None or now - self._logged >= _EVERY:
            self._logged = now
            log.error(self._what, exc_info=error)
        return True
