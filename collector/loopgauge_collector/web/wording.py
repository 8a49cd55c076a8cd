"""A KPI of the API in words: the page and the command line read the same ones.

    {"value": 0.91, "unit": "ratio", "stats": {…}, …}  ->  "91.0 %", "2 pending", "↑ from 88 %"

Rounded for the eye; nothing here is judged, and every number comes as the API has it.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from loopgauge_collector.web.humanise import age, amount, duration

Json = dict[str, Any]

_QUANTILE = re.compile(r"p[0-9.]+")

_ARROWS = {"up": "↑", "down": "↓", "flat": "→"}

#: Numbers beside the value whose name alone says too little.
_STATS = {
    "oldest_open": "oldest open {}",
    "rests_on": "rests on {} of 100",
    "best_case": "best case {}",
    "spend": "spent {}",
    "used": "{} so far",
    "unknown": "{} unknown",
    "bound": "chance alone up to {}",
    "reference": "against {} values",
}
#: Said only where they are above 0, and where they are not all of it.
_WHEN_ANY = {"unknown"}
_WHEN_NOT_WHOLE = {"rests_on", "best_case"}


@dataclass(frozen=True, slots=True)
class TrendWords:
    """A trend as people see it.

    Attributes:
        sign: ``↑``, ``↓``, ``→``, or ``–`` where nothing can be said.
        side: whether it is a move for the better; empty where no side is better.
        note: what it was before; empty where that is not known.
        about: when that was, and what it rests on.
    """

    sign: str
    side: Literal["good", "bad", ""]
    note: str
    about: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel: its name, the share that reached it, how long after the one before."""

    name: str
    share: str
    after: str
    is_worst: bool


def value_words(kpi: Json) -> str:
    """The value: ``66.7 of 100``, ``> 30 m``, ``≥ $2.10`` while something has no price."""
    if kpi["value"] is None or _is_unmeasured(kpi):
        return "–" if kpi["beyond"] is None else f"> {_amount(kpi, kpi['beyond'])}"
    words = _amount(kpi, kpi["value"])
    if kpi["kind"] == "composite":
        return f"{words} of 100"
    return f"≥ {words}" if kpi["unpriced"] else words


def stat_words(kpi: Json) -> str:
    """Which of several numbers the value is: ``p80``, ``mean``; empty where it needs no name."""
    has_number = kpi["value"] is not None or kpi["beyond"] is not None
    return kpi["stat"] if has_number and kpi["stat"] not in {None, "value"} else ""


def value_notes(kpi: Json) -> tuple[str, ...]:
    """The smaller numbers beside the value."""
    stats = {name: _stat(kpi, name, number) for name, number in kpi["stats"].items()}
    # Quantiles are read side by side.
    quantiles = [words for name, words in stats.items() if words and _QUANTILE.fullmatch(name)]
    notes = [" · ".join(quantiles)]
    notes += [words for name, words in stats.items() if not _QUANTILE.fullmatch(name)]
    if kpi["share"] is not None:
        notes.append(f"{amount(kpi['share'], 'ratio')} within target")
    notes.append(_pending(kpi))
    if kpi["late"]:
        notes.append(f"{kpi['late']:,} done too late")
    if kpi["unpriced"]:
        items = "cost" if kpi["unpriced"] == 1 else "costs"
        notes.append(f"{kpi['unpriced']:,} {items} without a price")
    if kpi["state"] == "stale" and kpi["age_seconds"] is not None:
        notes.append(f"last event {age(kpi['age_seconds'])} ago")
    return tuple(note for note in notes if note)


def state_words(kpi: Json) -> str:
    """The state: ``too few``, ``breach, not sure``."""
    words = str(kpi["state"]).replace("_", " ")
    return f"{words}, not sure" if kpi["state"] == "breach" and not kpi["sure"] else words


