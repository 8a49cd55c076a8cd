"""A network that loses answers, so that requests are sent again: the way duplicates come."""

from random import Random

from loopgauge.testing import Answer, HttpTransport

#: Share of requests whose answer gets lost.
_LOST = 0.02
_NAME = b'"eventName":'


class LossyTransport:
    """The library's own transport, with some answers lost after the request was taken.

    As after any time-out, the same body goes out once more; the ids in it say so.

    Args:
        endpoint: the collector's address.
        random: decides which answers are lost.

    Attributes:
        repeated: events that were taken twice.
    """

    def __init__(self, endpoint: str, random: Random) -> None:
        self._transport = HttpTransport(endpoint)
        self._random = random
        self.repeated = 0

    def send(self, body: bytes, timeout: float) -> Answer:
        """Send one request, and now and then a second time."""
        answer = self._transport.send(body, timeout)
        if answer.verdict != "accepted" or self._random.random() >= _LOST:
            return answer
        again = self._transport.send(body, timeout)
        if again.verdict != "accepted":
            return answer
        self.repeated += body.count(_NAME)
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
