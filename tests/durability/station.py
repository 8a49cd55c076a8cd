"""A data directory and the collector that runs on it: for the tests that do not kill."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.durability import reading, tally
from tests.durability.ledger import Ledger
from tests.durability.process import CollectorProcess, free_port, serve_command
from tests.durability.rounds import CATALOG
from tests.durability.traffic import team
from tests.durability.verdict import faults


class Station:
    """Starts collectors on one data directory, one after the other.

    Args:
        folder: takes the log; and the data, unless `data` says where.
        settings: `LOOPGAUGE_…` variables of every start.
        data: the data directory.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, data: Path | None = None
    ) -> None:
        self.port = free_port()
        self.data = data or folder / "data"
        self.log = folder / "collector.log"
        self._settings = dict(settings or {})
        self._running: CollectorProcess | None = None

    def start(self, port: int | None = None) -> CollectorProcess:
        """Start one more; it need not be ready yet."""
        command = serve_command(self.data, port or self.port, CATALOG)
        return CollectorProcess(command, port or self.port, self.log, self._settings)

    def ready(self) -> CollectorProcess:
        """Start the one that `end` ends, and wait until it is ready."""
        self._running = self.start()
        self._running.wait_ready()
        return self._running

    def end(self) -> None:
        """Leave no process behind."""
        if self._running is not None:
            self._running.kill()


@asynccontextmanager
async def traffic(
    port: int, ledger: Ledger, *, clients: int = 4, events_per_second: float = 6000.0
) -> AsyncIterator[None]:
    """Clients that send while the block runs, and after it until all is acknowledged."""
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(client.run(port, stop))
        for client in team(clients, ledger, random.Random(1), events_per_second)
    ]
    try:
        yield
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), timeout=120)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; a minute without it is a failure, not a slow machine."""
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(what)


async def judge(port: int, ledger: Ledger) -> list[str]:
    """Compare the collector with the oracle's book."""
    found = await asyncio.to_thread(reading.everything, port)
    return faults(ledger, found, tally.expected(ledger.issued))
