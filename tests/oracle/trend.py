"""Section 5: whether a number moved, against the same window some whole weeks ago."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.answer import Answer
from tests.oracle.events import DAY
from tests.oracle.states import SHARES

_REAL = 2.58
_UNTESTED = frozenset(
    {"per", "cost", "cost_per", "drift", "budget", "composite", "uptime", "latest", "age", "delta",
     "quota", "in_flight"}
)  # fmt: skip


@dataclass(frozen=True)
class Trend:
    """An arrow (↑ ↓ → or –), what it means, and what it rests on."""

    arrow: str
    delta: float | None = None
    good: bool | None = None
    z: float | None = None


def shift(window: int) -> int:
    """How far back the baseline ends: the least multiple of 7 d that holds the window."""
    return -(-window // (7 * DAY)) * 7 * DAY


def trend(kpi: Any, now: Answer, then: Answer) -> Trend:
    """The move from the baseline to the present."""
    mine, theirs = _number(kpi, now), _number(kpi, then)
    if mine is None or theirs is None or "too_few" in (now.state, then.state):
        return Trend("–")
    delta = float(mine) - float(theirs)
    z = _z(kpi, now, then)
    arrow = "→"
    if delta and (z is None or abs(z) >= _REAL) and abs(delta) >= _least(kpi, theirs):
        arrow = "↑" if delta > 0 else "↓"
    # The share of a duration falls when its shown quantile rises; both must say the same.
    shown = _shown_move(kpi, now, then)
    if shown is not None and shown * delta > 0:
        arrow = "→"
    return Trend(arrow, delta, _good(kpi, arrow), z)


def _by_share(kpi: Any) -> bool:
    return bool(kpi.judged_by_share and kpi.target is not None)


def _number(kpi: Any, answer: Answer) -> Fraction | float | None:
    return answer.share if _by_share(kpi) else answer.value


def _shown_move(kpi: Any, now: Answer, then: Answer) -> float | None:
    if not _by_share(kpi) or now.value is None or then.value is None:
        return None
    return 0.0 if now.value == then.value else float(now.value) - float(then.value)


def _z(kpi: Any, now: Answer, then: Answer) -> float | None:
    if kpi.kind in _UNTESTED:
        return None
    if kpi.kind in SHARES or _by_share(kpi):
        pooled = (now.hits + then.hits) / (now.samples + then.samples)
        spread = pooled * (1 - pooled) * (1 / now.samples + 1 / then.samples)
        move = now.hits / now.samples - then.hits / then.samples
        return move / math.sqrt(spread) if spread else 0.0
    if kpi.kind == "mean":
        errors = [_error(answer) for answer in (now, then)]
        both = math.hypot(*errors)
        move = float(now.value or 0) - float(then.value or 0)
        return move / both if both else None
    a, b = now.samples, then.samples
    return (a - b) / math.sqrt(a + b) if a + b else 0.0


def _error(answer: Answer) -> float:
    """The standard error that an interval of a mean stands for."""
    return 0.0 if answer.interval is None else (answer.interval[1] - answer.interval[0]) / 2 / 1.96


def _least(kpi: Any, base: Fraction | float) -> float:
    """The least move that is worth an arrow."""
    is_share = kpi.kind in SHARES or _by_share(kpi) or kpi.kind == "uptime"
    if kpi.kind == "uptime" or (is_share and base > Fraction(95, 100)):
        return 0.1 * float(1 - base)
    return (0.05 if kpi.kind in ("latest", "per", "cost", "cost_per") else 0.02) * abs(float(base))


def _good(kpi: Any, arrow: str) -> bool | None:
    """Whether the move is to the target's side."""
    if arrow not in ("↑", "↓"):
        return None
    lower = None if kpi.better is None else kpi.better == "lower"
    if _by_share(kpi):
        lower = False
    elif kpi.target is not None:
        is_zero = kpi.target.comparator == "equals" and kpi.target.threshold.micro == 0
        lower = True if is_zero else kpi.target.lower_is_better
    return None if lower is None else (arrow == "↓") == lower
