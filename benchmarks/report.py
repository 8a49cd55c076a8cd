"""What was measured against the budget and the reference of the same run, as table and JSON."""

import platform
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, sysconf

import msgspec
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number.

    Attributes:
        part: the measurement that made it.
        what: in words.
        value: in `unit`.
        budget: what it may be, if there is one; see `at_least`.
        at_least: whether the budget is a floor; a ceiling otherwise.
        reference: the same of what it is compared with, in this run.
        beside: what the reference is, or what has to be known about the value.
    """

    part: str
    what: str
    value: float
    unit: str
    budget: float | None = None
    at_least: bool = False
    reference: float | None = None
    beside: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget holds; None without one."""
        if self.budget is None:
            return None
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    @property
    def ratio(self) -> float | None:
        """Value over reference: what can be followed from machine to machine."""
        return self.value / self.reference if self.reference else None


def percentile(values: list[float], share: float) -> float:
    """The value at this share of the sorted ones, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> dict[str, str | int]:
    """What the figures hold for; nothing that names the machine."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": cpu_count() or 0,
        "memory_gib": round(sysconf("SC_PAGE_SIZE") * sysconf("SC_PHYS_PAGES") / 1024**3),
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
        "pyarrow": version("pyarrow"),
        "platform": sys.platform,
    }


def as_json(rows: list[Row]) -> bytes:
    """The rows with their ratios, for a program."""
    body = {
        "machine": machine(),
        "rows": [asdict(row) | {"met": row.met, "ratio": row.ratio} for row in rows],
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2)


def show(rows: list[Row], console: Console) -> None:
    """The rows as a table, in sections by part."""
    table = Table(title="LoopGauge benchmarks", title_justify="left")
    table.add_column("what")
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("budget", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("× reference", justify="right", no_wrap=True)
    table.add_column("reference or note")
    part = ""
    for row in rows:
        if row.part != part:
            table.add_section()
            table.add_row(f"[bold]{row.part}[/]")
            part = row.part
        sign = "≥" if row.at_least else "≤"
        budget = "" if row.budget is None else f"{sign} {_number(row.budget)}"
        verdict = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[row.met]
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        measured = f"{_number(row.value)} {row.unit}"
        table.add_row(row.what, measured, budget, verdict, ratio, row.beside)
    console.print(table)


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
