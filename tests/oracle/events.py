"""An event as a test writes it: plain data, so that the oracle needs nothing of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

HEARTBEAT = "loop.producer_reported"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_numbers = count(1)


def moment(text: str) -> int:
    """Microseconds of a UTC time such as ``2026-11-18 12:00:00.5``."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def as_datetime(micros: int) -> datetime:
    """The aware datetime of microseconds, without a float in between."""
    return _EPOCH + timedelta(microseconds=micros)


def uuid7(micros: int, number: int | None = None) -> str:
    """An id whose order is that of (milliseconds, number)."""
    digits = f"{micros // 1000:012x}7{0:03x}8{next(_numbers) if number is None else number:015x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@dataclass(frozen=True)
class Event:
    """An event as a test writes it; the id follows the time unless one is given."""

    name: str
    time: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    product: str = "shop"
    service: str = "web"
    environment: str | None = None
    id: str = ""
    producer: str | None = None
    sequence: int | None = None

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", uuid7(self.time))
