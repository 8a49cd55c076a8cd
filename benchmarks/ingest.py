"""Durable ingest: how many events a second are acknowledged, and how soon."""

from dataclasses import dataclass

from benchmarks.bodies import Format
from benchmarks.children import Child
from benchmarks.load import LoadResult
from benchmarks.server import Server, sample
from tests.durability.process import cpu_seconds


@dataclass(frozen=True, slots=True)
class Ingest:
    """One load run against a fresh collector.

    Attributes:
        load: what the sender saw.
        collector_cpu, load_cpu: cores that each kept busy while it ran.
        peak_bytes: memory of the collector at the end of the load.
        lag_seconds: how far the partials were behind right after the last answer.
        evaluation_seconds: duration of an evaluation afterwards, without load.
        bytes_per_event: disk after a clean stop; None if it was not stopped.
    """

    load: LoadResult
    collector_cpu: float
    load_cpu: float
    peak_bytes: int
    lag_seconds: float
    evaluation_seconds: float
    bytes_per_event: float | None

    @property
    def rate(self) -> float:
        """Acknowledged events a second."""
        return self.load.events / self.load.seconds


def run(
    server: Server,
    wire_format: Format,
    *,
    events: int,
    batch: int,
    connections: int,
    rate: float | None = None,
    stop: bool = True,
) -> Ingest:
    """Send prepared events and read what it took.

    Args:
        server: a fresh collector.
        wire_format: of the bodies.
        events: how many, in requests of `batch`.
        batch: events of one request.
        connections: kept open, one request in flight on each.
        rate: events a second; as fast as it goes without.
        stop: stop the collector afterwards and weigh its files.

    Raises:
        RuntimeError: events went to quarantine, so the load was not what it should be.
    """
    arguments: list[object] = [
        "--port", server.port, "--format", wire_format, "--events", events,
        "--batch", batch, "--connections", connections,
    ]  # fmt: skip
    if rate is not None:
        arguments += ["--rate", rate]
    with Child("load", arguments) as load:
        load.line()
        before, idle = server.process.cpu_seconds(), cpu_seconds(load.pid)
        load.go()
        result = load.result(LoadResult)
        busy, sending = server.process.cpu_seconds() - before, result.cpu_seconds - idle
    if result.quarantined:
        raise RuntimeError(f"{result.quarantined} events of the load were quarantined")
    page = server.page()
    peak = server.process.resident_bytes()
    evaluation = server.evaluation_seconds()
    lag = sample(page, "loopgauge_partials_lag_seconds")
    weight = server.stop() / result.events if stop else None
    return Ingest(
        load=result,
        collector_cpu=busy / result.seconds,
        load_cpu=sending / result.seconds,
        peak_bytes=peak,
        lag_seconds=lag,
        evaluation_seconds=evaluation,
        bytes_per_event=weight,
    )
