"""`loopgauge kpis`: every KPI with its state, in the terminal."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopgauge_cli._client import Client, Url
from loopgauge_cli._output import STYLES, AsJson, console, plain, print_json, table

if TYPE_CHECKING:
    from rich.console import Group

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
    """Show every KPI: state, value, target, samples."""
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
                # A screen does not scroll; what to instrument is in the plain table.
                live.update(_rendered(read(), with_needs=False), refresh=True)
                time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return


def _rendered(body: Any, *, with_needs: bool = True) -> "Group":
    from loopgauge_collector.web.humanise import age
    from rich.console import Group
    from rich.text import Text

    if not body["kpis"]:
        return Group(Text("No KPI is like that now."))
    shown = table(
        "State", "KPI", "Title", "Value", "Target", "Samples", "Since", right=("Value", "Samples")
    )
    shown.title = f"Snapshot {body['snapshot']}, as of {body['as_of'][:19].replace('T', ' ')} UTC"
    shown.title_justify = "left"
    product = body["kpis"][0]["product"]
    for kpi in body["kpis"]:
        if kpi["product"] != product:
            product = kpi["product"]
            shown.add_section()
        since = age(_seconds_between(kpi["state_since"], body["as_of"]))
        shown.add_row(*_cells(kpi, since, kpi["needs"] if with_needs else []))
    return Group(shown)


def _cells(kpi: Any, since: str, needs: list[str]) -> list[Any]:
    from loopgauge_collector.web.humanise import amount
    from rich.text import Text

    state = kpi["state"]
    word = state.replace("_", " ") + ("?" if state == "breach" and not kpi["sure"] else "")
    title = Text(plain(kpi["title"]))
    for need in needs:
        title.append(f"\nneeds: {plain(need)}", style="dim")
    window = f" / {kpi['window']}" if kpi["window"] else ""
    return [
        Text(word, style=STYLES.get(state, "")),
        Text(kpi["id"]),
        title,
        Text(amount(kpi["value"], kpi["unit"]), style="bold"),
        Text(kpi["target"]["text"] if kpi["target"] else "–"),
        Text(f"{kpi['samples']:,}{window}"),
        Text(since),
    ]


def _seconds_between(since: str, until: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
