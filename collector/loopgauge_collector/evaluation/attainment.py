"""How much of its target a KPI attains (KPI_SEMANTICS section 3, composite)."""

from typing import Any

from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.values import Reading

#: More than twice the target says nothing more.
MOST = 2.0


def attainment(kpi: Any, reading: Reading) -> float | None:
    """1 where the number is exactly at its target, more beyond it, at most 2.

    98 % against 99.9 % is not "0.98 good", so shares compare what is bad.

    Args:
        kpi: the catalog row.
        reading: over its own window.

    Returns:
        None without a target or a number.
    """
    if kpi.target is None:
        return None
    target = kpi.target.threshold.micro / MICRO
    if kpi.judged_by_share:
        share = kpi.target.share
        wanted: float = getattr(kpi, "quantile", 1.0) if share is None else share.micro / MICRO
        return None if reading.share is None else _floor_of_share(wanted, reading.share)
    value = reading.value
    if value is None:
        return None
    lower = kpi.target.lower_is_better
    if target == 0 and lower is not False:
        return 1 / (1 + max(0.0, value))
    if kpi.is_share and lower is not True:
        return _floor_of_share(target, value)
    if lower:
        return _quotient(target, value)
    return _quotient(value, target)


def _floor_of_share(target: float, value: float) -> float:
    """(1 − target) / (1 − value); of a target of everything, value / target."""
    if target >= 1:
        return _quotient(value, target)
    return _quotient(1 - target, 1 - value)


def _quotient(above: float, below: float) -> float:
    if below <= 0:
        return MOST if above > 0 or below == above else 0.0
    return min(MOST, max(0.0, above / below))
