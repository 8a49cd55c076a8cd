"""`loopgauge demo`: three simulated products to look at, from nothing, in about a minute."""

import signal
import sys
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Annotated

import typer

from loopgauge_cli._client import stop

if TYPE_CHECKING:
    from loopgauge_demo.run import Demo


def demo(
    *,
    days: Annotated[int, typer.Option(min=1, max=85, help="Days of history.")] = 70,
    seed: Annotated[int, typer.Option(help="Decides every chance.")] = 7,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 0,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="An empty folder that keeps data and logs; else they are deleted at the end.",
            show_default=False,
        ),
    ] = None,
    live: Annotated[bool, typer.Option(help="Go on with live traffic, until Ctrl-C.")] = True,
    live_seconds: Annotated[
        float | None, typer.Option(min=0, help="End after so much of it.", show_default=False)
    ] = None,
) -> None:
    """Show three simulated products: their history, then live traffic with an incident.

    Starts a collector on a free port and three products that send
    to it; Ctrl-C ends all of them and deletes what they stored.
    """
    from loopgauge_demo.processes import DemoFailed
    from loopgauge_demo.run import Demo, Options

    # A supervisor and a closed terminal end the demo the same way as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with Demo(Options(days=days, seed=seed, port=port, folder=data_dir)) as running:
            try:
                _watch_history(running, days)
                _say_where(running.url, live=live)
                if live:
                    running.live(live_seconds)
            finally:
                # The end takes seconds; a second Ctrl-C must not leave processes behind.
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                sys.stdout.write("\nThe demo ends.\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        return
    except DemoFailed as error:
        stop(str(error))


def _watch_history(running: "Demo", days: int) -> None:
    """A bar for each product; a pipe gets one line instead."""
    from loopgauge_demo.product import PRODUCTS
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    sys.stdout.write(f"Three products tell of {days} days; the collector is {running.url}\n")
    sys.stdout.flush()
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TextColumn("days"), disable=not sys.stdout.isatty()) as progress:
        bars = {name: progress.add_task(name, total=days) for name in PRODUCTS}
        for product, day in running.history():
            progress.update(bars[product], completed=day)


def _say_where(url: str, *, live: bool) -> None:
    # `make demo` runs it where nobody has put the command into the path.
    beside = Path(sys.executable).parent / "loopgauge"
    command = "loopgauge" if which("loopgauge") else str(beside)
    sys.stdout.write(
        f"\nEverything is stored and computed. Look at\n"
        f"  {url}/          every KPI with its state\n"
        f"  {url}/metrics   the same for Prometheus\n"
        f"  {command} kpis --url {url} --watch\n"
        f"  {command} doctor --url {url}\n"
    )
    if live:
        sys.stdout.write(
            "\nLive traffic goes on. In two minutes an outage of five minutes begins: watch\n"
            "musicgen.api_latency and ytempire.cost_per_video rise and recover.\n"
            "Three KPIs show on purpose what is missing: musicgen.docs_completeness was never\n"
            "instrumented, ytempire.budget_used has a cost without a price, and\n"
            "campaigns.data_loss needs the first 15 minutes of live traffic.\n"
            "Ctrl-C ends it.\n"
        )
    sys.stdout.flush()
