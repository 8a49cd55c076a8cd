"""The outside world of the example: paid providers that fail, bill and sometimes are slow.

Simulated, so that the example runs without accounts. What one attempt brings follows from
the seed and from what is asked for, never from the order of calls: the same requests to two
services with the same seed go the same way.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from decimal import Decimal

#: Statuses of a failed attempt. Only the last one is billed: the work was done and got lost.
_FAILURES = (429, 503, 500)
_BILLED_FAILURE = 500


def draw(*what: object) -> float:
    """A number in [0, 1) that depends on the arguments alone."""
    text = "|".join(map(str, what)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2**64


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider and what a unit costs."""

    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked of a provider.

    Attributes:
        provider, name: as the events name them.
        unit: what is billed.
        model: the first choice; None where there is nothing to choose or to pay.
        fallback: the cheaper model that is asked when the first choice fails.
        cacheable: whether an earlier answer to the same prompt would do.
    """

    provider: str
    name: str
    unit: str
    model: Model | None = None
    fallback: Model | None = None
    cacheable: bool = False


CHAT = Operation(
    "openai",
    "chat",
    "token",
    model=Model("writer-large", Decimal("0.00003")),
    fallback=Model("writer-small", Decimal("0.000004")),
    cacheable=True,
)
SPEECH = Operation("openai", "speech", "character", model=Model("voice-1", Decimal("0.000015")))
UPLOAD = Operation("youtube", "upload", "request")
STATISTICS = Operation("youtube", "statistics", "request")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one attempt.

    Attributes:
        status: HTTP status.
        quantity: how much was used, in the operation's unit; 0 where nothing is billed.
        cost: what the provider charges for it, in dollars; exact.
    """

    status: int
    quantity: int = 0
    cost: Decimal = Decimal(0)

    @property
    def worked(self) -> bool:
        """Whether the answer can be used."""
        return self.status < 400


class SimulatedProvider:
    """Answers attempts.

    Args:
        seed: decides everything.
        failing: share of attempts that fail.
        latency: seconds of the slowest attempt.
    """

    def __init__(self, seed: int, *, failing: float = 0.3, latency: float = 0.01) -> None:
        self._seed = seed
        self._failing = failing
        self._latency = latency

    async def ask(
        self, operation: Operation, model: Model | None, prompt: str, attempt: int
    ) -> Reply:
        """One attempt.

        Args:
            operation: what is asked for.
            model: which model is to answer.
            prompt: the request's own key; the same prompt meets the same fate.
            attempt: from 1; the next one may go another way.
        """
        what = (self._seed, operation.name, model.name if model else "", prompt, attempt)
        await asyncio.sleep(self._latency * draw("latency", *what))
        quantity = 200 + int(800 * draw("quantity", *what)) if model else 0
        cost = quantity * model.price if model else Decimal(0)
        fate = draw("fate", *what)
        if fate >= self._failing:
            return Reply(200, quantity, cost)
        status = _FAILURES[int(fate / self._failing * len(_FAILURES))]
        return Reply(status, quantity, cost) if status == _BILLED_FAILURE else Reply(status)

    def subscribers(self, channel: str, videos: int) -> int:
        """How many people follow a channel that has so many uploads."""
        return int(1000 * draw("channel", self._seed, channel)) + 7 * videos
