"""The real engine, asked the same as the oracle."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from loopgauge_catalog.values import KpiValue
from loopgauge_catalog.yaml_source import parse

from tests.engine.harness import Engine
from tests.oracle.events import Event


def read_file(text: str) -> dict[str, Any]:
    """The data of a catalog file."""
    return cast("dict[str, Any]", parse(text.encode(), "catalog.yaml").data)


def engine_value(text: str, events: Iterable[Event], key: str, at: int) -> KpiValue:
    """The first product's KPI, by an engine of its own that was sent the events in this order."""
    file = read_file(text)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), file, now=at)
        try:
            engine.send(*events)
            return engine.value_at(key, at, file["product"])
        finally:
            engine.close()
