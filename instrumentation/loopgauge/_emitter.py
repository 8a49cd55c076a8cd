"""The one object that a service makes: it numbers events and hands them on.

    event() -> checked copy -> channel: our own queue and thread, or an OpenTelemetry SDK

Nothing here waits, encodes or touches the network, and nothing is raised into the host
except by the constructor, whose arguments are the programmer's.
"""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from os import getpid
from time import time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Self

from loopgauge import _lifecycle
from loopgauge._checks import (
    InvalidEvent,
    Scalar,
    checked_attributes,
    checked_name,
    nanoseconds,
)
from loopgauge._configuration import (
    Pace,
    checked_envelope,
    checked_pace,
    http_transport,
    seconds,
)
from loopgauge._cost import COST_EVENT, cost_attributes
from loopgauge._notices import Notices
from loopgauge._producer import Channel, Event, Producer, Stats
from loopgauge._timed import Timing
from loopgauge._transport import Transport
from loopgauge._worker import Worker

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

_PACE = Pace()


class Emitter:
    """Sends events of one service to a LoopGauge collector, without ever hurting the service.

    A background thread starts at once, so that a service without traffic is seen as alive.
    In a forked child it starts with the first event, or with `start`.

    Args:
        product: whose KPIs the events feed: lower case letters, digits and underscores.
        service: name of this service.
        environment: `production`, `staging` …; None counts as production.
        endpoint: the collector's address; by default LOOPGAUGE_ENDPOINT, else
            http://127.0.0.1:4318.
        logger_provider: send through the application's own OpenTelemetry SDK instead; needs
            the extra `loopgauge[otel]`.
        transport: sends requests another way, for tests.
        queue_size: events that may wait; beyond, the newest are dropped and counted.
        batch_size: events of one request.
        flush_interval: longest wait before sending, in seconds.
        heartbeat_interval: seconds between two reports of what was sent and lost.
        request_timeout: seconds that a request may stand still.
        exit_timeout: seconds that the end of the process may wait for the last events.
        clock: nanoseconds since the epoch.

    Raises:
        ValueError: when an argument cannot be right.
        ImportError: when `logger_provider` is given without the extra.
    """

    def __init__(
        self,
        *,
        product: str,
        service: str,
        environment: str | None = None,
        endpoint: str | None = None,
        logger_provider: "LoggerProvider | None" = None,
        transport: Transport | None = None,
        queue_size: int = _PACE.queue_size,
        batch_size: int = _PACE.batch_size,
        flush_interval: float = _PACE.flush_interval,
        heartbeat_interval: float = _PACE.heartbeat_interval,
        request_timeout: float = _PACE.request_timeout,
        exit_timeout: float = 2.0,
        clock: Callable[[], int] = time_ns,
    ) -> None:
        envelope = checked_envelope(product, service, environment)
        pace = checked_pace(
            queue_size, batch_size, flush_interval, heartbeat_interval, request_timeout
        )
        if sum(way is not None for way in (endpoint, logger_provider, transport)) > 1:
            raise ValueError("give one of endpoint, logger_provider and transport")
        self._exit_timeout = seconds("exit_timeout", exit_timeout)
        self._clock = clock
        self._notices = notices = Notices()
        self._new_channel: Callable[[], Channel]
        self._channel: Channel
        if logger_provider is not None:
            # The SDK is the application's; without it nothing of it may be imported.
            from loopgauge._otel import OtelChannel

            provider = logger_provider
            self._new_channel = lambda: OtelChannel(provider, envelope, pace, notices)
        else:
            way = http_transport(endpoint) if transport is None else transport
            self._new_channel = lambda: Worker(envelope, way, pace, notices)
        self._renew()
        _lifecycle.renew_after_fork(self)
        self._channel.start()

    def event(
        self,
        name: str,
        attributes: Mapping[str, Scalar | None] | None = None,
        *,
        time: datetime | None = None,
    ) -> None:
        """Emit an event. Takes microseconds, never raises, never waits.

        What cannot be sent is dropped, counted and logged with what would be right.

        Args:
            name: `noun.verb`, lower case.
            attributes: flat strings, numbers and booleans, copied; None leaves one out.
            time: when it happened, with a time zone; now, if not given.
        """
        channel = self._channel
        producer = channel.producer
        if producer.pid != getpid():
            channel = self._current()
            producer = channel.producer
        sequence = producer.number()
        try:
            event: Event = (
                checked_name(name),
                self._clock() if time is None else nanoseconds(time),
                {} if attributes is None else checked_attributes(attributes),
                sequence,
            )
        except Exception as error:  # noqa: BLE001 - the host's objects may raise anything
            self._drop_invalid(producer, error)
            return
        try:
            channel.put(event)
        except Exception as error:  # noqa: BLE001 - the host never sees a fault of ours
            producer.drop("fault")
            self._notices.fault("event", error)

    def timed(self, name: str, attributes: Mapping[str, Scalar | None] | None = None) -> Timing:
        """Measure work and emit an event with `duration`, `outcome` and `error.type`.

        Use it with ``with`` or ``async with``, or as a decorator of a function or a coroutine
        function; inside ``with … as timing`` attributes are added by `timing.set_attribute`.
        """
        return Timing(self, name, attributes)

    def cost(
        self,
        *,
        provider: str,
        operation: str,
        quantity: float | Decimal | None = None,
        unit: str | None = None,
        model: str | None = None,
        amount: str | int | Decimal | None = None,
        currency: str | None = None,
        time: datetime | None = None,
        attributes: Mapping[str, Scalar | None] | None = None,
        **more: Scalar | None,
    ) -> None:
        """Emit `cost.incurred`: what was used, so that the collector can price it.

        Never raises. A float as amount is refused and not rounded.

        Args:
            provider: who sends the bill.
            operation: what was asked for.
            quantity: how much was used, in `unit` (`second`, `input_token`, `character` …).
            unit: what is counted.
            model: the provider's name of the model.
            amount: money, only where the provider named it; exact decimal.
            currency: ISO 4217, with `amount`.
            time: when it happened, with a time zone; now, if not given.
            attributes: further attributes, such as {"video.id": …}.
            more: further attributes without a dot in their name, such as stage="script".
        """
        try:
            merged = cost_attributes(
                provider=provider,
                operation=operation,
                quantity=quantity,
                unit=unit,
                model=model,
                amount=amount,
                currency=currency,
                attributes={**(attributes or {}), **more},
            )
        except Exception as error:  # noqa: BLE001 - as in event()
            self._refuse(error)
            return
        self.event(COST_EVENT, merged, time=time)

    def start(self) -> None:
        """Begin to send and to report; only a forked child that may stay idle needs it."""
        try:
            self._current().start()
        except Exception as error:  # noqa: BLE001 - as in event()
            self._notices.fault("start", error)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all events so far are settled; False when `timeout` seconds did not do."""
        try:
            return self._current().flush(timeout)
        except Exception as error:  # noqa: BLE001 - as in event()
            self._notices.fault("flush", error)
            return False

    def close(self, timeout: float | None = None) -> bool:
        """Send what waits and the last report, and take no more events.

        Args:
            timeout: seconds; by default `exit_timeout`.

        Returns:
            Whether all was settled in time.
        """
        try:
            channel = self._current()
            channel.stop(self._exit_timeout if timeout is None else timeout)
            return channel.join()
        except Exception as error:  # noqa: BLE001 - as in event()
            self._notices.fault("close", error)
            return False

    def stats(self) -> Stats:
        """What became of the events of this process so far."""
        return self._current().stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A lost emitter says no longer that the service is alive; its last events still go.
        with contextlib.suppress(Exception):
            self._channel.stop(self._exit_timeout)

    def _current(self) -> Channel:
        """The channel of this process."""
        if self._channel.producer.pid != getpid():
            try:
                self._renew()
            except Exception as error:  # noqa: BLE001 - as in event()
                self._notices.fault("fork", error)
        return self._channel

    def _renew(self) -> None:
        """Take a new channel: at the start, and in a child that was forked."""
        self._channel = self._new_channel()
        _lifecycle.opened(self._channel, self._exit_timeout)

    def _refuse(self, error: Exception) -> None:
        """Number and drop an event whose arguments were wrong before it could be made."""
        producer = self._current().producer
        producer.number()
        self._drop_invalid(producer, error)

    def _drop_invalid(self, producer: Producer, error: Exception) -> None:
        producer.drop("invalid")
        reason = (
            str(error)
            if isinstance(error, InvalidEvent)
            else "its arguments raise an error when they are read"
        )
        self._notices.warn("invalid", f"event refused: {reason}", located=True)
