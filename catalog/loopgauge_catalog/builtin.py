"""Events that LoopGauge itself makes; every product has them without declaring them.

So a row can be about the pipeline: what was refused of a product's events, what was lost.
"""

from loopgauge_catalog.declarations import Attribute, Event

#: The library's report of what it has numbered, sent and dropped; a heartbeat too.
PRODUCER_EVENT = "loop.producer_reported"
#: The collector's accounting of one batch, one event for each service, outcome and reason.
BATCH_EVENT = "loop.batch_admitted"

#: How the parsed events of a batch end, and `refused` for a request that was turned away whole.
OUTCOMES = ("stored", "duplicate", "quarantined", "ignored", "refused")

BUILT_IN: dict[str, Event] = {
    PRODUCER_EVENT: Event(means="A producer says what it has sent; the library does so by itself."),
    BATCH_EVENT: Event(
        means="The collector says what became of a batch.",
        attributes={
            "service.name": Attribute(means="Who sent the events"),
            "loop.outcome": Attribute(required=True, allowed=OUTCOMES),
            "loop.reason": Attribute(means="Why; absent for stored events"),
            "loop.events": Attribute(
                type="integer", minimum=0, required=True, means="How many; requests for refused"
            ),
        },
    ),
}
