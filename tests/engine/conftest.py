"""An engine in a folder of its own, closed after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.engine.harness import Engine, moment

NOON = moment("2026-11-18 12:00")


#: Real stores are opened in every example, so no example has a deadline. `deep` runs for an hour:
#: HYPOTHESIS_PROFILE=deep pytest tests/engine
settings.register_profile(
    "engine", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Takes what `Engine` takes after the folder; `now` is noon of a Wednesday unless given.

    `after` names an engine that ends; the new one continues its store.
    """
    made: list[Engine] = []

    def make(
        *products: dict[str, Any], now: int = NOON, after: Engine | None = None, **settings: Any
    ) -> Engine:
        folder = tmp_path / str(len(made))
        if after is not None:
            after.close()
            folder = after.settings.data_dir
        made.append(Engine(folder, *products, now=now, **settings))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
