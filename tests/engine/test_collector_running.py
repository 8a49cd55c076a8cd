"""The whole collector with its threads: what is acknowledged is seen, whatever else goes on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Snapshot
from loopgauge_collector.collector import Collector
from loopgauge_collector.errors import Overloaded, Refused
from loopgauge_collector.events import Admitted, Incoming, Rejected
from loopgauge_collector.settings import Settings
from loopgauge_collector.storage.quarantine import payload_of

from tests.engine.harness import HOUR, MINUTE, SECOND, Event, as_datetime, columns, moment, product

NOON = moment("2026-11-18 12:00")
EVENTS = {
    "page.seen": {
        "attributes": {"plan": {}, "user.id": {}, "took": {"type": "number", "unit": "s"}}
    },
}
COUNT = {"kind": "count", "event": "page.seen", "window": "1h", "labels": ["plan"]}
TOOK = {
    "kind": "quantile", "event": "page.seen", "value": "took", "window": "1h",
    "target": {"below": "2s", "share": "95%"},
}  # fmt: skip

#: Long enough for a machine that is busy with other things; nothing waits this long.
PATIENCE = 30.0


class Running:
    """A started collector and its catalog file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.yaml"
        self._settings = Settings(
            data_dir=folder / "data", fold_interval_seconds=0.01,
            evaluation_interval_seconds=0.02, fold_max_events=100,
        )  # fmt: skip
        self.now = NOON

    def catalog(self, **kpis: Any) -> None:
        """Write the catalog file; JSON is YAML too."""
        self.file.write_text(json.dumps(product(kpis, EVENTS)))

    async def start(self) -> Collector:
        collector = Collector(self._settings, [self.file], clock=lambda: self.now)
        await collector.start()
        return collector


async def send(collector: Collector, *events: Event) -> int:
    """Submit a request; returns its commit."""
    verdict = await collector.writer.submit(Admitted(columns(events)), received=NOON)
    return verdict.commit


async def until(collector: Collector, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """Wait for a Snapshot."""
    async with asyncio.timeout(PATIENCE):
        while True:
            snapshot = collector.snapshots.latest()
            if snapshot is not None and holds(snapshot):
                return snapshot
            await asyncio.sleep(0.005)


async def seen(collector: Collector, commit: int) -> Snapshot:
    """The first new Snapshot whose position has reached the commit, with all rebuilds done."""
    now = collector.snapshots.latest()
    assert now is not None
    return await until(
        collector,
        lambda s: (
            s.number > now.number + 1 and s.health.position >= commit and not s.health.rebuilding
        ),
    )


def pages(n: int, begin: int = NOON - 30 * MINUTE) -> list[Event]:
    return [
        Event(
            "page.seen",
            begin + at * SECOND,
            {"plan": "ab"[at % 2], "user.id": "ab"[at % 2], "took": at / 100},
        )
        for at in range(n)
    ]


def plain(value: KpiValue) -> Any:
    return (value.state, value.sure, value.reading, value.breakdowns)


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[Running], Awaitable[None]]], None]:
    """Runs a coroutine with a collector's folder and catalog file."""

    def go(story: Callable[[Running], Awaitable[None]]) -> None:
        running = Running(tmp_path)
        running.catalog(seen=COUNT, took=TOOK)

        async def within() -> None:
            await story(running)

        asyncio.run(within())

    return go


Run = Callable[[Callable[[Running], Awaitable[None]]], None]


def test_an_acknowledged_event_is_in_the_next_snapshots(run: Run) -> None:
    async def story(running: Running) -> None:
        collector = await running.start()
        first = collector.snapshots.latest()
        assert first is not None
        assert first.by_id["shop.seen"].state is State.NO_DATA

        commits = await asyncio.gather(*(send(collector, event) for event in pages(50)))
        snapshot = await seen(collector, max(commits))

        assert snapshot.by_id["shop.seen"].reading.value == 50
        assert plain(collector.value_at("shop.seen", None, as_datetime(NOON))) == plain(
            snapshot.by_id["shop.seen"]
        )
        assert sum(row.events for row in snapshot.health.accounting) == 50
        await collector.stop()
        with pytest.raises(Overloaded):
            await send(collector, *pages(1))

    run(story)


def test_the_catalog_is_read_again_while_events_arrive(run: Run) -> None:
    async def story(running: Running) -> None:
        collector = await running.start()
        stop = asyncio.Event()
        sent: list[int] = []

        async def traffic() -> None:
            while not stop.is_set():
                sent.append(
                    await send(collector, *pages(7, NOON - 50 * MINUTE + len(sent) * SECOND))
                )
                await asyncio.sleep(0)

        sender = asyncio.create_task(traffic())
        await seen(collector, 1)
        running.catalog(
            seen={**COUNT, "title": "Another title"},
            took={**TOOK, "target": {"below": "10ms", "share": "95%"}},
            first={**COUNT, "once_per": "user.id"},
        )
        said = await collector.reload()
        assert said.startswith("3 KPIs, 2 of them")
        await until(collector, lambda s: "shop.first" in s.by_id and not s.health.rebuilding)
        stop.set()
        await sender

        snapshot = await seen(collector, sent[-1])
        assert snapshot.by_id["shop.seen"].reading.value == 7 * len(sent)
        assert snapshot.by_id["shop.seen"].kpi.title == "Another title"
        assert snapshot.by_id["shop.first"].reading.value == 2
        took = snapshot.by_id["shop.took"].reading
        assert (took.samples, took.share) == (7 * len(sent), 1 / 7)
        await collector.stop()

    run(story)


