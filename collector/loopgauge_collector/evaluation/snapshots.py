"""The published Snapshots: the newest, and the last ten by number."""

import threading
from collections import OrderedDict

from loopgauge_catalog.values import Snapshot

_KEPT = 10


class Snapshots:
    """Written by the evaluator, read by everybody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Snapshot] = OrderedDict()
        self._latest: Snapshot | None = None

    def latest(self) -> Snapshot | None:
        """The newest; None before the first evaluation."""
        return self._latest

    def numbered(self, number: int) -> Snapshot | None:
        """One of the last ten; None when it is gone or never was."""
        with self._lock:
            return self._kept.get(number)

    def publish(self, snapshot: Snapshot) -> None:
        """Make it the newest."""
        with self._lock:
            self._kept[snapshot.number] = snapshot
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            self._latest = snapshot
