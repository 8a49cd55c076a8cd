"""`loopgauge kpis`: the documents' tables in the terminal."""

import json
from collections.abc import Callable
from dataclasses import replace

from loopgauge_catalog.loader import samples
from loopgauge_catalog.states import State
from loopgauge_cli.app import app
from loopgauge_collector.web.presentation import snapshot_json
from typer.testing import CliRunner

from tests.support.every_kind import beyond, snapshot_of, value_of

CATALOG = samples()


def _shown(web: Callable[[int, bytes], str]) -> str:
    values = [value_of(kpi, CATALOG) for kpi in CATALOG.kpis()]
    for at, value in enumerate(values):
        if value.kpi.id == "campaigns.ttfv":
            values[at] = beyond(value, state=State.BREACH)
        if value.kpi.id == "ytempire.cost_per_video":
            reading = replace(value.reading, unpriced=3)
            values[at] = replace(value, state=State.UNPRICED, reading=reading)
    body = snapshot_json(snapshot_of(CATALOG, *values), values)
    url = web(200, json.dumps(body, allow_nan=False).encode())
    result = CliRunner().invoke(app, ["kpis", "--url", url])
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
        "breach, not sure C1 Time to first value p80 > 7 d ↑ from 12 m 36 s ≤ 15m for 80% 100 42 min"
    )
    assert "unpriced B3 Cost per video ≥ $2.10 ↑ from $1.89 < $3.00" in _line(
        shown, "Cost per video"
    )
    assert "66.7 of 100" in _line(shown, "Overall health score")
    assert "attribution configured 50 % after 1 m 30 s" in shown
    assert "this sprint" in shown
