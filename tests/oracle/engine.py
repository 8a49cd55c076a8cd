"""The real engine, asked the same as the oracle."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.values import KpiValue
from loopgauge_catalog.yaml_source import parse
from loopgauge_collector.kinds import KINDS

from tests.engine.harness import Engine
from tests.oracle.events import Event


def read_file(text: str) -> dict[str, Any]:
    """The data of a catalog file."""
    return cast("dict[str, Any]", parse(text.encode(), "catalog.yaml").data)


def needs_kinds(*files: Mapping[str, Any]) -> None:
    """Skip the test as long as the engine lacks one of the kinds."""
    rows = [row for f in files for table in f["tables"].values() for row in table["kpis"].values()]
    missing = sorted({row["kind"] for row in rows} - set(KINDS))
    if missing:
        pytest.skip(f"the engine has no kind {', '.join(missing)} yet")


def needs_fields(rows: Catalog) -> None:
    """Skip the test as long as the engine reduces a row as if a field of it were not there."""
    for kpi in rows.kpis():
        for name in {"weight", "last_per", "split"} & type(kpi).model_fields.keys():
            without = kpi.model_copy(update={name: type(kpi).model_fields[name].default})
            kind = KINDS[kpi.kind]
            reduced = [
                [replace(rule, revision="") for rule in kind.reduce(each, rows)]
                for each in (kpi, without)
            ]
            if getattr(kpi, name) != getattr(without, name) and reduced[0] == reduced[1]:
                pytest.skip(f"the engine does not read {name} of {kpi.kind} yet")


def engine_value(text: str, events: Iterable[Event], key: str, at: int) -> KpiValue:
    """The first product's KPI, by an engine of its own that was sent the events in this order."""
    file = read_file(text)
    needs_kinds(file)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), file, now=at)
        try:
            engine.send(*events)
            return engine.value_at(key, at, file["product"])
        finally:
            engine.close()
