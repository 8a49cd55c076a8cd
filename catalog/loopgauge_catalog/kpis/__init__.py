"""The KPI kinds of a catalog, one model each.

To add a kind: a model in the file of its like (its fields, its unit, what it reads), its
name in `Kpi`, and one file of the same name in the collector's `kinds/` that reduces
events to partials and reads them back. Nothing else knows the list of kinds.
"""

from typing import Annotated, get_args

from pydantic import Field

from loopgauge_catalog.filters import Flag
from loopgauge_catalog.kpis.base import DAY, HOUR, MINUTE, STANDARD_WINDOWS, KpiBase, Windowed
from loopgauge_catalog.kpis.blocks import (
    EVENT_PATTERN,
    IDENTIFIER_PATTERN,
    ROW_PATTERN,
    SERVICE_PATTERN,
    Alert,
    Escalation,
    EventName,
    Identifier,
    Note,
    ServicePattern,
)
from loopgauge_catalog.kpis.combined import Composite, Member, Part, Per
from loopgauge_catalog.kpis.distinct import Distinct, SubjectShare
from loopgauge_catalog.kpis.money import BudgetKpi, Cost, CostPer, Quota
from loopgauge_catalog.kpis.newest import Age, Delta, Latest, Status
from loopgauge_catalog.kpis.signals import Drift, Interval, Loss, Uptime
from loopgauge_catalog.kpis.simple import Count, Mean, QuantileKpi, Rate, Ratio, Sum
from loopgauge_catalog.kpis.steps import Aggregate, Finished, Step
from loopgauge_catalog.kpis.subjects import Conversion, DurationKpi, Funnel, InFlight
from loopgauge_catalog.kpis.uses import Read, Use

Kpi = Annotated[
    Count
    | Sum
    | Rate
    | Mean
    | Ratio
    | QuantileKpi
    | Latest
    | DurationKpi
    | Conversion
    | Funnel
    | Distinct
    | SubjectShare
    | Per
    | InFlight
    | Uptime
    | Cost
    | CostPer
    | BudgetKpi
    | Quota
    | Composite
    | Drift
    | Loss
    | Delta
    | Age,
    Field(discriminator="kind"),
]

#: The words that `kind` takes.
KINDS: tuple[str, ...] = tuple(
    get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(Kpi)[0])
)


__all__ = [
    "DAY",
    "EVENT_PATTERN",
    "HOUR",
    "IDENTIFIER_PATTERN",
    "KINDS",
    "MINUTE",
    "ROW_PATTERN",
    "SERVICE_PATTERN",
    "STANDARD_WINDOWS",
    "Age",
    "Aggregate",
    "Alert",
    "BudgetKpi",
    "Composite",
    "Conversion",
    "Cost",
    "CostPer",
    "Count",
    "Delta",
    "Distinct",
    "Drift",
    "DurationKpi",
    "Escalation",
    "EventName",
    "Finished",
    "Flag",
    "Funnel",
    "Identifier",
    "InFlight",
    "Interval",
    "Kpi",
    "KpiBase",
    "Latest",
    "Loss",
    "Mean",
    "Member",
    "Note",
    "Part",
    "Per",
    "QuantileKpi",
    "Quota",
    "Rate",
    "Ratio",
    "Read",
    "ServicePattern",
    "Status",
    "Step",
    "SubjectShare",
    "Sum",
    "Uptime",
    "Use",
    "Windowed",
]
