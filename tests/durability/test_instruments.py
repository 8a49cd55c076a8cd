"""The instruments of the kill test do what it relies on."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.durability import identity, wire
from tests.durability.ledger import Batch
from tests.durability.proxy import Reply, SwallowingProxy

SNIPER = Path(__file__).with_name("sniper.py")
REQUEST = b"POST / HTTP/1.1\r\nX-Request: 7-1\r\nContent-Length: 4\r\n\r\nbody"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def _through_the_proxy(share: float) -> tuple[bytes, list[bytes], list[tuple[str, Reply]]]:
    """What a client gets, what the server got, and what the proxy kept."""
    got: list[bytes] = []
    kept: list[tuple[str, Reply]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readexactly(len(REQUEST)))
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    proxy = SwallowingProxy(upstream, share, random.Random(1), lambda *it: kept.append(it))
    reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
    writer.write(REQUEST)
    seen = await reader.read(len(ANSWER))
    writer.close()
    await proxy.stop()
    server.close()
    return seen, got, kept


def test_the_proxy_passes_an_answer_on() -> None:
    seen, got, kept = asyncio.run(_through_the_proxy(0.0))

    assert (seen, got, kept) == (ANSWER, [REQUEST], [])


def test_the_proxy_swallows_an_answer_only_after_the_request_went_through() -> None:
    seen, got, kept = asyncio.run(_through_the_proxy(1.0))

    assert seen == b""
    assert got == [REQUEST]
    assert kept == [("7-1", Reply(200, b"ok", ANSWER))]


def test_without_a_collector_the_proxy_says_that_nothing_was_delivered() -> None:
    async def scenario() -> bytes:
        proxy = SwallowingProxy(1, 0.0, random.Random(1), lambda *_: None)
        reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
        writer.write(REQUEST)
        head = await reader.readline()
        writer.close()
        await proxy.stop()
        return head

    assert asyncio.run(scenario()) == b"HTTP/1.1 502 Bad Gateway\r\n"


def _shoot(tmp_path: Path, *, touch: bool) -> tuple[int, int | None]:
    """The sniper's exit code and what became of its target."""
    database = tmp_path / "target.duckdb"
    database.write_bytes(b"before")
    os.utime(database, (0, 0))
    target = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        sniper = subprocess.Popen(
            [sys.executable, str(SNIPER), f"--pid={target.pid}", f"--database={database}",
             "--seconds=3" if touch else "--seconds=0.3", "--seed=1"]
        )  # fmt: skip
        while touch and sniper.poll() is None:
            os.utime(database)
        code = sniper.wait()
        return code, target.wait(5) if touch else target.poll()
    finally:
        target.kill()
        target.wait()


def test_the_sniper_fires_when_the_database_file_changes(tmp_path: Path) -> None:
    assert _shoot(tmp_path, touch=True) == (0, -9)


def test_the_sniper_leaves_a_collector_alone_that_does_not_checkpoint(tmp_path: Path) -> None:
    assert _shoot(tmp_path, touch=False) == (1, None)


def test_an_otlp_body_carries_what_the_id_demands() -> None:
    rng = random.Random(5)
    ids = [identity.mint(1, n, 1_790_000_000_000, rng, flawed=False) for n in range(1, 9)]

    request = ExportLogsServiceRequest.FromString(wire.as_otlp(Batch(ids, log_lines=2)))

    records = [r for rl in request.resource_logs for sl in rl.scope_logs for r in sl.log_records]
    assert sum(not record.event_name for record in records) == 2
    names = {
        next(a.value.string_value for a in r.attributes if a.key == "loopgauge.event.id"): (
            r.event_name
        )
        for r in records
        if r.event_name
    }
    assert names == {str(i): identity.payload(i).name for i in ids}
