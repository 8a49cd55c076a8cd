"""The one thread that stores events: it gathers requests, and commits them as a group.

Requests wait in a queue while the thread commits the group before; so a group grows with
the load and the sync of a commit is shared. Nothing is acknowledged before its commit.
"""

import asyncio
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from loopgauge_collector.errors import STORAGE_FAULTS, Overloaded, StorageError
from loopgauge_collector.events import Admitted, Verdict
from loopgauge_collector.settings import Settings
from loopgauge_collector.storage.commit import Committer
from loopgauge_collector.storage.store import Store
from loopgauge_collector.storage.transactions import transaction

log = logging.getLogger(__name__)

#: How long the answers to waiting senders may take after a storage error.
_LAST_WORDS = 0.3
#: How often the disk is looked at, and whether there is something to tell, while nothing comes in.
_LOOK_AROUND = 1.0
EXIT_STORAGE = 74


@dataclass(slots=True)
class _Job:
    """A request that waits for its commit, or a change to run between two commits."""

    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Verdict] | asyncio.Future[int]"
    admitted: Admitted | None = None
    received: int = 0
    change: Callable[[], int] | None = None


def _resolve(future: "asyncio.Future[object]", result: object) -> None:
    if future.done():
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


class Writer:
    """Owns the connection that stores events.

    Args:
        store: the open database.
        committer: the transaction that stores a group.
        settings: group sizes.
        on_commit: told the number of each commit, in the writer's thread.
        clock: microseconds since the epoch.
        die: what ends the process after a storage error; the file is not closed, because
            closing a damaged database has destroyed data.
    """

    def __init__(
        self,
        store: Store,
        committer: Committer,
        settings: Settings,
        on_commit: Callable[[int], object],
        clock: Callable[[], int],
        die: Callable[[int], object] = os._exit,
    ) -> None:
        self._store = store
        self._committer = committer
        self._settings = settings
        self._on_commit = on_commit
        self._clock = clock
        self._die = die
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        # Each counted by one thread only (but for the very end), so no lock is needed.
        self._taken = 0
        self._answered = 0
        self._full = False
        self._failed: str | None = None
        self._failing = threading.Lock()
        self._closing = False
        self.commits = 0
        self.commit_seconds = 0.0
        self._thread = threading.Thread(target=self._run, name="loopgauge-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Events in the queue."""
        return max(0, self._taken - self._answered)

    @property
    def committed(self) -> int:
        """Number of the newest commit."""
        return self._committer.committed

    @property
    def trouble(self) -> str | None:
        """Why nothing is accepted now, in words; None when all is well."""
        if self._failed:
            return self._failed
        if self._closing:
            return "the collector is shutting down"
        return "the disk is full" if self._full else None

    def room(self) -> None:
        """Refuse early, before a body is read.

        Raises:
            Overloaded: two groups wait already, the disk is full, or the end is near.
        """
        if trouble := self.trouble:
            reason = "disk_full" if self._full and not self._failed else "unavailable"
            raise Overloaded(reason, f"{trouble}; send it again later", retry_after=5)
        if self.waiting >= 2 * self._settings.group_max_events:
            raise Overloaded(
                "overload", f"{self.waiting} events wait to be stored; send it again later"
            )

    async def submit(self, admitted: Admitted, *, received: int) -> Verdict:
        """Wait until a request is committed and synced.

        Args:
            admitted: what admission made of it.
            received: microseconds since the epoch.

        Raises:
            Overloaded: too much waits, or the disk is full. Nothing was stored.
            StorageError: the disk failed; whether it was stored is unknown, so the sender
                has to send it again.
        """
        self.room()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Verdict] = loop.create_future()
        job = _Job(loop, future, admitted=admitted, received=received)
        self._taken += _size(job)
        self._jobs.put(job)
        # A client that goes away must not take the request out of its group.
        return await asyncio.shield(future)

    async def run(self, change: Callable[[], object], then: Callable[[], int]) -> int:
        """Run a change in the writer's thread, in a transaction of its own.

        Args:
            change: what the transaction does.
            then: what follows in memory once it is committed, before the next group is; its
                number is returned.
        """

        def change_then() -> int:
            with transaction(self._store.connection):
                change()
            return then()

        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._jobs.put(_Job(loop, future, change=change_then))
        return await asyncio.shield(future)

    def stop(self, timeout: float = 30.0) -> bool:
        """Commit what was accepted, and end the thread; False if it still runs."""
        self._closing = True
        self._jobs.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self._step():
                pass
            self._tell(everything=True)
        except Exception as error:  # noqa: BLE001  # it is logged, and ends the process
            self.fail(error)

    def _step(self) -> bool:
        """One turn: a group or a change; False at the end."""
        job = self._wait()
        going_on = True
        if job is not None and job.admitted is not None:
            group, other = self._gather(job)
            self._commit(group)
            job = other
        if job is _END:
            going_on = False
        elif job is not None and job.change is not None:
            self._change(job)
        elif job is None:
            # Others may fill the disk too, so it is looked at even when nothing comes in.
            self._full = not self._store.has_room()
            self._tell()
        return going_on

    def _wait(self) -> _Job | None:
        """The next job; None when there was none for a while."""
        try:
            job = self._jobs.get(timeout=_LOOK_AROUND)
        except queue.Empty:
            return None
        return _END if job is None else job

    def _gather(self, first: _Job) -> tuple[list[_Job], _Job | None]:
        """Wait a few milliseconds for company; stop at a full group or at something else."""
        group = [first]
        events = _size(first)
        deadline = time.monotonic() + self._settings.group_wait_seconds
        while events < self._settings.group_max_events:
            try:
                job = self._jobs.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if job is None:
                return group, _END
            if job.admitted is None:
                return group, job
            group.append(job)
            events += _size(job)
        return group, None

    def _commit(self, group: list[_Job]) -> None:
        self._full = not self._store.has_room()
        results: list[object]
        if self._failed:
            results = [StorageError(self._failed)] * len(group)
        elif self._full:
            full = Overloaded("disk_full", "the disk is full; send it again later", retry_after=5)
            results = [full] * len(group)
        else:
            results = self._try_commit(group)
        self._answer(group, results)

    def _try_commit(self, group: list[_Job]) -> list[object]:
        began = time.perf_counter()
        admitted = [job.admitted for job in group if job.admitted is not None]
        try:
            verdicts = self._committer.commit(admitted, max(job.received for job in group))
        except STORAGE_FAULTS as error:
            failure = StorageError(f"the events could not be stored: {error}")
            self._answer(group, [failure] * len(group))
            raise
        except Exception as error:
            # A fault of ours with one request; the others of its group must not suffer.
            if len(group) > 1:
                return [result for job in group for result in self._try_commit([job])]
            log.exception("a request could not be committed; its sender is told to try again")
            return [StorageError(f"the events could not be stored: {error}")]
        self.commit_seconds = time.perf_counter() - began
        self.commits += 1
        self._on_commit(self._committer.committed)
        return list(verdicts)

    def _tell(self, *, everything: bool = False) -> None:
        """Store what the collector has to tell of its own accounting, if there is room for it."""
        if self._failed or not self._store.has_room():
            return
        try:
            told = self._committer.tell(self._clock(), everything=everything)
        except STORAGE_FAULTS:
            raise
        except Exception:
            # A fault of ours in what nobody waits for; ingest goes on.
            log.exception("the accounting could not be stored as events; it is tried again later")
            return
        if told:
            self.commits += 1
            self._on_commit(self._committer.committed)

    def _answer(self, group: list[_Job], results: list[object]) -> None:
        self._answered += sum(_size(job) for job in group)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Job, object]]] = {}
        for job, result in zip(group, results, strict=True):
            by_loop.setdefault(job.loop, []).append((job, result))
        for loop, answers in by_loop.items():

            def resolve(answers: list[tuple[_Job, object]] = answers) -> None:
                for job, result in answers:
                    _resolve(job.future, result)  # type: ignore[arg-type]  # a job's own kind

            if not loop.is_closed():
                loop.call_soon_threadsafe(resolve)

    def _change(self, job: _Job) -> None:
        assert job.change is not None
        result: object
        try:
            result = job.change()
        except Exception as error:  # noqa: BLE001  # it is raised again where it was asked for
            result = error
        self._answer([job], [result])
        if isinstance(result, STORAGE_FAULTS):
            raise result

    def fail(self, error: Exception) -> None:
        """After a storage error nothing can be promised: answer who waits, and go. Any thread."""
        if not self._failing.acquire(blocking=False):
            return  # the other thread met it first, and knows the cause
        self._failed = f"storage failed: {error}"
        log.critical(
            "storage failed, the collector ends without closing the database: %s. "
            "Acknowledged events are safe; look at the disk and start it again",
            error,
            exc_info=error,
        )
        waiting: list[_Job] = []
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is not None:
                waiting.append(job)
        self._answer(waiting, [StorageError(self._failed)] * len(waiting))
        time.sleep(_LAST_WORDS)
        self._die(EXIT_STORAGE)


def _size(job: _Job) -> int:
    if job.admitted is None:
        return 0
    return len(job.admitted.columns) + len(job.admitted.rejected)


#: Marks the end of the queue inside the thread.
_END = _Job(loop=None, future=None)  # type: ignore[arg-type]  # never answered
