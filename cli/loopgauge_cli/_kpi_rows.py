"""How a KPI looks in the terminal: its row in a wide one, and in one of 80 columns."""

from datetime import datetime
from typing import Any, NamedTuple

from loopgauge_collector.web import wording
from loopgauge_collector.web.humanise import age
from rich.table import Table
from rich.text import Text

from loopgauge_cli._output import STYLES, plain

#: From so many columns on, everything that is a number has a column.
WIDE = 140
#: Longer lines are hard to follow.
WIDEST = 160


class _Column(NamedTuple):
    """A column; a width of 0 takes what the others leave."""

    name: str
    width: int
    right: bool = False


_ALL = (
    _Column("State", 16),
    _Column("Row", 5),
    _Column("KPI", 0),
    _Column("Value", 16, right=True),
    _Column("Trend", 20),
    _Column("Target", 18),
    _Column("Samples", 20, right=True),
    _Column("Since", 6),
)
_FEWER = (
    _Column("State", 8),
    _Column("Row", 4),
    _Column("KPI", 0),
    _Column("Value", 14, right=True),
    _Column("Trend", 5),
    _Column("Target", 9),
)


class KpiTable:
    """Rows that stand below each other, each a renderable of its own.

    Args:
        width: columns of the terminal.
        brief: one line for each KPI; else what belongs to its number stands below the title.
    """

    def __init__(self, width: int, *, brief: bool) -> None:
        self._is_wide = width >= WIDE
        self._width = min(width, WIDEST)
        self._brief = brief
        self._columns = _ALL if self._is_wide else _FEWER
        self._gap = 2 if width >= 100 else 1
        #: Columns for the title, and what stands below it.
        self._room = self._width + self._gap
        self._room -= sum(column.width + self._gap for column in self._columns)

    def header(self) -> list[Any]:
        """The names of the columns, and a line."""
        names = [Text(column.name, style="bold") for column in self._columns]
        return [self._line(names), Text("─" * self._width, style="dim")]

    def heading(self, text: str) -> Text:
        """The name of a product's table."""
        return Text(("" if self._brief else "\n") + plain(text), style="bold underline")

    def row(self, kpi: Any, as_of: str) -> Table:
        """One KPI of the API."""
        trend = wording.trend_words(kpi)
        arrow = Text(trend.sign, style={"good": "green", "bad": "red", "": ""}[trend.side])
        cells = [
            Text(wording.state_words(kpi), style=STYLES.get(kpi["state"], "")),
            Text(plain(kpi["row"])),
            self._title(kpi, trend),
            _value(kpi),
            arrow,
            Text(kpi["target"]["text"] if kpi["target"] else "–"),
        ]
        if self._is_wide:
            arrow.append(f" {trend.note}" if trend.note else "", style="not bold default dim")
            cells += [Text(_samples(kpi, "")), Text(_since(kpi, as_of))]
        return self._line(cells)

    def _line(self, cells: list[Text]) -> Table:
        made = Table.grid(padding=(0, self._gap, 0, 0))
        for column in self._columns:
            made.add_column(
                width=column.width or self._room,
                justify="right" if column.right else "left",
                no_wrap=self._brief,
                overflow="ellipsis" if self._brief else "fold",
            )
        made.add_row(*cells)
        return made

    def _title(self, kpi: Any, trend: wording.TrendWords) -> Text:
        title = Text(plain(kpi["title"]))
        if self._brief:
            return title
        title.append(f"\n{kpi['id']}", style="dim")
        for note in wording.state_notes(kpi):
            title.append(f"\n{plain(note)}", style=STYLES.get(kpi["state"], ""))
        for need in kpi["needs"]:
            title.append(f"\nneeds: {plain(need)}", style="dim")
        for step in wording.steps_of(kpi):
            words = f"{step.name} {step.share} {step.after}".rstrip()
            title.append(f"\n  {plain(words)}", style="yellow" if step.is_worst else "dim")
        # Quantiles come as one note.
        notes = [part for note in wording.value_notes(kpi) for part in note.split(" · ")]
        if not self._is_wide and kpi["state"] != "no_data":
            one = "sample" if kpi["samples"] == 1 else "samples"
            notes += [trend.note, _samples(kpi, f" {one}")]
        for line in _filled([plain(note) for note in notes if note], self._room):
            title.append(f"\n{line}", style="dim")
        return title


def _filled(notes: list[str], room: int) -> list[str]:
    """Notes side by side, where a line ends between two of them if it can."""
    lines: list[str] = []
    for note in notes:
        together = f"{lines[-1]} · {note}" if lines else note
        if lines and len(together) <= room:
            lines[-1] = together
        else:
            lines.append(note)
    return lines


def _value(kpi: Any) -> Text:
    stat = wording.stat_words(kpi)
    value = Text(f"{stat} " if stat else "", style="dim")
    return value.append(wording.value_words(kpi), style="bold not dim")


def _samples(kpi: Any, noun: str) -> str:
    """``2,391 samples in 1h``; ``6, newest``; ``15, this sprint``."""
    window = wording.window_words(kpi)
    # A length begins with its number; periods and what is newest are words.
    return f"{kpi['samples']:,}{noun}{' in' if window[0].isdigit() else ','} {window}"


def _since(kpi: Any, as_of: str) -> str:
    since, until = map(datetime.fromisoformat, (kpi["state_since"], as_of))
    return age((until - since).total_seconds())
