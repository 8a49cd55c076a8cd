"""How a KPI's own number is told from the others of its metric family: its stat and its window.

Decided by the row alone, so that a series keeps its labels whatever the data are.
"""

from loopgauge_catalog.kpis import DurationKpi, Kpi, QuantileKpi, Windowed
from loopgauge_catalog.names import OWN_STAT, stat_name
from loopgauge_catalog.quantities import format_duration

#: Kinds that show further numbers beside their value, each with a `stat` of its own.
_WITH_STATS = {"budget", "composite", "cost_per", "drift", "uptime"}


def own_stat(kpi: Kpi) -> str | None:
    """The `stat` of the KPI's value: ``p95``, ``mean``, ``value``; None where it stands alone."""
    if isinstance(kpi, QuantileKpi):
        return stat_name(kpi.quantile)
    if isinstance(kpi, DurationKpi):
        return "mean" if kpi.shown == "mean" else stat_name(kpi.shown)
    # A calendar period has the last complete one beside it.
    is_calendar = isinstance(kpi, Windowed) and kpi.period is not None
    return OWN_STAT if is_calendar or kpi.kind in _WITH_STATS else None


def own_window(kpi: Kpi) -> str | None:
    """The `window` of the KPI's value: ``28d``, ``month``; None for what is about now."""
    length = kpi.own_window
    return kpi.period if length is None else format_duration(length)
