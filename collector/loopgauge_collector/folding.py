"""The thread that keeps the partials up to the events, beside the one that commits them.

Commits never wait for it. The two add to tables of their own, each in its own transactions;
only the merge also takes out what commits added to `accounting_recent`.
"""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from loopgauge_collector.errors import STORAGE_FAULTS
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.partials.upkeep import Upkeep
from loopgauge_collector.settings import Settings
from loopgauge_collector.storage.store import Store

log = logging.getLogger(__name__)

_MERGE_EVERY = 60.0
_FOLD_AGAIN = 10.0
_UPKEEP_EVERY = 3600.0
_UPKEEP_FIRST = 60.0
#: Pause after a slice, as a multiple of what it took: folds are what the thread is for.
_UPKEEP_PAUSE = 2.0
_LAST_FOLDS = 10.0
#: How often the disk is looked at while there is nothing else to do.
_LOOK_AROUND = 1.0


@dataclass(slots=True)
class _Change:
    """Something to run between two folds."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[int]"
    run: Callable[[], int]

    def answer(self, result: int | Exception) -> None:
        def resolve() -> None:
            if self.future.done():
                return
            if isinstance(result, Exception):
                self.future.set_exception(result)
            else:
                self.future.set_result(result)

        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(resolve)


class Folding:
    """Folds, rebuilds, merges and keeps the store small, each when its time has come.

    Args:
        store: the open database.
        folder: what is run.
        upkeep: what is run once an hour, and soon after the start.
        settings: the pause between two folds.
        committed: number of the newest commit.
        fail: called in this thread after a storage error; it ends the process.
    """

    def __init__(
        self,
        store: Store,
        folder: Folder,
        upkeep: Upkeep,
        settings: Settings,
        committed: int,
        fail: Callable[[Exception], object],
    ) -> None:
        self._store = store
        self._folder = folder
        self._upkeep = upkeep
        self._pause = settings.fold_interval_seconds
        self._committed = committed
        self._fail = fail
        #: (commit number, monotonic time) of commits that no fold has read yet.
        self._unfolded: deque[tuple[int, float]] = deque()
        if committed > folder.position:
            self._unfolded.append((committed, time.monotonic()))
        #: Changes, False for "something was committed", None for the end.
        self._jobs: queue.SimpleQueue[_Change | bool | None] = queue.SimpleQueue()
        self._next_fold = 0.0
        self._next_merge = time.monotonic() + _MERGE_EVERY
        self._next_upkeep = time.monotonic() + _UPKEEP_FIRST
        self._thread = threading.Thread(target=self._run, name="loopgauge-fold", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> bool:
        """Fold what is left for a while, and end the thread; False if it still runs."""
        self._jobs.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def lag(self) -> float:
        """Seconds since the oldest commit that is not in the partials; 0 when all are."""
        try:
            return time.monotonic() - self._unfolded[0][1]
        except IndexError:
            return 0.0

    def committed(self, number: int) -> None:
        """Tell that a commit is done. The writer's thread calls it after each."""
        self._committed = number
        self._unfolded.append((number, time.monotonic()))
        if len(self._unfolded) == 1:
            self._jobs.put(False)

    async def call(self, change: Callable[[], int]) -> int:
        """Run something between two folds that opens its own transactions."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._jobs.put(_Change(loop, future, change))
        return await asyncio.shield(future)

    def _run(self) -> None:
        try:
            while self._step():
                pass
            # What is not folded now is folded at the next start.
            if self._store.has_room():
                self._goes_well("the last fold", self._fold_the_rest)
        except Exception as error:  # noqa: BLE001  # it is logged, and ends the process
            self._fail(error)

    def _step(self) -> bool:
        """One turn: a change, then whatever else is due; False at the end."""
        try:
            job = self._jobs.get(timeout=self._until_due())
        except queue.Empty:
            job = False
        if job is None:
            return False
        if isinstance(job, _Change):
            self._change(job)
        self._due()
        return True

    def _until_due(self) -> float:
        busy = bool(self._unfolded) or bool(self._folder.rebuilding)
        due = min(self._next_fold if busy else self._next_merge, self._next_upkeep)
        return max(0.0, min(_LOOK_AROUND, due - time.monotonic()))

    def _change(self, job: _Change) -> None:
        try:
            result: int | Exception = job.run()
        except Exception as error:  # noqa: BLE001  # it is raised again where it was asked for
            result = error
        job.answer(result)
        if isinstance(result, STORAGE_FAULTS):
            raise result

    def _due(self) -> None:
        now = time.monotonic()
        if not self._store.has_room():
            self._next_fold = now + self._pause
            self._next_merge = max(self._next_merge, now + _LOOK_AROUND)
            self._next_upkeep = max(self._next_upkeep, now + _LOOK_AROUND)
            return
        if now >= self._next_fold and not self._goes_well("a fold", self._fold):
            self._next_fold = time.monotonic() + _FOLD_AGAIN
        if now >= self._next_merge:
            self._goes_well("a merge", self._folder.merge)
            self._next_merge = time.monotonic() + _MERGE_EVERY
        if now >= self._next_upkeep:
            self._keep_up()

    def _keep_up(self) -> None:
        began = time.monotonic()
        # A rebuild needs the thread, and all events; it is looked at again soon.
        more = bool(self._folder.rebuilding)

        def step() -> None:
            nonlocal more
            more = self._upkeep.step() or more

        self._goes_well("the upkeep of old rows", step)
        now = time.monotonic()
        pause = max(self._pause, _UPKEEP_PAUSE * (now - began)) if more else _UPKEEP_EVERY
        self._next_upkeep = now + pause

    @staticmethod
    def _goes_well(what: str, run: Callable[[], object]) -> bool:
        """Run it; with a fault of ours ingest goes on, and the lag grows and is shown."""
        try:
            run()
        except STORAGE_FAULTS:
            raise
        except Exception:
            log.exception("%s failed; it is tried again later", what)
            return False
        return True

    def _fold_the_rest(self) -> None:
        deadline = time.monotonic() + _LAST_FOLDS
        while time.monotonic() < deadline and self._folder.fold(self._committed):
            pass

    def _fold(self) -> None:
        began = time.monotonic()
        asked = self._committed
        if self._unfolded:
            self._folder.fold(asked)
            while self._unfolded and self._unfolded[0][0] <= self._folder.position:
                self._unfolded.popleft()
        if self._folder.rebuilding:
            self._folder.catch_up()
        # A rebuild, or partials that are a chunk behind, go on at once. Else a fold costs
        # much the same for ten events and for a thousand, so it waits for company.
        busy = self._folder.position < asked or bool(self._folder.rebuilding)
        spent = time.monotonic() - began
        self._next_fold = time.monotonic() + (0.0 if busy else max(self._pause, spent))
