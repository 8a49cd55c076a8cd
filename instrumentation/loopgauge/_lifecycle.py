"""What happens to open emitters when the process forks or ends.

fork    -> every emitter of the child gets a new channel: new producer id, empty queue
exit    -> every open channel is told to finish, then all are waited for
"""

import atexit
import contextlib
import os
import sys
from typing import Protocol
from weakref import WeakSet

from loopgauge._producer import Channel


class Renewable(Protocol):
    """An emitter, as far as a fork concerns it."""

    def _renew(self) -> object: ...


_emitters: WeakSet[Renewable] = WeakSet()
# Strong, and apart from the emitters: an emitter that a script forgot still has events to send.
_open: dict[Channel, float] = {}


def opened(channel: Channel, exit_timeout: float) -> None:
    """Finish this channel when the process ends, within so many seconds."""
    _open[channel] = exit_timeout
    # Last registered runs first: before an OpenTelemetry SDK, that was made earlier, shuts down.
    atexit.unregister(close_all)
    atexit.register(close_all)


def forget(channel: Channel) -> None:
    """The channel has finished."""
    _open.pop(channel, None)


def renew_after_fork(emitter: Renewable) -> None:
    """Give this emitter a new channel in every forked child."""
    _emitters.add(emitter)


def close_all() -> None:
    """Finish every open channel; together they take as long as the slowest."""
    channels = list(_open.items())
    _open.clear()
    for channel, timeout in channels:
        channel.stop(timeout)
    for channel, _ in channels:
        channel.join()


class _Children:
    """Children of `multiprocessing`: they end without atexit, but run their own finalizers.

    The finalizer has to be made in the child, after it has forgotten its parent's.
    """

    def __init__(self) -> None:
        self._told = False

    def watch(self) -> None:
        process = sys.modules.get("multiprocessing.process")
        util = sys.modules.get("multiprocessing.util")
        if process is None or util is None:
            return
        if process.parent_process() is not None:
            util.Finalize(None, close_all, exitpriority=0)
        elif not self._told:
            # Not a child yet; a fork server's child is made out of a running interpreter.
            self._told = True
            util.register_after_fork(self, _Children.watch)


_children = _Children()


def close_with_child_process() -> None:
    """Finish open channels also where this process is, or becomes, a multiprocessing child."""
    _children.watch()


def _after_fork_in_child() -> None:
    _open.clear()  # the parent's, whose threads do not exist here
    for emitter in list(_emitters):
        # An error here would be printed into the child's stderr; the next event renews as well.
        with contextlib.suppress(Exception):
            emitter._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
