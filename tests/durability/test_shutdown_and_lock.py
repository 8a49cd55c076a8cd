"""A collector that is told to stop, and a second one on the same file."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.durability import reading
from tests.durability.ledger import Ledger
from tests.durability.process import free_port
from tests.durability.station import Station, judge, traffic


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    yield station
    station.end()


def test_a_second_collector_on_the_same_data_directory_refuses_and_says_why(
    station: Station,
) -> None:
    station.ready()

    second = station.start(port=free_port())

    assert second.wait(30) == 2
    assert "in use by another collector" in second.tail()
    assert "--data-dir" in second.tail()
    assert httpx.get(f"http://127.0.0.1:{station.port}/readyz").status_code == 200


@pytest.mark.durability
def test_sigterm_under_load_commits_and_answers_everything_that_was_accepted(
    station: Station,
) -> None:
    async def scenario() -> tuple[list[int], Ledger, list[str]]:
        ledger, codes = Ledger(), []
        async with traffic(station.port, ledger, clients=8, events_per_second=50_000):
            for _ in range(3):
                collector = await asyncio.to_thread(station.ready)
                await asyncio.sleep(0.7)
                codes.append(await asyncio.to_thread(collector.terminate))
            await asyncio.to_thread(station.ready)
        return codes, ledger, await judge(station.port, ledger)

    codes, ledger, faults = asyncio.run(scenario())

    assert codes == [0, 0, 0]
    assert faults == []
    assert len(ledger.acknowledged) > 1000


@pytest.mark.durability
def test_after_sigterm_exactly_the_answered_events_are_stored(station: Station) -> None:
    async def scenario() -> Ledger:
        ledger = Ledger()
        async with traffic(station.port, ledger, clients=8, events_per_second=50_000):
            collector = await asyncio.to_thread(station.ready)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(collector.terminate)
            # Nobody listens now, so nothing can be sent again before the count.
            answered = ledger.acknowledged & ledger.issued
            reopened = station.start(port=free_port())
            await asyncio.to_thread(reopened.wait_ready)
            reader = reading.Reader(reopened.port)
            stored, _ = await asyncio.to_thread(lambda: reading.inspect(reader.events()))
            reader.close()
            await asyncio.to_thread(reopened.terminate)
            assert set(stored) == answered
            await asyncio.to_thread(station.ready)
        return ledger

    ledger = asyncio.run(scenario())

    assert len(ledger.acknowledged) > 1000
