"""`loopgauge demo`: three simulated products to look at, from nothing, in about a minute."""

import os
import signal
import sys
import time
from collections.abc import Mapping
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
    """Show three simulated products, at work.

    Starts a collector on a free port and three products that send it
    their history, then live traffic with an incident to watch. Ctrl-C
    ends all of them and deletes what they stored.
    """
    from loopgauge_demo.processes import DemoFailed
    from loopgauge_demo.run import Demo, Options

    _end_on_signals()
    try:
        with Demo(Options(days=days, seed=seed, port=port, folder=data_dir)) as running:
            try:
                _tell_history(running, days)
                if live:
                    _say_where(running.url)
                    running.live(live_seconds)
            finally:
                # The end takes seconds; a second Ctrl-C must not leave processes behind.
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                _say("\nThe demo ends.")
    except KeyboardInterrupt:
        pass
    except DemoFailed as error:
        stop(str(error))
    if data_dir is not None:
        _say(f"What it stored: loopgauge serve --data-dir {data_dir / 'collector'}")


def _end_on_signals() -> None:
    """Let a supervisor and a closed terminal end the demo the same way as Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell starts what is in the background with SIGINT ignored.
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def _tell_history(running: "Demo", days: int) -> None:
    """A bar for each product and one for the collector; a pipe gets a line at each end."""
    from loopgauge_demo.product import PRODUCTS
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    _say(f"Three products tell of {days} days; the collector is {running.url}")
    began = time.monotonic()
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.fields[done]:<12}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, disable=not sys.stdout.isatty()) as progress:
        bars = {name: progress.add_task(name, total=days, done="") for name in PRODUCTS}
        for product, day in running.history():
            progress.update(bars[product], completed=day, done=f"{day}/{days} days")
        last = progress.add_task("collector", total=None, done="computes")
        running.compute()
        progress.update(last, total=1, completed=1, done="is done")
    _say(f"\nAfter {time.monotonic() - began:.0f} s everything is stored and computed:")
    for name in PRODUCTS:
        _say(f"  {name:<10} {in_words(running.accounts[name])}")


def in_words(account: Mapping[str, int]) -> str:
    """What became of a product's events."""
    words = f"{account['given']:>7,} events, {account['late']:,} of them late, "
    words += f"{account['repeated']:,} sent twice"
    for what, name in (("quarantined", "set aside"), ("dropped", "lost")):
        if account[what]:
            words += f", {account[what]:,} {name}"
    return words


def _say_where(url: str) -> None:
    command = _command()
    _say(
        f"\nLook at\n"
        f"  {url}/          every KPI with its state\n"
        f"  {url}/metrics   the same for Prometheus\n"
        f"  {command} kpis --url {url}\n"
        f"  {command} doctor --url {url}\n"
        "\n"
        "Live traffic goes on. In two minutes an outage of five minutes begins; watch\n"
        "musicgen.api_latency and ytempire.cost_per_video rise and recover:\n"
        f"  {command} kpis --url {url} --product ytempire --watch\n"
        "\n"
        "Three rows lack something on purpose and say what: musicgen.docs_completeness was\n"
        "never instrumented, ytempire.budget_used has a cost without a price, and\n"
        "ytempire.pipeline_latency has too few videos in a week to judge 95 of 100.\n"
        "\n"
        "Ctrl-C ends it."
    )


def _command() -> str:
    """How this command is called from here: `make demo` runs it without it being in the path."""
    if which("loopgauge"):
        return "loopgauge"
    beside = Path(sys.executable).parent / "loopgauge"
    near = os.path.relpath(beside)
    return str(beside) if near.startswith("..") else near


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
