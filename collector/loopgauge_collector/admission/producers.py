"""Who numbered an event: the producer's id and the sequence number it gave."""

from loopgauge_collector.admission.attributes import INT64_MAX
from loopgauge_collector.admission.identity import uuid_text
from loopgauge_collector.admission.reasons import Fault, shown

#: Producers whose id was found to be a UUID in lower case; one per process that sends.
_seen: set[str] = set()
_KEPT = 10_000


def are_producers(producers: set[str | None]) -> bool:
    """Whether all can be stored as they are: none, or a UUID in lower case."""
    try:
        return all(checked_producer(producer, None) == producer for producer in producers - _seen)
    except Fault:
        return False


def checked_producer(producer: str | None, sequence: int | None) -> str | None:
    """The producer's id in lower case.

    Raises:
        Fault: `invalid_producer`.
    """
    if sequence is not None and not 0 < sequence <= INT64_MAX:
        raise Fault(
            "invalid_producer", f"the sequence is {sequence}; a producer numbers its events from 1"
        )
    if not producer:
        return None
    try:
        uuid = uuid_text(producer)
    except Fault:
        raise Fault(
            "invalid_producer",
            f"the producer {shown(producer)} is no UUID; make one when the process starts",
        ) from None
    if len(_seen) >= _KEPT:
        _seen.clear()
    _seen.add(uuid)
    return uuid
