"""Calls to providers as the service makes them: from the cache, tried again, or a cheaper model.

One logical call is several `api.call` events, one per attempt; the last one is `call.final`.
An answer from the cache is an event too, with `call.cached`, and no attempt.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from loopgauge import Emitter, Timing

from examples.video_service.provider import Model, Operation, Reply, SimulatedProvider

#: Attempts at the first choice, before the fallback is asked once.
ATTEMPTS = 2


@dataclass(slots=True)
class Call:
    """What became of one logical call; the service tells it in its answers.

    Attributes:
        attempts: the status of each attempt, in order; empty for an answer from the cache.
        cost: what all attempts cost, in dollars.
        avoided: what the cache or the fallback saved, in dollars.
    """

    provider: str
    operation: str
    cacheable: bool
    worked: bool = False
    cached: bool = False
    fallback: bool = False
    attempts: list[int] = field(default_factory=list)
    cost: Decimal = Decimal(0)
    avoided: Decimal = Decimal(0)


class Providers:
    """The service's way to its providers.

    Args:
        emit: where the events go.
        outside: who answers.
    """

    def __init__(self, emit: Emitter, outside: SimulatedProvider) -> None:
        self._emit = emit
        self._outside = outside
        self._answers: dict[tuple[str, str], Decimal] = {}

    async def call(
        self, operation: Operation, prompt: str, *, topic: str = "", video: str | None = None
    ) -> Call:
        """Ask, and ask again, until there is an answer or nobody is left to ask.

        Args:
            operation: what is asked for.
            prompt: what the provider is told; decides how attempts go.
            topic: calls of one topic can share a cached answer.
            video: the video that it is for.
        """
        told = _Told(self._emit, operation, video)
        paid = self._answers.get((operation.name, topic)) if operation.cacheable else None
        if paid is not None:
            told.from_cache(paid)
            return told.call
        choices = [(operation.model, attempt) for attempt in range(1, ATTEMPTS + 1)]
        if operation.fallback is not None:
            choices.append((operation.fallback, 1))
        for number, (model, attempt) in enumerate(choices, start=1):
            with told.attempt(model) as timing:
                reply = await self._outside.ask(operation, model, prompt, attempt)
                timing.set_attributes(
                    {
                        "outcome": "ok" if reply.worked else "failed",
                        "call.final": reply.worked or number == len(choices),
                        "http.response.status_code": reply.status,
                    }
                )
            told.answered(model, reply)
            if reply.worked:
                if operation.cacheable:
                    self._answers[operation.name, topic] = reply.cost
                break
        return told.call


class _Told:
    """One logical call, told twice: as events, and as the `Call` that the answers show."""

    def __init__(self, emit: Emitter, operation: Operation, video: str | None) -> None:
        self._emit = emit
        self._operation = operation
        self._video = video
        self.call = Call(operation.provider, operation.name, operation.cacheable)

    def from_cache(self, paid: Decimal) -> None:
        """An earlier answer did; `paid` is what it cost then."""
        self.call.worked = self.call.cached = True
        model = self._operation.model
        attributes = self._attributes(model)
        self._emit.event("api.call", {**attributes, "outcome": "ok", "call.final": True})
        self._avoided(model, paid, "cache")

    def attempt(self, model: Model | None) -> Timing:
        """The event of one attempt; who asks sets how it went."""
        self.call.fallback = model is not None and model is self._operation.fallback
        return self._emit.timed("api.call", {**self._attributes(model), "call.final": False})

    def answered(self, model: Model | None, reply: Reply) -> None:
        """What an attempt cost, and what the cheaper model saved."""
        self.call.attempts.append(reply.status)
        self.call.worked = reply.worked
        if model is None or not reply.cost:
            return
        self.call.cost += reply.cost
        # The provider names the amount; where it does not, the collector has prices.
        self._emit.cost(
            provider=self._operation.provider,
            operation=self._operation.name,
            model=model.name,
            quantity=reply.quantity,
            unit=self._operation.unit,
            amount=reply.cost,
            currency="USD",
            attributes={"video.id": self._video},
        )
        first = self._operation.model
        if reply.worked and self.call.fallback and first is not None:
            self._avoided(model, reply.quantity * first.price - reply.cost, "fallback")

    def _avoided(self, model: Model | None, amount: Decimal, saved_by: str) -> None:
        self.call.avoided += amount
        self._emit.event(
            "cost.avoided",
            {
                "cost.amount": format(amount, "f"),
                "cost.currency": "USD",
                "cost.saved_by": saved_by,
                "provider": self._operation.provider,
                "operation": self._operation.name,
                "model": model.name if model else None,
                "video.id": self._video,
            },
        )

    def _attributes(self, model: Model | None) -> dict[str, str | bool | None]:
        return {
            "provider": self._operation.provider,
            "operation": self._operation.name,
            "call.cached": self.call.cached,
            "call.cacheable": self._operation.cacheable,
            "call.fallback": self.call.fallback,
            "gen_ai.request.model": model.name if model else None,
            "video.id": self._video,
        }
