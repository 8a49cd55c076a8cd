"""`loopgauge kpis`: every KPI with its state, in the terminal."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopgauge_cli._client import Client, Url
from loopgauge_cli._output import STYLES, AsJson, console, plain, print_json, table

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

WATCH_SECONDS = 1.0


def kpis(
    *,
    product: Annotated[
        str | None, typer.Option(help="Only KPIs of this product.", show_default=False)
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help="Only KPIs in this state, such as breach.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show them anew every second.")] = False,
    url: Url = None,
) -> None:
    """Show every KPI as its document lists it: state, value, trend, target, samples."""
    with Client(url) as client:

        def read() -> Any:
            return client.get("/api/v1/kpis", product=product, state=state)

        if as_json:
            print_json(read())
        elif watch:
            _watch(read)
        else:
            console().print(_rendered(read()))


def _watch(read: Any) -> None:
    from rich.live import Live

    try:
        with Live(console=console(), screen=True, auto_refresh=False) as live:
            while True:
                # A screen does not scroll; what belongs to a number is in the plain table.
                live.update(_rendered(read(), brief=True), refresh=True)
                time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return


def _rendered(body: Any, *, brief: bool = False) -> "Group":
    from loopgauge_collector.web.humanise import age
    from rich.console import Group
    from rich.text import Text

    if not body["kpis"]:
        return Group(Text("No KPI is like that now."))
    shown = table(
        "State", "Row", "KPI", "Value", "Trend", "Target", "Samples", "Since",
        right=("Value", "Samples"),
    )  # fmt: skip
    shown.title = f"Snapshot {body['snapshot']}, as of {body['as_of'][:19].replace('T', ' ')} UTC"
    shown.title_justify = "left"
    place = None
    for kpi in body["kpis"]:
        if (kpi["product"], kpi["table"]) != place:
            product = body["products"][kpi["product"]]
            if place is not None:
                shown.add_section()
            place = kpi["product"], kpi["table"]
            heading = f"{product['title']} · {product['tables'][kpi['table']]}"
            shown.add_row("", "", Text(plain(heading), style="bold underline"))
        since = age(_seconds_between(kpi["state_since"], body["as_of"]))
        shown.add_row(*(cell.split()[0] if brief else cell for cell in _cells(kpi, since)))
    return Group(shown)


def _cells(kpi: Any, since: str) -> "list[Text]":
    """One row; of each cell the first line is what matters most."""
    from loopgauge_collector.web import wording
    from rich.text import Text

    state = Text(wording.state_words(kpi), style=STYLES.get(kpi["state"], ""))
    for note in wording.state_notes(kpi):
        state.append(f"\n{plain(note)}", style="dim")
    title = Text(plain(kpi["title"]))
    title.append(f"\n{kpi['id']}", style="dim")
    for step in wording.steps_of(kpi):
        words = f"{step.name} {step.share} {step.after}".rstrip()
        title.append(f"\n  {plain(words)}", style="yellow" if step.is_worst else "dim")
    for need in kpi["needs"]:
        title.append(f"\nneeds: {plain(need)}", style="dim")
    value = Text(wording.stat_words(kpi), style="dim")
    value.append(" " if value else "").append(wording.value_words(kpi), style="bold not dim")
    for note in wording.value_notes(kpi):
        value.append(f"\n{plain(note)}", style="dim")
    trend = wording.trend_words(kpi)
    moves = Text(trend.sign, style={"good": "green", "bad": "red", "": ""}[trend.side])
    return [
        state,
        Text(kpi["row"]),
        title,
        value,
        moves.append(f" {trend.note}" if trend.note else "", style="not bold default dim"),
        Text(kpi["target"]["text"] if kpi["target"] else "–"),
        Text(f"{kpi['samples']:,}\n{wording.window_words(kpi)}"),
        Text(since),
    ]


def _seconds_between(since: str, until: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
