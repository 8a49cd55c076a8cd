"""Many senders at full speed: more is refused than read, and memory stays flat."""

import asyncio
import json
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.durability import reading, wire
from tests.durability.ledger import Batch, Ledger
from tests.durability.process import CollectorProcess
from tests.durability.station import Station, eventually, judge

MIB = 1024 * 1024
CONNECTIONS = 64
BATCH = 1000
#: Bodies that the storm sends.
STORM = 400
#: Senders of nothing but a head; one alone may meet only the moments between two refusals.
ONLY_HEADS = 8
#: A queue that this many senders fill for certain, and DuckDB's cache kept small, so that
#: what grows is only what the requests themselves hold.
SETTINGS = {
    "LOOPGAUGE_GROUP_MAX_EVENTS": "5000",
    "LOOPGAUGE_IN_FLIGHT_BYTES": str(8 * MIB),
    "LOOPGAUGE_MEMORY_LIMIT_MIB": "128",
}


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path, SETTINGS)
    yield station
    station.end()


@dataclass(slots=True)
class Storm:
    """Sends prepared bodies over many connections, each again until it is acknowledged."""

    port: int
    ledger: Ledger
    work: deque[tuple[Batch, bytes]]
    refusals: Counter[str] = field(default_factory=Counter)
    before_body: int = 0
    over: bool = False

    async def connection(self) -> None:
        """One sender: the next body, again until it is acknowledged."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while self.work:
            batch, body = self.work.popleft()
            writer.write(self._head(len(body)) + body)
            try:
                status, head, answer = await _answer(reader)
            except (OSError, asyncio.IncompleteReadError):
                # Cut off while the body was on its way.
                self.ledger.note_silence(batch)
                status, head = 0, b""
            if status == 200:
                self.ledger.acknowledge(batch.ids)
                self.ledger.note_answer(batch, json.loads(answer))
                continue
            self.work.append((batch, body))
            self.refusals["with" if b"retry-after" in head.lower() else "without"] += status == 503
            writer.close()
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()

    async def only_heads(self) -> None:
        """Announce a body, send none, and see whether the refusal comes all the same."""
        while not self.over:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(self._head(300_000))
            try:
                status, _, _ = await asyncio.wait_for(_answer(reader), timeout=0.2)
                self.before_body += status == 503
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                pass
            writer.close()
            await asyncio.sleep(0.01)

    def _head(self, length: int) -> bytes:
        return (
            f"POST {wire.JSON_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ).encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    """Status, head and body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        ),
        0,
    )
    return int(head[9:12]), head, await reader.readexactly(length)


async def _memory(collector: CollectorProcess, storm: Storm, peaks: list[int]) -> None:
    while not storm.over:
        peaks.append(collector.resident_bytes())
        await asyncio.sleep(0.05)


def _bodies(ledger: Ledger, count: int, client: int) -> deque[tuple[Batch, bytes]]:
    rng = random.Random(client)
    work: deque[tuple[Batch, bytes]] = deque()
    for number in range(count):
        ids = [ledger.issue(client, number * BATCH + n + 1, rng) for n in range(BATCH)]
        work.append((Batch(ids), wire.as_json(Batch(ids))))
    return work


@pytest.mark.durability
def test_overload_is_refused_before_the_body_is_read_with_flat_memory_and_no_loss(
    station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, peaks = Ledger(), list[int]()

    async def scenario() -> tuple[Storm, int, float, list[str]]:
        collector = await asyncio.to_thread(station.ready)
        warm = Storm(station.port, ledger, _bodies(ledger, 30, client=1))
        await warm.connection()
        start = collector.resident_bytes()
        storm = Storm(station.port, ledger, _bodies(ledger, STORM, client=2))
        began = time.perf_counter()
        heads = [storm.only_heads() for _ in range(ONLY_HEADS)]
        watchers = [asyncio.create_task(w) for w in (*heads, _memory(collector, storm, peaks))]
        await asyncio.gather(*(storm.connection() for _ in range(CONNECTIONS)))
        seconds = time.perf_counter() - began
        storm.over = True
        await asyncio.gather(*watchers)
        reader = reading.Reader(station.port)
        await eventually(
            lambda: reader.get("/api/v1/status")["not_ready"] == [], "it is not ready again"
        )
        reader.close()
        return storm, start, seconds, await judge(station.port, ledger)

    storm, start, seconds, faults = asyncio.run(scenario())

    with capsys.disabled():
        print(
            f"\noverload: {STORM * BATCH / seconds:,.0f} events/s of goodput, "
            f"{storm.refusals['with']} refusals, {storm.before_body} before the body; "
            f"memory {start // MIB} MiB at the start, {max(peaks) // MIB} MiB at most"
        )
    assert faults == []
    assert storm.refusals["without"] == 0
    assert storm.refusals["with"] > 0
    assert storm.before_body > 0
    assert max(peaks) <= start + 256 * MIB
