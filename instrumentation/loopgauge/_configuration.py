"""What an emitter may be told, and how a wrong word is answered: at once, and with the right one.

This is the only place of the library that raises into its host, because constructor
arguments are the programmer's and not the traffic's.
"""

import math
import os
import re
from dataclasses import dataclass

from loopgauge._notices import logger
from loopgauge._otlp import Envelope
from loopgauge._transport import DEFAULT_ENDPOINT, HttpTransport, Transport

_PRODUCT = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Pace:
    """When things happen, in seconds; and how many at once.

    Attributes:
        queue_size: events that may wait; beyond, the newest are dropped.
        batch_size: events of one request.
        flush_interval: longest wait of an event in the queue while the collector answers.
        heartbeat_interval: pause between two reports.
        request_timeout: how long one request may stand still.
        first_retry, last_retry: pauses after a failure, doubled from the first to the last.
        longest_retry_after: a collector that asks for more is asked again after this.
    """

    queue_size: int = 10_000
    batch_size: int = 512
    flush_interval: float = 0.2
    heartbeat_interval: float = 10.0
    request_timeout: float = 10.0
    first_retry: float = 0.25
    last_retry: float = 30.0
    longest_retry_after: float = 300.0


def checked_pace(
    queue_size: int,
    batch_size: int,
    flush_interval: float,
    heartbeat_interval: float,
    request_timeout: float,
) -> Pace:
    """Sizes and times.

    Raises:
        ValueError: when one is not above 0.
    """
    return Pace(
        queue_size=_at_least_one("queue_size", queue_size),
        batch_size=_at_least_one("batch_size", batch_size),
        flush_interval=seconds("flush_interval", flush_interval),
        heartbeat_interval=seconds("heartbeat_interval", heartbeat_interval),
        request_timeout=seconds("request_timeout", request_timeout),
    )


def checked_envelope(product: str, service: str, environment: str | None) -> Envelope:
    """Who sends.

    Raises:
        ValueError: when the product cannot be in a catalog, or a name is empty or odd.
    """
    if not (isinstance(product, str) and _PRODUCT.fullmatch(product)):
        raise ValueError(
            "product must be lower case letters, digits and underscores, as in the catalog"
        )
    _check_label("service", service)
    if environment is not None:
        _check_label("environment", environment)
    return Envelope(product, service, environment)


def http_transport(endpoint: str | None) -> Transport:
    """To the given endpoint, else LOOPGAUGE_ENDPOINT, else the default.

    Raises:
        ValueError: when the given endpoint is no http or https URL.
    """
    if endpoint is not None:
        return HttpTransport(endpoint)
    configured = os.environ.get("LOOPGAUGE_ENDPOINT")
    if configured:
        try:
            return HttpTransport(configured)
        except ValueError as error:
            # A typing error of an operator must not keep the service from starting.
            logger.error("LOOPGAUGE_ENDPOINT is not used: %s", error)
    return HttpTransport(DEFAULT_ENDPOINT)


def _check_label(name: str, value: object) -> None:
    if not (isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()):
        raise ValueError(f"{name} must be a string of 1 to 255 printable characters")


def _at_least_one(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1")
    return value


def seconds(name: str, value: object) -> float:
    """A time that makes sense.

    Raises:
        ValueError: when it is not above 0 or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number of seconds above 0")
    return float(value)
