"""Who sent OTLP records: product, service and environment among a resource's attributes."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopgauge_collector.admission.identity import timely
from loopgauge_collector.events import Incoming
from loopgauge_collector.receivers.otlp_pieces import Value, encode, piece

_PRODUCT = "service.namespace"
_SERVICE = "service.name"
_ENVIRONMENT = "deployment.environment.name"
#: What semantic conventions before 1.27 called it.
_OLD_ENVIRONMENT = "deployment.environment"


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of records.

    Attributes:
        identity: the whole resource in one form, the same in both encodings; two replicas
            that log the same thing in the same nanosecond differ here.
    """

    product: str | None
    service: str | None
    environment: str | None
    identity: bytes

    @classmethod
    def of(cls, attributes: Mapping[str, Value]) -> "Sender":
        """The sender with these resource attributes."""

        def text(name: str) -> str | None:
            value = attributes.get(name)
            return value if isinstance(value, str) and value else None

        members = [encode(name) + encode(_shown(name, attributes[name])) for name in attributes]
        return cls(
            text(_PRODUCT),
            text(_SERVICE),
            text(_ENVIRONMENT) or text(_OLD_ENVIRONMENT),
            b",".join(sorted(members)),
        )


def _shown(name: str, value: Value) -> str:
    made = piece(name, value)
    return made.decode() if isinstance(made, bytes) else repr(made)


def with_id(event: Incoming, sender: Sender) -> Incoming:
    """An event that came without an id, with one made from the record.

    The same record sent again gets the same id, so a repeat after a lost answer is dropped.
    """
    if not isinstance(event.time, int) or event.time <= 0:
        event.flaw = event.flaw or ("invalid_time", "the record has neither an id nor a time")
    else:
        event.id = timely(
            event.time // 1000,
            event.name or "",
            str(event.time),
            sender.identity,
            f"{event.producer} {event.sequence}",
            event.attributes,
        )
    return event
