"""What one emitted event costs the thread that emits it: ours and the OpenTelemetry SDK's.

Calls come in short bursts at 10,000 a second, as a busy service makes them, because a
loop without a pause only measures full queues.
"""

import argparse
import logging
import time
from collections.abc import Callable
from typing import Literal

import msgspec

Which = Literal["loopgauge", "otel"]

BURST = 50
PAUSE_SECONDS = 0.005
WARM_UP = 1000
ATTRIBUTES: dict[str, str | int | float | bool] = {
    "campaign.id": "0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e21",
    "user.id": "u-48213",
    "http.route": "/api/v1/campaigns",
    "http.response.status_code": 201,
    "duration": 0.0421,
    "user.internal": False,
}


class CallTimes(msgspec.Struct):
    """Microseconds per call on the caller's thread."""

    calls: int
    median: float
    p99: float
    worst: float
    dropped: int


def measure(emit: Callable[[], None], calls: int) -> list[int]:
    """Nanoseconds of each call, ascending."""
    clock = time.perf_counter_ns
    taken = []
    for number in range(WARM_UP + calls):
        if number % BURST == 0:
            time.sleep(PAUSE_SECONDS)
        before = clock()
        emit()
        taken.append(clock() - before)
    return sorted(taken[WARM_UP:])


def ours(endpoint: str, calls: int) -> tuple[list[int], int]:
    """`Emitter.event`, and how many events it dropped."""
    from loopgauge import Emitter

    emitter = Emitter(
        product="campaigns", service="campaign-api", endpoint=endpoint, exit_timeout=0.5
    )
    taken = measure(lambda: emitter.event("campaign.created", ATTRIBUTES), calls)
    dropped = sum(emitter.stats().dropped.values())
    emitter.close()
    return taken, dropped


def sdk(endpoint: str, calls: int) -> tuple[list[int], int]:
    """`Logger.emit` of the OpenTelemetry SDK with its batch processor and OTLP exporter."""
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    resource = Resource({"service.namespace": "campaigns", "service.name": "campaign-api"})
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPLogExporter(endpoint=f"{endpoint}/v1/logs", timeout=0.5)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("benchmark")
    taken = measure(
        lambda: logger.emit(
            timestamp=time.time_ns(), event_name="campaign.created", attributes=ATTRIBUTES
        ),
        calls,
    )
    # Its queue gives up the oldest without a count that one could read.
    return taken, 0


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--which", choices=("loopgauge", "otel"), required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--calls", type=int, default=30_000)
    arguments = parser.parse_args()
    logging.disable()  # what a collector that is down makes them say is not the question
    run = ours if arguments.which == "loopgauge" else sdk
    taken, dropped = run(arguments.endpoint, arguments.calls)
    result = CallTimes(
        calls=len(taken),
        median=taken[len(taken) // 2] / 1000,
        p99=taken[len(taken) * 99 // 100] / 1000,
        worst=taken[-1] / 1000,
        dropped=dropped,
    )
    print(msgspec.json.encode(result).decode(), flush=True)


if __name__ == "__main__":
    main()
