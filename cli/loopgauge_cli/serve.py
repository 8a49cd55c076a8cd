"""`loopgauge serve`: the collector, and where to look once it answers."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from loopgauge_cli._client import EXIT_USAGE, stop

EXIT_STORAGE = 74

#: Where `serve` and `check` look when no catalog is named; `init` writes there.
DEFAULT_FOLDER = Path("loopgauge")

Catalogs = Annotated[
    list[Path] | None,
    typer.Option(
        "--catalog",
        metavar="PATH",
        help="A catalog file or folder; may be given again. "
        "Without one ./loopgauge/*.yaml, else the shipped samples.",
        show_default=False,
    ),
]


def serve(
    *,
    catalog: Catalogs = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the database stands: ./loopgauge-data.", show_default=False),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on: 127.0.0.1.", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port: 4318, OTLP/HTTP's; 0 picks a free one.",
            show_default=False,
        ),
    ] = None,
    allow_unauthenticated: Annotated[
        bool, typer.Option(help="Listen beyond loopback although nobody is asked for a key.")
    ] = False,
) -> None:
    """Run the collector: takes events in, shows the KPIs.

    Ctrl-C or SIGTERM ends it after everything accepted is stored; SIGHUP reads the
    catalog again. Every other setting is an environment variable, see docs/settings.md.
    """
    from loopgauge_catalog.errors import CatalogError
    from loopgauge_collector import log_lines, server
    from loopgauge_collector.errors import StartError, StorageError
    from loopgauge_collector.settings import Settings
    from pydantic import ValidationError

    given: dict[str, Any] = {
        "data_dir": data_dir, "host": host, "port": port,
        "allow_unauthenticated": allow_unauthenticated or None,
    }  # fmt: skip
    log_lines.to_stderr()
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
        server.serve(settings, catalogs(catalog), _announce)
    except ValidationError as error:
        stop("\n".join(_setting_faults(error)))
    except CatalogError as error:
        stop(f"the catalog cannot be used\n{error}")
    except StartError as error:
        stop(str(error))
    except StorageError as error:
        stop(str(error), EXIT_STORAGE)


def catalogs(named: list[Path] | None) -> list[Path] | None:
    """The catalogs to run: those named, else ./loopgauge, else None for the samples."""
    if named:
        return named
    if any(DEFAULT_FOLDER.glob("*.yaml")):
        return [DEFAULT_FOLDER]
    sys.stderr.write(
        "No catalog named and none in ./loopgauge: running the three sample products. "
        "`loopgauge init` writes one of your own.\n"
    )
    return None


def _announce(url: str) -> None:
    sys.stdout.write(
        f"LoopGauge is ready.\n"
        f"  KPIs      {url}/\n"
        f"  metrics   {url}/metrics\n"
        f"  API       {url}/api/v1/kpis\n"
        f"  events    {url}/v1/events and {url}/v1/logs (OTLP)\n"
        f"Ctrl-C ends it.\n"
    )
    sys.stdout.flush()


def _setting_faults(error: Any) -> list[str]:
    return [
        f"LOOPGAUGE_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
        for fault in error.errors()
    ]


__all__ = ["DEFAULT_FOLDER", "EXIT_USAGE", "catalogs", "serve"]
