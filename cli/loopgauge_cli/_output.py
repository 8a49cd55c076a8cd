"""What commands print: tables for people, JSON and CSV for scripts."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

#: How a state looks; the word is always there, colour only helps.
STYLES = {
    "ok": "green",
    "breach": "bold red",
    "stale": "yellow",
    "unpriced": "yellow",
    "no_data": "dim",
    "too_few": "cyan",
    "rebuilding": "blue",
}


def console() -> "Console":
    """A Rich console on stdout that takes words of others as words."""
    from rich.console import Console

    # Piped output has no width; a table must not be folded for a screen that is not there.
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200
    return Console(markup=False, highlight=False, emoji=False, width=width)


def table(*columns: str, right: Iterable[str] = ()) -> "Table":
    """An empty table; the columns named in `right` hold numbers."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def plain(value: object) -> str:
    """A word of others for the terminal: without the characters that steer one."""
    return "".join(c if c.isprintable() else "�" for c in str(value))


def counted(number: int, thing: str) -> str:
    """``1 KPI``, ``1,200 KPIs``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def print_json(body: object) -> None:
    """JSON on stdout."""
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False, sort_keys=False) + "\n")


def write_csv(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], to: TextIO | None = None
) -> None:
    """CSV, safe to open in a spreadsheet; on stdout by default."""
    out = csv.writer(to if to is not None else sys.stdout, lineterminator="\n")
    out.writerow([guarded(column) for column in columns])
    for row in rows:
        out.writerow([guarded(cell) for cell in row])


def guarded(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
