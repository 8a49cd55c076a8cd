"""`loopgauge sql`: one SELECT, answered by the collector that holds the file."""

import sys
from typing import Annotated

import typer

from loopgauge_cli._client import Client, Url, stop
from loopgauge_cli._output import AsJson, console, counted, plain, print_json, table, write_csv


def sql(
    *,
    query: Annotated[str, typer.Argument(help="One SELECT; - reads it from standard input.")],
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    url: Url = None,
) -> None:
    """Answer one SELECT over the store.

    On the collector's own machine only: events, partials, accounting, quarantine.
    """
    if as_json and as_csv:
        stop("choose one of --json and --csv")
    text = sys.stdin.read() if query == "-" else query
    with Client(url) as client:
        body = client.post("/api/v1/sql", {"query": text})
    if as_json:
        print_json(body)
    elif as_csv:
        write_csv(body["columns"], body["rows"])
    else:
        shown = table(*(plain(column) for column in body["columns"]))
        for row in body["rows"]:
            shown.add_row(*("" if cell is None else plain(cell) for cell in row))
        console().print(shown)
        sys.stdout.write(f"{counted(len(body['rows']), 'row')}\n")
    if body["truncated"]:
        sys.stderr.write(
            f"loopgauge: there are more than these {len(body['rows'])} rows; "
            "narrow the question with where or limit\n"
        )
