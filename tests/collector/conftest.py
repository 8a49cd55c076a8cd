"""Fixtures of the intake: its catalog, and a real collector on a real port."""

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.loader import load

from tests.support.running import Running

INTAKE = Path(__file__).with_name("intake.yaml")


@pytest.fixture(scope="session")
def intake_catalog() -> Catalog:
    """The catalog of the shop."""
    return load([INTAKE])


@pytest.fixture
def run_collector(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts collectors of the shop; takes settings."""
    running: list[Running] = []

    def start(**settings: Any) -> Running:
        folder = tmp_path / str(len(running))
        running.append(Running(folder, [INTAKE], **settings))
        return running[-1]

    yield start
    for collector in running:
        collector.stop()


@pytest.fixture
def running_collector(run_collector: Callable[..., Running]) -> Running:
    """A real collector of the shop, with an empty store."""
    return run_collector()


class Probe:
    """Sends what is bad to one collector, and looks after each time whether it still works."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.event = EventMaker()
        self._before = running.outcomes()

    def works(self) -> None:
        """Whatever was stored meanwhile, a good event is stored too."""
        self._before = self.running.outcomes()
        self.sees()

    def sees(self, **expected: int) -> None:
        """Exactly these outcomes are new since the last look, and a good event is stored.

        Args:
            expected: events by outcome; a reason stands behind two underscores, as in
                `quarantined__missing_id`.
        """
        now, before = self.running.outcomes(), self._before
        self._before = now + Counter(stored=1)
        wanted = Counter({name.replace("__", " "): count for name, count in expected.items()})
        assert now - before == wanted
        answer = self.running.send(self.event())
        assert (answer.status, answer.json()["accepted"]) == (200, 1)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    """One collector for all bad input of a module."""
    running = Running(tmp_path_factory.mktemp("probe"), [INTAKE])
    yield Probe(running)
    running.stop()


class EventMaker:
    """Makes events that are good, each with an id of its own; fields can be changed."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self._count = itertools.count(1)

    def id(self, milliseconds: int | None = None) -> str:
        """A UUIDv7 of this moment."""
        now = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
        digits = (
            f"{now:012x}7{self._random.getrandbits(12):03x}8{self._random.getrandbits(60):015x}"
        )
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def __call__(self, **fields: Any) -> dict[str, Any]:
        """A good event; a field given as `...` is left out."""
        number = next(self._count)
        event: dict[str, Any] = {
            "id": self.id(),
            "name": "order.placed",
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "product": "shop",
            "service": "till-1",
            "attributes": {"order.id": f"o{number}"},
        } | fields
        return {name: value for name, value in event.items() if value is not ...}


@pytest.fixture
def event() -> EventMaker:
    """Makes good events."""
    return EventMaker()
