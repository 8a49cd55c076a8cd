"""The other way out: every event as a log record of the application's own OpenTelemetry SDK.

The SDK batches, retries and sends. Ours are the numbering, the id, and a timer for the
heartbeat, so that loss is seen here too.
"""

import time
from typing import TYPE_CHECKING, cast

from loopgauge._configuration import Pace
from loopgauge._ids import uuid7
from loopgauge._notices import Notices
from loopgauge._otlp import Envelope, version
from loopgauge._producer import (
    EVENT_ID,
    PRODUCER_ID,
    REPORT_EVENT,
    SEQUENCE,
    Event,
    Producer,
    Stats,
)
from loopgauge._threads import Background, Signal

try:
    from opentelemetry._logs import LogRecord
    from opentelemetry.sdk._logs import LogRecordLimits, ReadWriteLogRecord
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
except ImportError as error:
    raise ImportError(
        "Emitter(logger_provider=…) needs the OpenTelemetry SDK: pip install 'loopgauge[otel]'"
    ) from error

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider


class OtelChannel:
    """A `Channel` through a logger provider.

    Args:
        provider: the application's; its processors and exporters do the work.
        envelope: product, service and environment; they stand above the provider's own
            resource, because a KPI counts its own product's events.
        pace: for the heartbeat's interval.
        notices: what to tell the host.
    """

    def __init__(
        self, provider: "LoggerProvider", envelope: Envelope, pace: Pace, notices: Notices
    ) -> None:
        self.producer = Producer()
        self._provider = provider
        self._logger = provider.get_logger("loopgauge", version())
        own = getattr(provider, "resource", None)
        self._resource: Resource | None = None
        if isinstance(own, Resource):
            self._resource = own.merge(Resource(envelope.resource))
        else:
            notices.warn(
                "resource",
                "this logger provider is not the OpenTelemetry SDK's; set the SDK up before the "
                "Emitter, else events carry another product and service, or go nowhere",
            )
        self._scope = InstrumentationScope("loopgauge", version())
        self._limits = LogRecordLimits()
        self._interval = pace.heartbeat_interval
        self._notices = notices
        self._deadline: float | None = None
        self._end = Signal()
        self._timer = Background(self._report_regularly, notices)

    def put(self, event: Event) -> None:
        """Hand an event to the SDK."""
        if self._deadline is not None:
            self.producer.drop("exit")
            return
        self._emit(event)
        if not self._timer.started:
            self._timer.start()

    def start(self) -> None:
        """Start the heartbeat's timer, once."""
        self._timer.start()

    def flush(self, timeout: float) -> bool:
        """Let the SDK send what it holds."""
        force_flush = getattr(self._provider, "force_flush", None)
        return force_flush is not None and bool(force_flush(int(timeout * 1000)))

    def stop(self, timeout: float) -> None:
        """Take no more events and report once more."""
        if self._deadline is None:
            self._deadline = time.monotonic() + timeout
            self._end.set()
            self._report()

    def join(self) -> bool:
        """Let the SDK send what it holds until the time is over."""
        left = 0.0 if self._deadline is None else self._deadline - time.monotonic()
        return left > 0 and self.flush(left)

    def stats(self) -> Stats:
        """The account so far; what the SDK loses later is not in it."""
        self._count_sent()
        return self.producer.stats(queued=0)

    def _emit(self, event: Event) -> None:
        name, nanoseconds, attributes, sequence = event
        attributes = {
            **attributes,
            EVENT_ID: uuid7(nanoseconds),
            PRODUCER_ID: self.producer.id,
        }
        if sequence:
            attributes[SEQUENCE] = sequence
        record = LogRecord(timestamp=nanoseconds, event_name=name, attributes=attributes)
        if self._resource is not None:
            # The SDK takes its own kind of record as it is, with the resource that it has.
            full = ReadWriteLogRecord(record, self._resource, self._scope, self._limits)
            record = cast("LogRecord", full)
        self._logger.emit(record)

    def _count_sent(self) -> None:
        # Calls come from many threads, so count what did not get lost.
        self.producer.sent = self.producer.emitted - sum(self.producer.dropped().values())

    def _report(self) -> None:
        self._count_sent()
        self._emit((REPORT_EVENT, time.time_ns(), self.producer.report(), 0))

    def _report_regularly(self) -> None:
        while not self._end.wait(self._interval):
            try:
                self._report()
            except Exception as error:  # noqa: BLE001 - a fault must not end the thread
                self._notices.fault("the heartbeat", error)
