"""`loopgauge kpis`: the documents' tables in the terminal."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from loopgauge_catalog.loader import samples
from loopgauge_catalog.states import State
from loopgauge_cli.app import app
from loopgauge_cli.kpis import _rendered
from loopgauge_collector.web.presentation import snapshot_json
from rich.console import Console
from typer.testing import CliRunner

from tests.support.every_kind import beyond, snapshot_of, value_of

CATALOG = samples()


def _body() -> dict[str, Any]:
    values = [value_of(kpi, CATALOG) for kpi in CATALOG.kpis()]
    for at, value in enumerate(values):
        if value.kpi.id == "campaigns.ttfv":
            values[at] = beyond(value, state=State.BREACH)
        if value.kpi.id == "campaigns.page_load":
            values[at] = replace(value, state=State.TOO_FEW, enough=1000)
        if value.kpi.id == "ytempire.cost_per_video":
            reading = replace(value.reading, unpriced=3)
            values[at] = replace(value, state=State.UNPRICED, reading=reading)
    return snapshot_json(snapshot_of(CATALOG, *values), values)


def _shown(web: Callable[[int, bytes], str], width: int = 200) -> str:
    url = web(200, json.dumps(_body(), allow_nan=False).encode())
    result = CliRunner().invoke(app, ["kpis", "--url", url], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.stdout


def _line(shown: str, title: str) -> str:
    return next(" ".join(line.split()) for line in shown.splitlines() if title in line)


def test_every_table_of_every_document_has_its_heading_in_its_order(
    web: Callable[[int, bytes], str],
) -> None:
    shown = _shown(web)

    headings = [
        f"{product.title} · {table.title}"
        for product in CATALOG.products.values()
        for table in product.tables.values()
    ]
    places = [shown.index(heading) for heading in headings]
    assert places == sorted(places)
    assert len(headings) == 27


def test_a_row_says_its_value_trend_target_and_samples(web: Callable[[int, bytes], str]) -> None:
    shown = _shown(web)

    assert _line(shown, "Time to first value") == (
        "breach, not sure C1 Time to first value p80 > 7 d ↑ from 12 m 36 s ≤ 15m for 80% 100 in 28d 42 min"
    )
    assert "unpriced B3 Cost per video ≥ $2.10 ↑ from $1.89 < $3.00" in _line(
        shown, "Cost per video"
    )
    assert "66.7 of 100" in _line(shown, "Overall health score")
    assert "attribution configured 50 % after 1 m 30 s" in shown
    assert "this sprint" in shown


@pytest.mark.parametrize("width", [80, 100, 139])
def test_a_narrow_terminal_keeps_every_word_whole(
    web: Callable[[int, bytes], str], width: int
) -> None:
    shown = _shown(web, width)

    assert max(map(len, shown.splitlines())) <= width
    for kpi in CATALOG.kpis():
        assert kpi.id in shown
    words = set(shown.split())
    for title in (kpi.title for kpi in CATALOG.kpis()):
        assert set(title.split()) <= words, title


def test_a_narrow_terminal_has_below_the_title_what_has_no_column(
    web: Callable[[int, bytes], str],
) -> None:
    lines = [" ".join(line.split()) for line in _shown(web, 100).splitlines()]

    at = lines.index("breach, C1 Time to first value p80 > 7 d ↑ ≤ 15m for")
    assert lines[at + 1 : at + 5] == [
        "not sure campaigns.ttfv 80%",
        "91.0 % within target · 7 pending · from 12 m 36 s",
        "100 samples in 28d",
        "ok C2 Campaign completion rate 93.0 % ↑ ≥ 70%",
    ]


def test_too_few_says_how_many_it_takes(web: Callable[[int, bytes], str]) -> None:
    assert "100 of 1,000 samples" in _shown(web)


def test_a_screen_shows_one_line_for_each_and_says_what_does_not_fit() -> None:
    console = Console(width=80, height=24, record=True, file=io.StringIO())

    console.print(_rendered(_body(), 80, lines=24))

    lines = console.export_text().splitlines()
    assert len(lines) == 24
    # 80 KPIs, 27 headings, three lines of the head; the last line of the screen says this.
    assert lines[-1].strip() == "and 87 lines more; --product or --state shows fewer"


def test_a_screen_that_is_high_enough_shows_all() -> None:
    console = Console(width=80, height=200, record=True, file=io.StringIO())

    console.print(_rendered(_body(), 80, lines=200))

    assert len(console.export_text().splitlines()) == 80 + 27 + 3
