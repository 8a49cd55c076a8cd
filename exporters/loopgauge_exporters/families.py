"""A metric family and its samples, before anybody writes them down."""

from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family: its name as a query writes it, and what it means."""

    name: str
    type: Literal["gauge", "counter", "info"]
    labels: tuple[str, ...]
    help: str


@dataclass(slots=True)
class Samples:
    """The samples of one family, as columns: what stays from page to page, and what changes.

    Attributes:
        family: what they are samples of.
        label_values: of each sample, in the order of the family's labels.
        numbers: of each sample; an info's is 1.
    """

    family: Family
    label_values: list[tuple[str, ...]] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)

    def add(self, label_values: tuple[str, ...], number: float) -> None:
        """One more sample."""
        self.label_values.append(label_values)
        self.numbers.append(number)

    def metric(self) -> Metric:
        """The same as prometheus_client has it.

        Raises:
            ValueError: a sample has more or fewer values than the family has labels.
        """
        family = self.family
        if any(len(values) != len(family.labels) for values in self.label_values):
            raise ValueError(f"a sample of {family.name} does not have its labels")
        if family.type == "info":
            info = InfoMetricFamily(family.name.removesuffix("_info"), family.help)
            for values in self.label_values:
                info.add_metric((), dict(zip(family.labels, values, strict=True)))
            return info
        kind = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
        metric = kind(family.name, family.help, labels=family.labels)
        for values, number in zip(self.label_values, self.numbers, strict=True):
            metric.add_metric(values, number)
        return metric
