"""A thread that starts when it is needed, and a wake-up call that may come from anywhere."""

import threading
from collections.abc import Callable

from loopgauge import _lifecycle
from loopgauge._notices import Notices


class Signal:
    """Wakes one waiting thread; calls that come before it waits are kept as one.

    `threading.Event` holds a lock while it sets. A signal handler or a finalizer that
    interrupts it there and emits an event would wait for itself for ever.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the one who waits, or let the next wait end at once."""
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:
                return  # another thread was faster

    def wait(self, timeout: float) -> bool:
        """Wait for `set`, and forget it; False when it did not come within `timeout` seconds."""
        return self._lock.acquire(timeout=_bounded(timeout))


class Background:
    """One daemon thread, started at most once.

    Args:
        work: what it does; its return ends the thread.
        notices: where to say that it cannot start.
    """

    def __init__(self, work: Callable[[], None], notices: Notices) -> None:
        self._work = work
        self._notices = notices
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def started(self) -> bool:
        """Whether the thread was started."""
        return self._thread is not None

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_current(self) -> bool:
        """Whether the caller is this thread itself."""
        return self._thread is threading.current_thread()

    def start(self) -> None:
        """Start the thread, unless somebody does or did."""
        # Never wait here: who comes second, even from a signal handler, may go on.
        if self._thread is not None or not self._starting.acquire(blocking=False):
            return
        thread = threading.Thread(target=self._work, name="loopgauge", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the interpreter ends, or no thread is left
            self._starting.release()
            self._notices.warn("thread", f"the background thread cannot start: {error}")
            return
        self._thread = thread
        _lifecycle.close_with_child_process()

    def join(self, timeout: float) -> None:
        """Wait for the thread's end, at most `timeout` seconds."""
        if self._thread is not None and not self.is_current:
            self._thread.join(_bounded(timeout))


def _bounded(timeout: float) -> float:
    return min(max(0.0, timeout), threading.TIMEOUT_MAX)
