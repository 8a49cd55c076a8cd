"""A Snapshot as JSON: the one shape that the API, the pages and the command line share.

Everything here is plain dicts of JSON's own types. A number that is not known is null,
never 0, and so is one that JSON cannot carry.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.series import own_stat, own_window
from loopgauge_catalog.targets import Target
from loopgauge_catalog.values import (
    REPLAYED,
    Comparison,
    KpiValue,
    PipelineHealth,
    Reading,
    Snapshot,
    Trend,
)

if TYPE_CHECKING:
    from loopgauge_collector.collector import Source

Json = dict[str, Any]

#: Accounting rows that an answer lists; senders choose the names of services.
MAX_ACCOUNTING_ROWS = 1000


def instant(moment: datetime) -> str:
    """A moment as RFC 3339 text in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def snapshot_json(snapshot: Snapshot, values: list[KpiValue]) -> Json:
    """The answer of ``GET /api/v1/kpis`` for these values of the Snapshot."""
    shown = {value.kpi.product for value in values}
    return head_json(snapshot) | {
        "products": {
            name: {
                "title": product.title,
                "tables": {key: table.title for key, table in product.tables.items()},
            }
            for name, product in snapshot.catalog.products.items()
            if name in shown
        },
        "kpis": [kpi_json(value) for value in values],
    }


def head_json(snapshot: Snapshot) -> Json:
    """Which Snapshot an answer was read from."""
    return {"as_of": instant(snapshot.as_of), "snapshot": snapshot.number}


def kpi_json(value: KpiValue) -> Json:
    """One KPI with its state, over its own window."""
    kpi, reading = value.kpi, value.reading
    return {
        "id": kpi.id,
        "row": kpi.row,
        "product": kpi.product,
        "table": kpi.table,
        "title": kpi.title,
        "kind": kpi.kind,
        "unit": value.unit,
        "value": _number(reading.value),
        "stat": own_stat(kpi),
        "beyond": _beyond(kpi, reading),
        "state": value.state.value,
        "state_since": instant(value.state_since),
        "target": target_json(kpi.target),
        "escalate": target_json(kpi.escalate.target if kpi.escalate is not None else None),
        "attainment": _number(value.attainment),
        "samples": reading.samples,
        "enough": value.enough,
        "pending": value.pending,
        "late": reading.late,
        "unpriced": reading.unpriced,
        "share": _number(reading.share),
        "stats": _numbers(reading.stats),
        "steps": _numbers(reading.steps),
        "gaps": _numbers(reading.gaps),
        "worst_step": reading.worst_step,
        "interval": _interval(reading),
        "sure": value.sure,
        "worst": _worst(value),
        "escalated": value.escalated,
        "trend": trend_json(value.trend),
        "last_event": instant(value.last_event) if value.last_event is not None else None,
        "age_seconds": _number(value.age_seconds),
        "from": instant(reading.start) if reading.start is not None else None,
        "to": instant(reading.end),
        "window": own_window(kpi),
        "revision": value.revision,
        "needs": list(value.needs),
    }


def kpi_detail_json(value: KpiValue) -> Json:
    """One KPI with everything that is known: its words, every window, every breakdown."""
    kpi = value.kpi
    return kpi_json(value) | {
        "means": kpi.means,
        "decides": kpi.decides,
        "try": list(kpi.try_),
        "assumed": kpi.assumed if isinstance(kpi.assumed, bool) else list(kpi.assumed),
        "alert": kpi.alert.model_dump(include={"severity", "team"}) if kpi.alert else None,
        "ineligible": value.reading.ineligible,
        "comparisons": {
            name: comparison_json(comparison) for name, comparison in value.comparisons.items()
        },
        "windows": {name: reading_json(kpi, reading) for name, reading in value.windows.items()},
        "breakdowns": {
            label: {name: reading_json(kpi, reading) for name, reading in by_value.items()}
            for label, by_value in value.breakdowns.items()
        },
    }


def trend_json(trend: Trend | None) -> Json | None:
    """Where the number is going, and what it was compared with."""
    if trend is None:
        return None
    return {
        "arrow": trend.arrow,
        "good": trend.good,
        "z": _number(trend.z),
        "against": comparison_json(trend.against),
    }


def comparison_json(comparison: Comparison) -> Json:
    """The same number earlier."""
    return {
        "to": instant(comparison.end),
        "value": _number(comparison.value),
        "delta": _number(comparison.delta),
        "samples": comparison.samples,
    }


def target_json(target: Target | None) -> Json | None:
    """A target: comparator, threshold in the KPI's unit, and its words."""
    if target is None:
        return None
    return {
        "comparator": target.comparator,
        "threshold": target.threshold.value,
        "share": target.share.value if target.share is not None else None,
        "stretch": target.stretch.value if target.stretch is not None else None,
        "text": target.words(),
    }


def reading_json(kpi: Kpi, reading: Reading) -> Json:
    """A KPI's number over one window."""
    return {
        "value": _number(reading.value),
        "beyond": _beyond(kpi, reading),
        "samples": reading.samples,
        "pending": reading.pending,
        "late": reading.late,
        "unpriced": reading.unpriced,
        "share": _number(reading.share),
        "stats": _numbers(reading.stats),
        "interval": _interval(reading),
        "ineligible": reading.ineligible,
        "from": instant(reading.start) if reading.start is not None else None,
        "to": instant(reading.end),
    }


def point_json(value: KpiValue) -> Json:
    """One point of a history."""
    reading = value.reading
    return {
        "at": instant(reading.end),
        "value": _number(reading.value),
        "state": value.state.value,
        "samples": reading.samples,
        "share": _number(reading.share),
        "interval": _interval(reading),
    }


def health_json(health: PipelineHealth) -> Json:
    """The collector's own numbers; of the accounting the largest rows and the totals."""
    answer = asdict(health)
    rows = sorted(health.accounting, key=lambda row: -row.events)
    totals: Counter[str] = Counter()
    replayed: Counter[str] = Counter()
    for row in rows:
        if row.outcome == REPLAYED:
            replayed[row.reason] += row.events
        else:
            totals[row.outcome] += row.events
    answer["accounting"] = [asdict(row) for row in rows[:MAX_ACCOUNTING_ROWS]]
    answer["accounting_rows"] = len(rows)
    answer["events"] = dict(totals) | {"received": totals.total()}
    answer["replayed"] = dict(replayed)
    return answer


def source_json(source: "Source") -> Json:
    """One event name that arrives, and from whom."""
    return {
        "product": source.product,
        "service": source.service,
        "environment": source.environment,
        "event": source.name,
        "first": instant(source.first),
        "last": instant(source.last),
        "events": source.events,
        "declared": source.declared,
    }


def _beyond(kpi: Kpi, reading: Reading) -> float | None:
    """The limit that a number of the reading lies beyond, which JSON has no number for."""
    limit: int | None = getattr(kpi, "expires", None)
    is_beyond = any(number == math.inf for number in (reading.value, *reading.stats.values()))
    return limit / MICRO if is_beyond and limit is not None else None


def _worst(value: KpiValue) -> Json | None:
    """The label value that decides the state, with its number."""
    if value.worst is None:
        return None
    label, name = value.worst
    reading = value.breakdowns.get(label, {}).get(name)
    number = None if reading is None else _number(reading.value)
    return {"label": label, "value": name, "number": number}


def _number(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _numbers(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(number) for name, number in numbers.items()}


def _interval(reading: Reading) -> list[float | None] | None:
    return [_number(bound) for bound in reading.interval] if reading.interval else None
