"""`loopgauge emit`: one event by hand, and what became of it."""

import sys
from typing import Annotated

import typer

from loopgauge_cli._client import EXIT_NEGATIVE, Client, Url
from loopgauge_cli._events import (
    DEFAULT_SERVICE,
    Environment,
    Product,
    Sender,
    Service,
    attributes,
    verdict_text,
)
from loopgauge_cli._output import AsJson, plain, print_json


def emit(
    *,
    name: Annotated[str, typer.Argument(help="The event's name, such as user.registered.")],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help='Attributes. true, 12 and 1.5 are what they look like; "12" is text.',
            show_default=False,
        ),
    ] = None,
    product: Product = None,
    service: Service = DEFAULT_SERVICE,
    environment: Environment = None,
    event_id: Annotated[
        str | None,
        typer.Option("--id", help="Its id, a UUIDv7; a new one without.", show_default=False),
    ] = None,
    moment: Annotated[
        str | None,
        typer.Option(
            "--time",
            help="When it happened, as 2026-11-21T10:30:00Z; now without.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Send one event and wait until it is stored.

    Exit code 1 when it is quarantined or refused, 2 when nobody answers. With the same
    id and time it can be sent again, and counts once.
    """
    event = Sender(product, service, environment).event(name, attributes(pairs or ()))
    event |= {"id": event_id or event["id"], "time": moment or event["time"]}
    with Client(url) as client:
        verdict = client.post("/v1/events", {"events": [event]})
    if as_json:
        print_json({"id": event["id"], **verdict})
    elif verdict["quarantined"]:
        sys.stdout.write(f"{plain(verdict_text(verdict['quarantined'][0]))}\n")
    else:
        became = "stored" if verdict["accepted"] else "duplicate: it was stored before"
        sys.stdout.write(f"{became} ({event['id']})\n")
    if verdict["quarantined"]:
        raise typer.Exit(EXIT_NEGATIVE)
