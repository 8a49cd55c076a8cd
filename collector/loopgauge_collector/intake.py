"""The way of a request: receiver, admission, writer, and back with the verdict."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from loopgauge_collector.admission.admit import admit
from loopgauge_collector.admission.attributes import Limits
from loopgauge_collector.admission.sources import origins
from loopgauge_collector.events import Admitted, Verdict
from loopgauge_collector.gate.door import MEDIA_TYPE
from loopgauge_collector.receivers import RECEIVERS, Outcome, Receiver

if TYPE_CHECKING:
    from loopgauge_collector.collector import Collector


def routes(collector: "Collector") -> list[Route]:
    """One route for each receiver: plain ones, because this is where the load is."""
    return [_route(collector, receiver) for receiver in RECEIVERS]


def _route(collector: "Collector", receiver: Receiver) -> Route:
    intake = Intake(collector, receiver)

    async def endpoint(request: Request) -> Response:
        media_type: str = request.scope[MEDIA_TYPE]
        outcome = await intake.take(await request.body(), media_type)
        return Response(receiver.answer(outcome, media_type), media_type=media_type)

    return Route(receiver.path, endpoint, methods=["POST"])


class Intake:
    """Takes the requests of one receiver."""

    def __init__(self, collector: "Collector", receiver: Receiver) -> None:
        self._collector = collector
        self._receiver = receiver
        self._limits = Limits.of(collector.settings)

    async def take(self, body: bytes, media_type: str) -> Outcome:
        """Store the events of a body; returns after their commit.

        Raises:
            Refused: nothing of it was stored.
            StorageError: whether it was stored is unknown.
        """
        collector = self._collector
        received, catalog = collector.clock(), collector.catalog
        admitted, unknown, foreign = Admitted(), Counter[str](), 0
        known = origins(catalog)
        for number, part in enumerate(self._receiver.parts(body, media_type, collector.settings)):
            if number > 0:
                await asyncio.sleep(0)
            admit(part.events, catalog, received, self._limits, into=admitted)
            for sender, count in part.ignored.items():
                owner = known.owner(*sender)
                admitted.ignored[owner] = admitted.ignored.get(owner, 0) + count
            unknown.update(part.unknown_fields)
            foreign += part.foreign
        if foreign:
            collector.refusals["other_signal"] += 1
            collector.refused_bytes["other_signal"] += len(body)
        verdict = Verdict(0, 0, [], 0)
        if admitted.columns or admitted.rejected or admitted.ignored:
            verdict = await collector.writer.submit(admitted, received=received)
        return Outcome(verdict, dict(unknown), foreign)
