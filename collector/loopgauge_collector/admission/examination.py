"""One event at a time: stored when it is good, else the reason it is not."""

from dataclasses import dataclass

import msgspec

from loopgauge_collector.admission.attributes import Limits, read_attributes
from loopgauge_collector.admission.identity import ORIGINAL_ID, follows_time, timely, uuid_text
from loopgauge_collector.admission.moments import micros
from loopgauge_collector.admission.producers import checked_producer
from loopgauge_collector.admission.reasons import Fault
from loopgauge_collector.admission.sources import Origins
from loopgauge_collector.events import Admitted, Incoming, Rejected
from loopgauge_collector.storage.quarantine import payload_of

_DAY = 86_400_000_000
_SECOND = 1_000_000
_ID_SHOWN = 64
#: Characters kept of each field of an event that is too large to keep whole.
_FIELD_KEPT = 256


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which times an event is accepted, both included, in microseconds."""

    earliest: int
    latest: int

    @classmethod
    def of(cls, limits: Limits, now: int, first_received: int | None = None) -> "Bounds":
        """Bounds seen from now; the age from when an event was received first."""
        received = now if first_received is None else first_received
        return cls(
            earliest=received - limits.events_keep_days * _DAY,
            latest=now + int(limits.future_seconds * _SECOND),
        )


class Examination:
    """Examines events against one catalog and one moment."""

    def __init__(self, origins: Origins, bounds: Bounds, limits: Limits) -> None:
        self._origins = origins
        self._bounds = bounds
        self._limits = limits

    def examine(self, event: Incoming, admitted: Admitted) -> None:
        """Add the event to the columns or to the rejected ones.

        Raises:
            Refused: as `attributes.read_attributes`.
        """
        try:
            self._admit(event, admitted)
        except Fault as fault:
            admitted.rejected.append(self._rejected(event, fault))

    def _admit(self, event: Incoming, admitted: Admitted) -> None:
        if event.flaw is not None:
            raise Fault(*event.flaw)
        size = _size(event)
        if size > self._limits.event_max_bytes:
            raise Fault(
                "event_too_large",
                f"the event has {size} bytes; the limit is {self._limits.event_max_bytes}",
            )
        if not event.id:
            raise Fault("missing_id", "the event has no id; make one UUIDv7 per event and keep it")
        uuid = uuid_text(event.id)
        origin = self._origins.find((event.product, event.service, event.environment, event.name))
        time = self._time(event)
        producer = checked_producer(event.producer, event.sequence)
        attributes = read_attributes(event.attributes, self._limits)
        if origin.declared is not None:
            origin.declared.check(attributes)
        origin.form.learn(attributes)
        text = event.attributes.decode()
        if not follows_time(uuid):
            if ORIGINAL_ID not in attributes:
                text = _with_original_id(text, uuid, is_empty=not attributes)
            uuid = timely(time, uuid)

        columns = admitted.columns
        columns.index.append(event.index)
        columns.id.append(uuid)
        columns.name.append(origin.name)
        columns.time.append(time)
        columns.product.append(origin.product)
        columns.service.append(origin.service)
        columns.environment.append(origin.environment)
        columns.producer.append(producer)
        columns.sequence.append(event.sequence)
        columns.attributes.append(text)

    def _time(self, event: Incoming) -> int:
        time = micros(event.time)
        if time > self._bounds.latest:
            ahead = (time - self._bounds.latest) / _SECOND + self._limits.future_seconds
            raise Fault(
                "in_future",
                f"the event is {ahead:.0f} s ahead of the collector's clock; at most "
                f"{self._limits.future_seconds:.0f} s are accepted. Look at the sender's clock",
            )
        if time < self._bounds.earliest:
            raise Fault(
                "too_old",
                f"the event is older than {self._limits.events_keep_days} days, which is as "
                "long as events are kept",
            )
        return time

    def _rejected(self, event: Incoming, fault: Fault) -> Rejected:
        product, service = self._origins.owner(event.product, event.service)
        kept = event
        if _size(event) > self._limits.event_max_bytes:
            kept = _cut(event, fault)
        return Rejected(
            index=event.index,
            id=None if event.id is None else event.id[:_ID_SHOWN],
            reason=fault.reason,
            detail=fault.detail,
            product=product,
            service=service,
            name=self._origins.name(event.name),
            payload=payload_of(kept),
        )


def _size(event: Incoming) -> int:
    """Bytes of the event's own text, without quotes and field names."""
    texts = (event.id, event.name, event.product, event.service, event.environment, event.producer)
    size = len(event.attributes)
    for text in (*texts, event.time):
        if isinstance(text, str):
            size += len(text.encode())
    return size


def _cut(event: Incoming, fault: Fault) -> Incoming:
    """What is kept of an event that is too large: enough to find its sender."""

    def short(text: str | None) -> str | None:
        return None if text is None else text[:_FIELD_KEPT]

    return msgspec.structs.replace(
        event,
        id=short(event.id),
        name=short(event.name),
        time=short(event.time) if isinstance(event.time, str) else event.time,
        product=short(event.product),
        service=short(event.service),
        environment=short(event.environment),
        producer=short(event.producer),
        attributes=b"{}",
        flaw=event.flaw or (fault.reason, fault.detail),
    )


def _with_original_id(text: str, original: str, *, is_empty: bool) -> str:
    """The attributes with the producer's own id in front."""
    end = "" if is_empty else ","
    return f'{{"{ORIGINAL_ID}":"{original}"{end}{text.lstrip()[1:]}'
