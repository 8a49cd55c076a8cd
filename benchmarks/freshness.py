"""From an event's time to the moment when `/metrics` shows it."""

import os
import random
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from benchmarks.server import Server, sample

#: A KPI of the shipped catalogs that shows the newest value of one event as it is.
EVENT, ATTRIBUTE = "docs.coverage_reported", "docs.coverage"
METRIC = "musicgen_docs_completeness_ratio"
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds, one per event; and what a scrape cost.

    Attributes:
        delays: from the event's time until a scrape showed it.
        first_scrapes: of a new Snapshot, so the page was rendered for them.
        later_scrapes: of a page that was rendered already.
        series: samples on the page.
    """

    delays: list[float]
    first_scrapes: list[float]
    later_scrapes: list[float]
    series: int


def measure(server: Server, events: int) -> Freshness:
    """Send marked events at random moments and scrape until each is seen.

    Args:
        server: a collector with the shipped catalogs.
        events: how many, about one a second.
    """
    delays: list[float] = []
    first: list[float] = []
    later: list[float] = []
    page, snapshot = "", 0.0
    with httpx.Client(base_url=server.endpoint, timeout=30) as http:
        for number in range(1, events + 1):
            time.sleep(random.uniform(0, 0.5))
            marker = number / 1_000_000
            moment = time.time()
            http.post("/v1/events", json=_body(marker, moment)).raise_for_status()
            while True:
                began = time.perf_counter()
                page = http.get("/metrics").text
                took = time.perf_counter() - began
                now = sample(page, "loopgauge_snapshot_number")
                (later if now == snapshot else first).append(took)
                snapshot = now
                if _shown(page) == marker:
                    delays.append(time.time() - moment)
                    break
                time.sleep(POLL_SECONDS)
    series = sum(1 for line in page.splitlines() if line and not line.startswith("#"))
    return Freshness(delays, first, later, series)


def _shown(page: str) -> float | None:
    try:
        return sample(page, METRIC)
    except LookupError:
        return None


def _body(marker: float, moment: float) -> dict[str, object]:
    milliseconds = int(moment * 1000)
    number = int.from_bytes(os.urandom(10))
    event_id = uuid.UUID(
        int=milliseconds << 80
        | 0x7 << 76
        | (number >> 62 & 0xFFF) << 64
        | 0b10 << 62
        | number & (1 << 62) - 1
    )
    event = {
        "id": str(event_id),
        "name": EVENT,
        "time": datetime.fromtimestamp(moment, UTC).isoformat(),
        "product": "musicgen",
        "service": "musicgen-ci",
        "attributes": {ATTRIBUTE: marker},
    }
    return {"events": [event]}
