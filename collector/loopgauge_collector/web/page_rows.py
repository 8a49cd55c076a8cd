"""The tables of the page: a product's tables in the order of its document, a row for each KPI."""

from dataclasses import dataclass, replace

from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, Snapshot

from loopgauge_collector.web import humanise, wording
from loopgauge_collector.web.presentation import instant, kpi_json

SYMBOLS = {
    State.OK: "●",
    State.BREACH: "▲",
    State.STALE: "◑",
    State.NO_DATA: "○",
    State.TOO_FEW: "◔",
    State.UNPRICED: "¤",
    State.REBUILDING: "↻",
}

MEANING = {
    State.OK: "meets its target, or has none and is fed",
    State.BREACH: "misses its target",
    State.STALE: "its source has gone silent; the last value is shown",
    State.NO_DATA: "nothing has ever fed it",
    State.TOO_FEW: "too few samples to judge",
    State.UNPRICED: "some costs have no price; the value is a lower bound",
    State.REBUILDING: "being computed again after a change of its definition",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One KPI in words."""

    href: str
    row: str
    title: str
    means: str
    state: str
    css: str
    symbol: str
    state_title: str
    state_notes: tuple[str, ...]
    value: str
    stat: str
    value_notes: tuple[str, ...]
    trend: wording.TrendWords
    steps: tuple[wording.Step, ...]
    target: str
    target_notes: tuple[str, ...]
    samples: str
    window: str
    since: str
    since_instant: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One table of a product."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product with those of its tables that have something to show."""

    title: str
    groups: tuple[Group, ...]


def products_of(snapshot: Snapshot, values: list[KpiValue]) -> tuple[Product, ...]:
    """These values of the Snapshot, as their documents list them."""
    rows: dict[tuple[str, str], list[Row]] = {}
    for value in values:
        rows.setdefault((value.kpi.product, value.kpi.table), []).append(_row(value, snapshot))
    return tuple(
        Product(
            owner.title,
            tuple(
                Group(table.title, tuple(rows[name, key]))
                for key, table in owner.tables.items()
                if (name, key) in rows
            ),
        )
        for name, owner in snapshot.catalog.products.items()
        if any(product == name for product, _ in rows)
    )


def _row(value: KpiValue, snapshot: Snapshot) -> Row:
    kpi, shown = value.kpi, kpi_json(value)
    return Row(
        href=f"/api/v1/kpis/{kpi.product}/{kpi.key}",
        row=kpi.row,
        title=kpi.title,
        means=kpi.means or "",
        state=wording.state_words(shown),
        css=value.state.value,
        symbol=SYMBOLS[value.state],
        state_title=MEANING[value.state],
        state_notes=wording.state_notes(shown),
        value=wording.value_words(shown),
        stat=wording.stat_words(shown),
        value_notes=tuple(map(_unbroken, wording.value_notes(shown))),
        trend=_whole_amount(wording.trend_words(shown)),
        steps=wording.steps_of(shown),
        target=kpi.target.words() if kpi.target is not None else "",
        target_notes=_target_notes(value),
        samples=f"{value.reading.samples:,}",
        window=wording.window_words(shown),
        since=humanise.age((snapshot.as_of - value.state_since).total_seconds()),
        since_instant=instant(value.state_since),
        needs=value.needs,
    )


def _unbroken(note: str) -> str:
    """Numbers side by side, where a line may end between two of them and not inside one."""
    parts = note.split(" · ")
    return note if len(parts) == 1 else " · ".join(part.replace(" ", "\u00a0") for part in parts)


def _whole_amount(trend: wording.TrendWords) -> wording.TrendWords:
    """A line may end before the amount, not between number and unit."""
    word, blank, number = trend.note.partition(" ")
    return replace(trend, note=word + blank + number.replace(" ", "\u00a0"))


def _target_notes(value: KpiValue) -> tuple[str, ...]:
    """What belongs to the target: its stretch, and that the document does not say it."""
    kpi = value.kpi
    if kpi.target is None:
        return ()
    notes = [f"stretch {kpi.target.stretch.text}"] if kpi.target.stretch is not None else []
    if kpi.escalate is not None:
        notes.append(f"{kpi.escalate.alert.severity} unless {kpi.escalate.target.words()}")
    if kpi.assumed is True or (not isinstance(kpi.assumed, bool) and "target" in kpi.assumed):
        notes.append("assumed, the document leaves it open")
    return tuple(notes)