def test_a_bad_catalog_leaves_the_old_one_live(run: Run) -> None:
    async def story(running: Running) -> None:
        collector = await running.start()
        running.file.write_text('{"product": "shop"}')
        with pytest.raises(CatalogError):
            await collector.reload()

        snapshot = await seen(collector, await send(collector, *pages(3)))
        assert snapshot.by_id["shop.seen"].reading.value == 3
        assert await _reloaded(running, collector) == "the catalog did not change"
        await collector.stop()

    async def _reloaded(running: Running, collector: Collector) -> str:
        running.catalog(seen=COUNT, took=TOOK)
        return await collector.reload()

    run(story)


def test_a_rebuild_gives_the_same_numbers_and_meanwhile_none(run: Run) -> None:
    async def story(running: Running) -> None:
        collector = await running.start()
        # More commits than one step of a rebuild reads.
        commits = [
            await send(collector, *pages(60, NOON - 55 * MINUTE + n * SECOND)) for n in range(10)
        ]
        before = await seen(collector, commits[-1])
        shown: list[KpiValue] = []
        watching = True

        async def watch() -> None:
            while watching:
                snapshot = collector.snapshots.latest()
                assert snapshot is not None
                shown.append(snapshot.by_id["shop.took"])
                await asyncio.sleep(0)

        watcher = asyncio.create_task(watch())
        await collector.rebuild(["shop.took"])
        after = await seen(collector, commits[-1])
        watching = False
        await watcher

        assert plain(after.by_id["shop.took"]) == plain(before.by_id["shop.took"])
        # Every Snapshot in between had the whole number or none.
        assert {value.reading.value for value in shown if value.state is not State.REBUILDING} == {
            before.by_id["shop.took"].reading.value
        }
        none = {value.reading.value for value in shown if value.state is State.REBUILDING}
        assert none <= {None}
        with pytest.raises(Refused, match="no KPI"):
            await collector.rebuild(["shop.unknown"])
        await collector.stop()

    run(story)


def test_a_restart_continues_with_equal_values(run: Run) -> None:
    async def story(running: Running) -> None:
        collector = await running.start()
        snapshot = await seen(collector, await send(collector, *pages(80)))
        before = {value.kpi.id: plain(value) for value in snapshot.kpis}
        # Committed and maybe not folded when the end comes.
        await send(collector, *pages(5, NOON - 10 * MINUTE))
        await collector.stop()

        again = await running.start()
        started = again.snapshots.latest()
        assert started is not None
        assert started.by_id["shop.seen"].reading.value == 85
        later = as_datetime(NOON - 15 * MINUTE)
        assert again.value_at("shop.seen", None, later).reading.value == 80
        assert before["shop.seen"][2].value == 80
        await again.stop()

    run(story)


def test_history_is_what_single_questions_answer(run: Run) -> None:
    async def story(running: Running) -> None:
        collector = await running.start()
        await seen(collector, await send(collector, *pages(100)))
        start, end = as_datetime(NOON - HOUR), as_datetime(NOON)

        points = collector.history("shop.took", start, end, 7 * MINUTE, 10 * MINUTE)

        assert len(points) == 9
        for number, point in enumerate(points):
            at = start + number * timedelta(minutes=7)
            alone = collector.value_at("shop.took", 10 * MINUTE, at)
            assert (plain(alone), alone.windows) == (plain(point), point.windows)
        assert {tuple(point.windows) for point in points} == {("10m",)}
        with pytest.raises(Refused):
            collector.history("shop.took", start, end, SECOND)
        with pytest.raises(Refused):
            collector.value_at("shop.nothing", None, end)
        await collector.stop()

    run(story)


def test_a_bad_event_that_comes_again_while_it_is_dropped_is_kept(run: Run) -> None:
    raw = Incoming(0, None, "page.seen", NOON * 1000, b"{}", "shop")
    bad = Rejected(0, None, "missing_id", "say why", "shop", "web", "page.seen", payload_of(raw))

    async def story(running: Running) -> None:
        first = await running.start()
        await first.writer.submit(Admitted(rejected=[bad]), received=NOON)
        await first.stop()
        # Until it is started its jobs wait, so that they are done in this order.
        collector = Collector(first.settings, [running.file], clock=lambda: running.now)
        drop = asyncio.ensure_future(collector.quarantine.drop([1]))
        await asyncio.sleep(0.01)
        again = asyncio.ensure_future(
            collector.writer.submit(Admitted(rejected=[bad]), received=NOON)
        )
        await asyncio.sleep(0.01)
        await collector.start()

        assert await drop == 1
        assert len((await again).rejected) == 1

        assert len(collector.quarantine) == 1
        assert [kept.reason for kept in collector.quarantine.list()] == ["missing_id"]
        await collector.stop()

    run(story)
