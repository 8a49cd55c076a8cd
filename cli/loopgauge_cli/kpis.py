"""`loopgauge kpis`: every KPI with its state, in the terminal."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopgauge_cli._client import Client, Url
from loopgauge_cli._output import AsJson, console, print_json

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
    """Show every KPI with its state.

    As its document lists it: state, value, trend, target, samples.
    """
    with Client(url) as client:

        def read() -> Any:
            return client.get("/api/v1/kpis", product=product, state=state)

        if as_json:
            print_json(read())
        elif watch:
            _watch(read)
        else:
            out = console()
            out.print(_rendered(read(), out.width))


def _watch(read: Any) -> None:
    from rich.live import Live

    out = console()
    try:
        with Live(console=out, screen=True, auto_refresh=False) as live:
            while True:
                # A screen does not scroll; what belongs to a number is in the plain table.
                live.update(_rendered(read(), out.width, lines=out.height), refresh=True)
                time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return


def _rendered(body: Any, width: int, lines: int | None = None) -> "Group":
    """The KPIs, for so many columns; on a screen of so many lines each has one of them."""
    from rich.console import Group
    from rich.text import Text

    from loopgauge_cli._kpi_rows import KpiTable

    when = body["as_of"][:19].replace("T", " ")
    head = Text(f"Snapshot {body['snapshot']}, as of {when} UTC", style="italic")
    if not body["kpis"]:
        return Group(head, Text("No KPI is like that now."))
    shown = KpiTable(width, brief=lines is not None)
    parts = [head, *shown.header(), *_listed(body, shown)]
    if lines is not None and len(parts) > lines:
        left = len(parts) - (lines - 1)
        more = Text(f"and {left} lines more; --product or --state shows fewer", style="dim")
        parts = [*parts[: lines - 1], more]
    return Group(*parts)


def _listed(body: Any, shown: Any) -> Iterator[Any]:
    place = None
    for kpi in body["kpis"]:
        if (kpi["product"], kpi["table"]) != place:
            place = kpi["product"], kpi["table"]
            product = body["products"][kpi["product"]]
            yield shown.heading(f"{product['title']} · {product['tables'][kpi['table']]}")
        yield shown.row(kpi, body["as_of"])
