"""The list of settings in the documentation is the list of settings."""

from pathlib import Path

import pytest
from loopgauge_collector.settings import Settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_its_line_with_default_and_meaning(name: str) -> None:
    setting = Settings.model_fields[name]
    default = "none" if setting.default == () else str(setting.default)
    line = f"| `LOOPGAUGE_{name.upper()}` | `{default}` | {setting.description} |"
    assert line in DOCS.read_text()


def test_no_line_speaks_of_a_setting_that_is_gone() -> None:
    listed = [
        line.split("`")[1] for line in DOCS.read_text().splitlines() if line.startswith("| `")
    ]
    assert listed == [f"LOOPGAUGE_{name.upper()}" for name in Settings.model_fields]