def state_notes(kpi: Json) -> tuple[str, ...]:
    """Why there are too few, and what decides where it is not the total against its target."""
    notes = []
    if kpi["state"] == "too_few":
        notes.append(_why_too_few(kpi))
    if kpi["worst"] is not None:
        label, value = kpi["worst"]["label"], kpi["worst"]["value"]
        number = _amount(kpi, kpi["worst"]["number"])
        notes.append(f"{label} {value}: {number}")
    if kpi["escalated"]:
        notes.append(f"not even {kpi['escalate']['text']}")
    return tuple(notes)


def window_words(kpi: Json) -> str:
    """What time the value is about: ``28d``, ``this month``, ``now``."""
    window = kpi["window"]
    if window is None:
        return "newest" if kpi["kind"] in {"latest", "age"} else "now"
    if window == "day":
        return "today"
    return f"this {window}" if str(window).isalpha() else str(window)


def trend_words(kpi: Json) -> TrendWords:
    """Where the number is going."""
    trend = kpi["trend"]
    if trend is None:
        return TrendWords("–", "", "", "nothing to compare with yet")
    sign = _ARROWS.get(trend["arrow"], "–")
    side: Literal["good", "bad", ""] = ""
    if trend["arrow"] in {"up", "down"} and trend["good"] is not None:
        side = "good" if trend["good"] else "bad"
    before = trend["against"]
    if before["value"] is None:
        return TrendWords(sign, side, "", "the earlier number is not known")
    was = _amount(kpi, before["value"])
    about = f"as of {before['to'][:16].replace('T', ' ')} UTC, {before['samples']:,} samples"
    return TrendWords(sign, side, f"from {was}", about)


def steps_of(kpi: Json) -> tuple[Step, ...]:
    """A funnel's steps; none for other kinds."""
    return tuple(
        Step(
            name,
            amount(share, "ratio"),
            f"after {duration(gap)}" if (gap := kpi["gaps"].get(name)) is not None else "",
            name == kpi["worst_step"],
        )
        for name, share in kpi["steps"].items()
    )


def _is_unmeasured(kpi: Json) -> bool:
    """Whether it is the 0 of a silent source."""
    return kpi["state"] == "stale" and not kpi["samples"]


def _why_too_few(kpi: Json) -> str:
    if kpi["enough"] is not None:
        return f"{kpi['samples']:,} of {kpi['enough']:,} samples"
    if kpi["value"] is None and kpi["beyond"] is None:
        return "nothing to judge yet" if not kpi["samples"] else "not enough to tell"
    return f"its source is younger than {kpi['window']}"


def _amount(kpi: Json, number: float | None) -> str:
    if number is not None and kpi["kind"] == "in_flight" and kpi["unit"] == "seconds":
        # Work is planned in hours; a day of it is not 24 of them.
        return amount(number / 3600, "hours")
    if number is not None and kpi["kind"] == "composite":
        return f"{number:.1f}".removesuffix(".0")
    return amount(number, kpi["unit"])


def _stat(kpi: Json, name: str, number: float | None) -> str:
    if name == kpi["stat"]:
        return ""
    if number is None:
        return f"{name} > {_amount(kpi, kpi['beyond'])}" if kpi["value"] is not None else ""
    if (name in _WHEN_ANY and number <= 0) or (
        name in _WHEN_NOT_WHOLE and kpi["stats"].get("rests_on", 0) >= 100
    ):
        return ""
    if name == "last_complete":
        return f"last {kpi['window']} {_amount(kpi, number)}"
    words = _STATS.get(name, name.replace("_", " ") + " {}")
    return words.format(_amount(kpi, number))


def _pending(kpi: Json) -> str:
    pending = kpi["pending"]
    if not pending:
        return ""
    if kpi["kind"] == "in_flight":
        return "" if pending == kpi["value"] else f"{pending:,} now"
    return f"{pending:,} open" if "oldest_open" in kpi["stats"] else f"{pending:,} pending"
