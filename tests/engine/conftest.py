"""An engine in a folder of its own, closed after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import Engine, moment

NOON = moment("2026-11-18 12:00")


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
