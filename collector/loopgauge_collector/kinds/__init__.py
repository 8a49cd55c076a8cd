"""The KPI kinds, one file each. To add one: its file here and its line below."""

from loopgauge_collector.kinds.age import AgeKind
from loopgauge_collector.kinds.base import Kind
from loopgauge_collector.kinds.budget import BudgetKind
from loopgauge_collector.kinds.composite import CompositeKind
from loopgauge_collector.kinds.conversion import ConversionKind
from loopgauge_collector.kinds.cost import CostKind
from loopgauge_collector.kinds.cost_per import CostPerKind
from loopgauge_collector.kinds.count import CountKind
from loopgauge_collector.kinds.delta import DeltaKind
from loopgauge_collector.kinds.distinct import DistinctKind
from loopgauge_collector.kinds.drift import DriftKind
from loopgauge_collector.kinds.duration import DurationKind
from loopgauge_collector.kinds.funnel import FunnelKind
from loopgauge_collector.kinds.in_flight import InFlightKind
from loopgauge_collector.kinds.latest import LatestKind
from loopgauge_collector.kinds.loss import LossKind
from loopgauge_collector.kinds.mean import MeanKind
from loopgauge_collector.kinds.per import PerKind
from loopgauge_collector.kinds.quantile import QuantileKind
from loopgauge_collector.kinds.quota import QuotaKind
from loopgauge_collector.kinds.rate import RateKind
from loopgauge_collector.kinds.ratio import RatioKind
from loopgauge_collector.kinds.subject_share import SubjectShareKind
from loopgauge_collector.kinds.sum import SumKind
from loopgauge_collector.kinds.uptime import UptimeKind

KINDS: dict[str, Kind] = {
    "count": CountKind(),
    "sum": SumKind(),
    "rate": RateKind(),
    "mean": MeanKind(),
    "ratio": RatioKind(),
    "quantile": QuantileKind(),
    "latest": LatestKind(),
    "duration": DurationKind(),
    "conversion": ConversionKind(),
    "uptime": UptimeKind(),
    "drift": DriftKind(),
    "loss": LossKind(),
    "delta": DeltaKind(),
    "age": AgeKind(),
    "funnel": FunnelKind(),
    "distinct": DistinctKind(),
    "subject_share": SubjectShareKind(),
    "in_flight": InFlightKind(),
    "composite": CompositeKind(),
    "cost": CostKind(),
    "cost_per": CostPerKind(),
    "budget": BudgetKind(),
    "quota": QuotaKind(),
    "per": PerKind(),
}
