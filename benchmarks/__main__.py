"""`python -m benchmarks`: all measurements, about three minutes; a table, and JSON if wanted."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.parts import LONG_PARTS, PARTS
from benchmarks.report import Row, as_json, show


def main() -> None:
    """Run the parts one after the other and show what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    every = PARTS | LONG_PARTS
    parser.add_argument("--only", nargs="+", choices=every, help="parts to run; all without")
    parser.add_argument("--full", action="store_true", help="the long ones too")
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 for a tenth of the work")
    parser.add_argument("--json", type=Path, help="file that takes the rows as JSON")
    arguments = parser.parse_args()
    names = arguments.only or list(every if arguments.full else PARTS)
    # Piped into a file, the table would be cut to 80 columns.
    console = Console(width=None if sys.stdout.isatty() else 130)
    rows: list[Row] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=len(names))
        for name in names:

            def say(what: str, name: str = name) -> None:
                progress.update(task, description=f"{name}: {what}")

            rows += every[name](say, arguments.scale)
            progress.advance(task)
    show(rows, console)
    if arguments.json is not None:
        arguments.json.write_bytes(as_json(rows))


if __name__ == "__main__":
    main()
