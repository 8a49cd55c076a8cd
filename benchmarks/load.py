"""The load generator: a process of its own that sends bodies it built beforehand.

It prints `ready`, waits for a line on stdin, sends, and prints its result as JSON.
With a rate it sends by the clock, and counts the time from when a request was due, so
that a stall is seen in every request that it delayed.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from loopgauge_catalog.loader import samples

from benchmarks import mix
from benchmarks.bodies import CONTENT_TYPES, PATHS, Format, maker

MAX_BYTES = 4 * 1024**3


class LoadResult(msgspec.Struct):
    """What a load run saw.

    Attributes:
        events: acknowledged events.
        bytes: bytes of all bodies.
        seconds: from the first byte sent to the last answer.
        refusals: answers 503; each such request was sent again.
        quarantined: events that the collector did not accept; a sound run has none.
        latencies: seconds to the acknowledgement, one per request.
        finished: when each request was answered, seconds since the start.
        cpu_seconds: processor time of this process when the last answer had come.
    """

    events: int
    bytes: int
    seconds: float
    refusals: int
    quarantined: int
    latencies: list[float]
    finished: list[float]
    cpu_seconds: float


@dataclass(slots=True)
class _Run:
    """One run over prepared bodies."""

    port: int
    wire_format: Format
    batch: int
    bodies: list[bytes]
    rate: float | None
    refusals: int = 0
    quarantined: int = 0
    latencies: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    start: float = 0.0

    async def go(self, connections: int) -> LoadResult:
        """Send everything over this many connections."""
        streams = [
            await asyncio.open_connection("127.0.0.1", self.port) for _ in range(connections)
        ]
        work = iter(enumerate(self.bodies))
        self.start = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for reader, writer in streams:
                group.create_task(self._connection(reader, writer, work))
        seconds = time.perf_counter() - self.start
        for _, writer in streams:
            writer.close()
        return LoadResult(
            events=len(self.bodies) * self.batch - self.quarantined,
            bytes=sum(map(len, self.bodies)),
            seconds=seconds,
            refusals=self.refusals,
            quarantined=self.quarantined,
            latencies=self.latencies,
            finished=self.finished,
            cpu_seconds=time.process_time(),
        )

    async def _connection(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        work: Iterator[tuple[int, bytes]],
    ) -> None:
        for number, body in work:
            due = time.perf_counter()
            if self.rate is not None:
                due = self.start + number * self.batch / self.rate
                await asyncio.sleep(due - time.perf_counter())
            await self._send(reader, writer, body)
            now = time.perf_counter()
            self.latencies.append(now - due)
            self.finished.append(now - self.start)

    async def _send(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes
    ) -> None:
        """Send until it is acknowledged."""
        head = (
            f"POST {PATHS[self.wire_format]} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: {CONTENT_TYPES[self.wire_format]}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        while True:
            writer.write(head)
            writer.write(body)
            status, answer = await _answer(reader)
            if status == 200:
                if self.wire_format == "json":
                    self.quarantined += len(msgspec.json.decode(answer)["quarantined"])
                elif answer:
                    self.quarantined += self.batch
                return
            if status != 503:
                raise RuntimeError(f"the collector answered {status}: {answer[:300]!r}")
            self.refusals += 1
            await asyncio.sleep(0.05)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    return int(head[9:12]), await reader.readexactly(length)


def main() -> None:
    """Build, wait for the word, send, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--format", choices=list(PATHS), required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rate", type=float, help="events per second; all it can without")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    build = maker(arguments.format, mix.senders(samples()), arguments.seed)
    bodies, size = [], 0
    for _ in range(-(-arguments.events // arguments.batch)):
        bodies.append(build.make(arguments.batch))
        size += len(bodies[-1])
        if size > MAX_BYTES:
            raise SystemExit(f"{arguments.events} events need more than {MAX_BYTES} bytes")
    print("ready", flush=True)
    sys.stdin.readline()
    run = _Run(arguments.port, arguments.format, arguments.batch, bodies, arguments.rate)
    result = asyncio.run(run.go(arguments.connections))
    print(msgspec.json.encode(result).decode(), flush=True)


if __name__ == "__main__":
    main()
