"""A Snapshot in which every kind has a number of its own shape, for everything that shows them."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import DurationKpi, Funnel, Kpi
from loopgauge_catalog.loader import load, sample_paths
from loopgauge_catalog.names import stat_name
from loopgauge_catalog.states import State
from loopgauge_catalog.values import Comparison, KpiValue, PipelineHealth, Reading, Snapshot, Trend

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
WINDOWS = ("1h", "24h", "7d", "28d")

_CATALOGS = Path(__file__).parents[1] / "catalog"

#: Kinds whose number is no share, and what it is.
_VALUES = {
    "count": 12.0, "sum": 21.0, "rate": 2.5, "mean": 4.65, "quantile": 0.25, "latest": 0.71,
    "duration": 840.0, "distinct": 37.0, "per": 3.5, "in_flight": 4.0, "cost": 84.2,
    "cost_per": 2.1, "composite": 66.65, "drift": 0.1893, "delta": 350.0, "age": 1200.0,
}  # fmt: skip


def whole_catalog() -> Catalog:
    """The shipped catalogs and two of the tests' own, which together have every kind."""
    return load([*sample_paths(), _CATALOGS / "shop.yaml", _CATALOGS / "studio.yaml"])


def _stats(kpi: Kpi, value: float) -> dict[str, float]:
    if isinstance(kpi, DurationKpi):
        ended = {"mean": value, "oldest_open": 260_000.0} if kpi.anchor == "end" else {}
        return {stat_name(q): value * q for q in kpi.stats} | ended
    match kpi.kind:
        case "quantile":
            return {"p50": value / 3, "p95": value, "p99": value * 6}
        case "composite":
            return {"rests_on": 78.3, "best_case": 88.35}
        case "cost_per":
            return {"spend": value * 2}
        case "budget":
            return {"used": value / 3} if getattr(kpi, "read", "") == "forecast" else {}
        case "uptime":
            return {"unknown": 0.02}
        case "drift":
            return {"bound": 0.019, "reference": 700.0}
    return {"last_complete": value * 2} if kpi.period is not None and kpi.kind != "quota" else {}


def reading_of(kpi: Kpi) -> Reading:
    """A number with everything beside it that its kind has."""
    value = _VALUES.get(kpi.kind, 0.93)
    follows = kpi.kind in {"duration", "conversion", "funnel", "in_flight"}
    reading = Reading(
        start=NOW - timedelta(hours=1),
        end=NOW,
        value=value,
        samples=100,
        stats=_stats(kpi, value),
        share=0.91 if kpi.judged_by_share and kpi.target is not None else None,
        interval=(value * 0.9, value * 1.1),
        pending=7 if follows else None,
    )
    if not isinstance(kpi, Funnel):
        return reading
    shares = {name: 1 / number for number, name in enumerate(kpi.step_names, 1)}
    return replace(
        reading,
        value=list(shares.values())[-1],
        steps=shares,
        gaps=dict.fromkeys(kpi.step_names[1:], 90.0),
        worst_step=kpi.step_names[1],
    )


def value_of(kpi: Kpi, catalog: Catalog, label_values: tuple[str, ...] = ("a", "b")) -> KpiValue:
    """The KPI with a number in every window and for every label value."""
    reading = reading_of(kpi)
    before = Comparison(
        NOW - timedelta(days=7), (reading.value or 0) * 0.9, (reading.value or 0) * 0.1, 90
    )
    split: tuple[str, ...] = getattr(kpi, "split", ())
    by_value: Mapping[str, Reading] = dict.fromkeys(label_values, reading)
    return KpiValue(
        kpi=kpi,
        unit=catalog.unit(kpi),
        state=State.OK,
        sure=False,
        state_since=NOW - timedelta(minutes=42),
        reading=reading,
        windows={} if getattr(kpi, "window", None) is None else dict.fromkeys(WINDOWS, reading),
        breakdowns=dict.fromkeys((*kpi.labels, *split), by_value),
        needs=(),
        last_event=NOW - timedelta(seconds=3),
        age_seconds=3.0,
        revision="0",
        attainment=1.0,
        pending=reading.pending,
        trend=Trend("up", True, 3.1, before),
        comparisons=dict.fromkeys(("1d", "7d", "28d"), before),
    )


def snapshot_of(catalog: Catalog, *values: KpiValue) -> Snapshot:
    """A Snapshot of these values."""
    return Snapshot(
        number=1, as_of=NOW, end=NOW, catalog=catalog, kpis=values, health=PipelineHealth()
    )


def beyond(value: KpiValue, **changes: Any) -> KpiValue:
    """The same duration where so many are not done before the limit."""
    stats = dict.fromkeys(value.reading.stats, math.inf)
    return replace(value, reading=replace(value.reading, value=math.inf, stats=stats), **changes)
