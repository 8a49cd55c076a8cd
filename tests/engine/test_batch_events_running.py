"""When a whole collector tells of its accounting: while it is idle, at its end, after a fault."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import duckdb
import pytest
from loopgauge_catalog.builtin import BATCH_EVENT
from loopgauge_catalog.values import KpiValue, Snapshot
from loopgauge_collector.collector import Collector
from loopgauge_collector.events import Admitted
from loopgauge_collector.settings import Settings

from tests.engine.harness import SECOND, Event, columns, moment, product

NOON = moment("2026-11-18 12:00")
REJECTED = {
    "kind": "ratio", "event": BATCH_EVENT, "weight": "loop.events", "window": "1h",
    "matching": {"loop.outcome": ["quarantined", "refused"]}, "split": ["loop.reason"],
}  # fmt: skip


class Story:
    """A collector that is started, and its clock."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON + SECOND
        self._file = folder / "shop.yaml"
        self._file.write_text(json.dumps(product({"rejected": REJECTED}, {"page.seen": {}})))
        self._settings = Settings(
            data_dir=folder / "data", fold_interval_seconds=0.01,
            evaluation_interval_seconds=0.02, min_free_mib=1,
        )  # fmt: skip

    async def start(self) -> Collector:
        collector = Collector(self._settings, [self._file], clock=lambda: self.now)
        await collector.start()
        return collector

    async def send(self, collector: Collector, n: int) -> None:
        events = [Event("page.seen", NOON - at) for at in range(n)]
        await collector.writer.submit(Admitted(columns(events)), received=self.now)


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Callable[[Story], Awaitable[None]]], None]:
    """Runs a coroutine with a collector's folder."""

    async def within(tell: Callable[[Story], Awaitable[None]]) -> None:
        await tell(Story(tmp_path))

    return lambda tell: asyncio.run(within(tell))


Play = Callable[[Callable[[Story], Awaitable[None]]], None]


async def until(collector: Collector, holds: Callable[[Snapshot], bool]) -> KpiValue:
    """The row of the first Snapshot of which something holds."""
    async with asyncio.timeout(30):
        while True:
            snapshot = collector.snapshots.latest()
            if snapshot is not None and holds(snapshot):
                return snapshot.by_id["shop.rejected"]
            await asyncio.sleep(0.01)


def samples(*wanted: int) -> Callable[[Snapshot], bool]:
    return lambda snapshot: snapshot.by_id["shop.rejected"].reading.samples in wanted


def test_an_idle_collector_tells_of_what_waits(play: Play) -> None:
    async def story(told: Story) -> None:
        collector = await told.start()
        await told.send(collector, 7)
        told.now += 10 * SECOND
        value = await until(collector, samples(7))
        assert value.reading.value == 0

        collector.refused_for_good["media_type"] += 1
        while value.reading.samples == 7:
            # It waits from when it was seen first, whenever that is.
            told.now += SECOND
            await asyncio.sleep(0.1)
            value = await until(collector, samples(7, 8))
        assert value.reading.value == 1 / 8
        assert {name: part.value for name, part in value.breakdowns["loop.reason"].items()} == {
            "media_type": 1 / 8
        }
        # What it tells of itself did not arrive.
        assert {source.name for source in collector.sources()} == {"page.seen"}
        snapshot = collector.snapshots.latest()
        assert snapshot is not None
        assert sum(row.events for row in snapshot.health.accounting) == 7
        await collector.stop()

    play(story)


def test_a_collector_that_ends_tells_of_everything(play: Play) -> None:
    async def story(told: Story) -> None:
        collector = await told.start()
        await told.send(collector, 7)
        collector.refused_for_good["media_type"] += 3
        await collector.stop()

        again = await told.start()
        value = await until(again, samples(10))
        assert value.reading.value == 3 / 10
        await again.stop()

    play(story)


def test_a_fault_while_it_tells_stops_no_event(
    play: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(told: Story) -> None:
        collector = await told.start()
        await told.send(collector, 7)
        committer = collector.writer._committer
        tell = committer.tell
        failed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def fails(now: int, *, everything: bool = False) -> bool:
            loop.call_soon_threadsafe(failed.set)
            raise duckdb.OutOfMemoryException("a statement that asked for too much")

        monkeypatch.setattr(committer, "tell", fails)
        async with asyncio.timeout(30):
            await failed.wait()
        await told.send(collector, 0)
        assert collector.writer.trouble is None
        assert "tried again" in caplog.text

        monkeypatch.setattr(committer, "tell", tell)
        told.now += 10 * SECOND
        await until(collector, samples(7))
        await collector.stop()

    play(story)
