"""`loopgauge quarantine`: events that were not accepted; look, mend, replay or drop."""

import json
import sys
from typing import Annotated, Any

import typer

from loopgauge_cli._client import EXIT_NEGATIVE, Client, Url, stop
from loopgauge_cli._output import AsJson, console, counted, plain, print_json, table

quarantine = typer.Typer(
    no_args_is_help=True, help="Events that were not accepted: list, show, replay, drop."
)

Reason = Annotated[
    str | None, typer.Option(help="Only this reason, such as missing_id.", show_default=False)
]
OfProduct = Annotated[
    str | None, typer.Option("--product", help="Only this product's.", show_default=False)
]
Numbers = Annotated[
    list[int] | None,
    typer.Argument(help="Which, by their numbers in `list`.", show_default=False, min=1),
]
Every = Annotated[bool, typer.Option("--all", help="All there are.")]

#: Events that one request lists, replays or drops.
PAGE = 500


@quarantine.command("list")
def list_(
    *,
    reason: Reason = None,
    product: OfProduct = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the newest events in quarantine."""
    with Client(url) as client:
        events = _find(client, reason, product, limit)
    if as_json:
        print_json({"events": events})
        return
    if not events:
        sys.stdout.write("No such event is in quarantine.\n")
        return
    shown = table("Number", "Received", "Event", "Why", right=("Number",))
    for column in shown.columns[:2]:
        column.no_wrap = True
    for event in events:
        sender, product = event["service"] or "no service", event["product"] or "no product"
        shown.add_row(
            str(event["number"]),
            event["received"][:19].replace("T", " "),
            f"{plain(event['name'])}\nfrom {plain(sender)} ({plain(product)})",
            f"{plain(event['reason'])}\n{plain(event['detail'])}",
        )
    console().print(shown)


@quarantine.command("show")
def show(
    *,
    number: Annotated[int, typer.Argument(min=1, help="Its number in `list`.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show one event whole: why it is there, what was sent."""
    with Client(url) as client:
        event = client.get(f"/api/v1/quarantine/{number}")
    if as_json:
        print_json(event)
        return
    for name in ("number", "received", "product", "service", "name", "event_id", "reason",
                 "detail"):  # fmt: skip
        value = event[name]
        sys.stdout.write(f"{name:<9} {plain(value if value is not None else '–')}\n")
    sys.stdout.write(f"{json.dumps(event['payload'], indent=2)}\n")


@quarantine.command("replay")
def replay(
    *,
    numbers: Numbers = None,
    reason: Reason = None,
    product: OfProduct = None,
    every: Every = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Take events through admission again.

    Each is stored once; what is still bad stays, and makes the exit code 1.
    """
    total: dict[str, Any] = {"accepted": 0, "duplicates": 0, "quarantined": []}
    with Client(url) as client:
        for chosen in _chosen(client, numbers, reason, product, every=every):
            verdict = client.post("/api/v1/quarantine/replay", {"numbers": chosen})
            total["accepted"] += verdict["accepted"]
            total["duplicates"] += verdict["duplicates"]
            total["quarantined"] += verdict["quarantined"]
    if as_json:
        print_json(total)
    else:
        sys.stdout.write(
            f"{total['accepted']} stored, {total['duplicates']} were stored before, "
            f"{len(total['quarantined'])} stay in quarantine\n"
        )
        for one in total["quarantined"][:20]:
            sys.stdout.write(f"  {plain(one['reason'])}: {plain(one['detail'])}\n")
    if total["quarantined"]:
        raise typer.Exit(EXIT_NEGATIVE)


@quarantine.command("drop")
def drop(
    *,
    numbers: Numbers = None,
    reason: Reason = None,
    product: OfProduct = None,
    every: Every = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Delete events for good; they stay counted."""
    dropped = 0
    with Client(url) as client:
        pages = _chosen(client, numbers, reason, product, every=every)
        count = sum(map(len, pages))
        if count and not yes:
            typer.confirm(f"Delete {counted(count, 'event')} for good?", abort=True)
        for chosen in pages:
            dropped += client.post("/api/v1/quarantine/drop", {"numbers": chosen})["dropped"]
    if as_json:
        print_json({"dropped": dropped})
    else:
        sys.stdout.write(f"{dropped} dropped\n")


def _chosen(
    client: Client,
    numbers: list[int] | None,
    reason: str | None,
    product: str | None,
    *,
    every: bool,
) -> list[list[int]]:
    """The numbers that are meant, a request's worth at a time, the oldest first."""
    if numbers and (every or reason or product):
        stop("name numbers, or choose by --reason, --product or --all; not both")
    if not (numbers or every or reason or product):
        stop("which? name their numbers, or choose by --reason, --product or --all")
    if not numbers:
        numbers = [event["number"] for event in _find(client, reason, product, sys.maxsize)]
    ordered = sorted(set(numbers))
    return [ordered[start : start + PAGE] for start in range(0, len(ordered), PAGE)]


def _find(client: Client, reason: str | None, product: str | None, limit: int) -> list[Any]:
    """Events in quarantine, the newest first, as many pages as it takes."""
    found: list[Any] = []
    before: int | None = None
    while len(found) < limit:
        size = min(PAGE, limit - len(found))
        page = client.get(
            "/api/v1/quarantine", reason=reason, product=product, limit=size, before=before
        )["events"]
        found += page
        if len(page) < size:
            break
        before = page[-1]["number"]
    return found
