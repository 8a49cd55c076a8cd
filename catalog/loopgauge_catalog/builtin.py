"""Events that LoopGauge itself makes; every product has them without declaring them.

So a row can be about the pipeline: what was refused of a product's events, what was lost.
"""

from loopgauge_catalog.declarations import Attribute, Event

#: The library's report of what it has numbered, sent and dropped; a heartbeat too.
PRODUCER_EVENT = "loop.producer_reported"
#: The collector's accounting of what came in, one event for each product, service, outcome and
#: reason; it stores them itself, every ten seconds.
BATCH_EVENT = "loop.batch_admitted"
#: The service that these are from.
COLLECTOR_SERVICE = "loopgauge-collector"

#: How parsed events end, and `refused` for a request that was turned away whole.
OUTCOMES = ("stored", "duplicate", "quarantined", "ignored", "refused")

BUILT_IN: dict[str, Event] = {
    PRODUCER_EVENT: Event(means="A producer says what it has sent; the library does so by itself."),
    BATCH_EVENT: Event(
        means="The collector says what became of the events that came in.",
        attributes={
            "service.name": Attribute(means="Who sent the events; absent for refused requests"),
            "loop.outcome": Attribute(required=True, allowed=OUTCOMES),
            "loop.reason": Attribute(means="Why; absent for stored events"),
            "loop.events": Attribute(
                type="integer", minimum=0, required=True, means="How many; requests for refused"
            ),
        },
    ),
}
