"""Whether a number moves, and whether that is good (KPI_SEMANTICS section 5). Pure."""

import math
from typing import Any, Literal

from loopgauge_catalog.states import State
from loopgauge_catalog.values import Comparison, KpiValue, Reading, Trend

from loopgauge_collector.windows import DAY

_WEEK = 7 * DAY
#: |z| from which a move is real: at 1.96 three of sixty arrows would be false at any time.
_REAL = 2.58
_COUNTS = {"count", "distinct", "rate"}
_COARSE = {"latest", "per", "cost", "cost_per", "delta", "age"}


def shift_of(kpi: Any) -> int:
    """How much earlier the baseline ends: whole weeks, at least the window."""
    window = kpi.own_window
    return _WEEK if window is None else max(1, -(-window // _WEEK)) * _WEEK


def compare(value: KpiValue, earlier: KpiValue) -> Comparison:
    """The difference to an earlier moment, without an arrow."""
    now = value.reading.value if value.measured(value.reading) else None
    before = earlier.reading.value if earlier.measured(earlier.reading) else None
    delta = None if now is None or before is None else now - before
    return Comparison(
        end=earlier.reading.end,
        value=before,
        delta=None if delta is None or not math.isfinite(delta) else delta,
        samples=earlier.reading.samples,
    )


def trend(value: KpiValue, earlier: KpiValue) -> Trend:
    """The arrow against the baseline.

    Args:
        value: now.
        earlier: the same KPI at its baseline.
    """
    against = compare(value, earlier)
    if against.delta is None or State.TOO_FEW in {value.state, earlier.state}:
        return Trend(None, None, None, against)
    z = _statistic(value.kpi, value.reading, earlier.reading)
    arrow = _arrow(value, earlier, z)
    return Trend(arrow, _good(value.kpi, arrow), z, against)


def _arrow(value: KpiValue, earlier: KpiValue, z: float | None) -> Literal["up", "down", "flat"]:
    now, before = value.reading.value, earlier.reading.value
    assert now is not None
    assert before is not None
    if (z is not None and abs(z) < _REAL) or not _is_large(value.kpi, now, before):
        return "flat"
    shares = (value.reading.share, earlier.reading.share)
    if shares[0] is not None and shares[1] is not None and value.kpi.judged_by_share:
        # The share within the target falls when the number rises; else the two disagree.
        lower = value.kpi.target is None or value.kpi.target.lower_is_better is not False
        if (now > before) == (shares[0] > shares[1]) and lower:
            return "flat"
    return "up" if now > before else "down"


def _is_large(kpi: Any, now: float, before: float) -> bool:
    move = abs(now - before)
    if move == 0:
        return False
    if kpi.kind == "uptime" or (kpi.is_share and before > 0.95):
        return move >= 0.1 * (1 - before)
    least = 0.05 if kpi.kind in _COARSE else 0.02
    return move >= least * abs(before)


def _statistic(kpi: Any, now: Reading, before: Reading) -> float | None:
    """The z of the test that fits the kind; None for kinds without one."""
    if kpi.judged_by_share and now.share is not None and before.share is not None:
        return _two_shares(now.share, now.samples, before.share, before.samples)
    if now.value is None or before.value is None:
        return None
    if kpi.is_share and kpi.kind != "uptime":
        return _two_shares(now.value, now.samples, before.value, before.samples)
    if kpi.kind in _COUNTS:
        total = now.samples + before.samples
        return (now.samples - before.samples) / math.sqrt(total) if total else 0.0
    if kpi.kind == "mean":
        error = math.hypot(_standard_error(now), _standard_error(before))
        return (now.value - before.value) / error if error > 0 else None
    return None


def _two_shares(p: float, n: int, q: float, m: int) -> float:
    """Two-proportion z with the pooled share."""
    if n == 0 or m == 0:
        return 0.0
    pooled = (p * n + q * m) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return (p - q) / spread if spread > 0 else 0.0


def _standard_error(reading: Reading) -> float:
    if reading.interval is None:
        return 0.0
    return (reading.interval[1] - reading.interval[0]) / (2 * 1.96)


def _good(kpi: Any, arrow: Literal["up", "down", "flat"]) -> bool | None:
    if arrow == "flat":
        return None
    lower = kpi.target.lower_is_better if kpi.target is not None else None
    if kpi.target is not None and lower is None and kpi.target.threshold.micro == 0:
        lower = True
    if lower is None and kpi.better is not None:
        lower = kpi.better == "lower"
    return None if lower is None else (arrow == "down") == lower
