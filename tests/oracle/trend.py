"""Section 5: whether a number moved, against the same window some whole weeks ago."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.oracle.answer import Answer
from tests.oracle.events import DAY
from tests.oracle.states import SHARES

_REAL = 2.58
_COUNTS = frozenset({"count", "distinct", "rate"})
#: Kinds whose numbers move by little things, so that small moves say nothing.
_COARSE = frozenset({"latest", "delta", "age", "per", "cost", "cost_per"})


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
    if now.value is None or then.value is None or "too_few" in (now.state, then.state):
        return Trend("–")
    # The 0 of a silent source is no number (section 4).
    if any(each.state == "stale" and each.samples == 0 for each in (now, then)):
        return Trend("–")
    delta = float(now.value) - float(then.value)
    if not math.isfinite(delta):
        return Trend("–")
    z = _z(kpi, now, then)
    arrow = "→"
    if delta and (z is None or abs(z) >= _REAL) and abs(delta) >= _least(kpi, then.value):
        arrow = "↑" if delta > 0 else "↓"
    if _by_share(kpi) and delta * _shown_as(kpi) * _moved_share(now, then) < 0:
        arrow = "→"  # the share within the target and the shown number disagree
    return Trend(arrow, delta, _good(kpi, arrow), z)


def _by_share(kpi: Any) -> bool:
    return bool(kpi.judged_by_share and kpi.target is not None)


def _shown_as(kpi: Any) -> int:
    """How the share within the target moves when the shown number rises."""
    return 1 if kpi.target.lower_is_better is False else -1


def _moved_share(now: Answer, then: Answer) -> float:
    return float(now.share or 0) - float(then.share or 0)


def _z(kpi: Any, now: Answer, then: Answer) -> float | None:
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
    if kpi.kind not in _COUNTS:
        return None
    a, b = now.samples, then.samples
    return (a - b) / math.sqrt(a + b) if a + b else 0.0


def _error(answer: Answer) -> float:
    """The standard error that an interval of a mean stands for."""
    return 0.0 if answer.interval is None else (answer.interval[1] - answer.interval[0]) / 2 / 1.96


def _least(kpi: Any, base: Fraction | float) -> float:
    """The least move that is worth an arrow."""
    if kpi.kind == "uptime" or (kpi.kind in SHARES and base > Fraction(95, 100)):
        return 0.1 * float(1 - base)
    return (0.05 if kpi.kind in _COARSE else 0.02) * abs(float(base))


def _good(kpi: Any, arrow: str) -> bool | None:
    """Whether the move is to the target's side."""
    if arrow not in ("↑", "↓"):
        return None
    lower = None if kpi.better is None else kpi.better == "lower"
    if kpi.target is not None:
        is_zero = kpi.target.comparator == "equals" and kpi.target.threshold.micro == 0
        lower = True if is_zero else kpi.target.lower_is_better
    return None if lower is None else (arrow == "↓") == lower
