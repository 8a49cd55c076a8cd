"""All commands in one place; each imports what it needs when it runs.

`loopgauge --help` has to come at once, so nothing heavy is imported before a command
is chosen.
"""

from typing import Annotated

import typer

from loopgauge_cli.check import check, init
from loopgauge_cli.demo import demo
from loopgauge_cli.doctor import doctor
from loopgauge_cli.emit import emit
from loopgauge_cli.kpis import kpis
from loopgauge_cli.probe import probe
from loopgauge_cli.quarantine import quarantine
from loopgauge_cli.rebuild import rebuild
from loopgauge_cli.run import run
from loopgauge_cli.serve import serve
from loopgauge_cli.sql import sql

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="LoopGauge: success-metric tables made live.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"loopgauge {version('loopgauge')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """LoopGauge: success-metric tables made live."""


for command in (serve, init, check, doctor, kpis, sql, rebuild, emit, probe, demo):
    app.command()(command)
# What follows the command's name belongs to the command that is run.
app.command(context_settings={"allow_interspersed_args": False})(run)
app.add_typer(quarantine, name="quarantine")
