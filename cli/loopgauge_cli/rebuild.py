"""`loopgauge rebuild`: KPIs computed again from the stored events, with progress."""

import sys
import time
from typing import Annotated

import typer

from loopgauge_cli._client import Client, Url
from loopgauge_cli._output import counted

POLL_SECONDS = 0.25


def rebuild(
    *,
    kpis: Annotated[
        list[str] | None,
        typer.Argument(
            help="KPI ids, such as campaigns.ttfv; all without one.", show_default=False
        ),
    ] = None,
    url: Url = None,
) -> None:
    """Compute KPIs again from the stored events.

    Waits until they are done. Ctrl-C stops the waiting, not the rebuild.
    """
    try:
        with Client(url) as client:
            asked_at = client.get("/api/v1/status")["snapshot"] or 0
            ids: list[str] = client.post("/api/v1/rebuild", {"kpis": kpis or None})["rebuilding"]
            _wait(client, ids, asked_at)
    except KeyboardInterrupt:
        sys.stderr.write("loopgauge: the rebuild goes on; /api/v1/status shows how far it is\n")
        raise typer.Exit(130) from None
    sys.stdout.write(f"{counted(len(ids), 'KPI')} rebuilt\n")


def _wait(client: Client, ids: list[str], asked_at: int) -> None:
    """Show the progress until none of these KPIs is being rebuilt."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(f"rebuilding {counted(len(ids), 'KPI')}", total=len(ids))
        while True:
            status = client.get("/api/v1/status")
            running = (status["pipeline"] or {}).get("rebuilding", {})
            open_ids = [one for one in ids if one in running]
            # A Snapshot that was being made when we asked does not show the rebuild yet.
            if (status["snapshot"] or 0) >= asked_at + 2:
                done = len(ids) - len(open_ids) + sum(running[one] for one in open_ids)
                bar.update(task, completed=done)
                if not open_ids:
                    return
            time.sleep(POLL_SECONDS)
