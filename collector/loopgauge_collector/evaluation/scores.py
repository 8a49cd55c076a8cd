"""What the members of a score attain, from their values at the same moment."""

from collections.abc import Mapping
from typing import Any

from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue

from loopgauge_collector.kinds.composite import member_key

#: States whose number is one to build on.
_KNOWN = {State.OK, State.BREACH}


def member_ids(kpi: Any) -> list[str]:
    """Ids of the KPIs that a score is made of."""
    names = [name for part in kpi.parts.values() for m in part.kpis for name in (m.kpi, m.against)]
    return [f"{kpi.product}.{name}" for name in dict.fromkeys(names) if name is not None]


def members_of(kpi: Any, values: Mapping[str, KpiValue]) -> dict[str, KpiValue] | None:
    """Of these values those that a score is made of; None for what is no score."""
    if kpi.kind != "composite":
        return None
    return {name: values[name] for name in member_ids(kpi) if name in values}


def attained(kpi: Any, values: Mapping[str, KpiValue]) -> dict[str, float]:
    """What each member attains: of its own target, or of another KPI's number.

    Args:
        kpi: the score.
        values: of its members, by id.
    """
    result = {}
    for part in kpi.parts.values():
        for member in part.kpis:
            value = values.get(f"{kpi.product}.{member.kpi}")
            if value is None or value.state not in _KNOWN:
                continue
            share = value.attainment
            if member.against is not None:
                other = values.get(f"{kpi.product}.{member.against}")
                share = _against(value, other)
            if share is not None:
                result[member_key(member.kpi, member.against)] = share
    return result


def _against(value: KpiValue, other: KpiValue | None) -> float | None:
    if other is None or other.state not in _KNOWN:
        return None
    number, planned = value.reading.value, other.reading.value
    if number is None or planned is None or planned <= 0:
        return None
    return number / planned
