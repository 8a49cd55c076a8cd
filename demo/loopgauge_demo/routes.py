"""What an API says of a request that it answered."""

from typing import NamedTuple

from loopgauge_demo.world import Attributes


class Route(NamedTuple):
    """A route of the API, its method, and the median of its answers in seconds."""

    template: str
    method: str
    median: float


def answered(route: Route, status: int, duration: float) -> Attributes:
    """The attributes of `api.request`; the duration is in seconds."""
    return {
        "http.route": route.template,
        "http.request.method": route.method,
        "http.response.status_code": status,
        "duration": round(duration, 6),
    }
