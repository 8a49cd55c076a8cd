"""docs/metrics.md names every family, with its type and labels, and none that is not there."""

import re
from pathlib import Path

from loopgauge_catalog.states import State
from loopgauge_exporters.shared_families import KPI_FAMILIES, PIPELINE_FAMILIES

TEXT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


def _documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Family -> (type, labels) of the tables with four columns."""
    rows = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| `")]
    return {
        row[0].strip(" `"): (row[1].strip(), tuple(re.findall(r"`(\w+)`", row[2])))
        for row in rows
        if len(row) == 4
    }


def test_every_family_is_documented_with_its_type_and_labels() -> None:
    families = {f.name: (f.type, f.labels) for f in (*KPI_FAMILIES, *PIPELINE_FAMILIES)}

    assert _documented() == families


def test_every_state_is_documented() -> None:
    for state in State:
        assert f"`{state.value}`" in TEXT
