"""What is reduced from events: a KPI's `Rule`, with the labels it is broken down by.

Kinds say how a KPI becomes a rule (`kinds/`), `fold.py` runs all rules of a reduction in
one statement, so the work per fold does not grow with the number of KPIs.
"""

from dataclasses import dataclass
from typing import Literal

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Kpi


@dataclass(frozen=True, slots=True)
class Rule:
    """One reduction of one event name.

    SQL fields are expressions over a staged event (`expressions.py`, `staging.py`).

    Attributes:
        kpi, revision: what it belongs to.
        labels: attributes of the breakdowns, each with the SQL of its value.
        event, product, environment: which events it reads.
        reduction: `additive` (sums by minute) or `latest` (newest by key).
        where: whether the event matches.
        value: millionths of the base unit; None where events are only counted.
        good: what `good` counts.
        subject: what `once_per` names; only its first event counts.
        sketch: whether a log sketch of the value is kept.
        dated: the time of the first eligible event ever is needed.
        key: for `latest`, the label set as JSON text.
        retires: for `latest`, the event says that the key is gone.
    """

    kpi: str
    revision: str
    event: str
    product: str
    environment: str
    reduction: Literal["additive", "latest"] = "additive"
    labels: tuple[tuple[str, str], ...] = ()
    where: str = "true"
    value: str | None = None
    good: str | None = None
    subject: str | None = None
    sketch: bool = False
    dated: bool = False
    key: str | None = None
    retires: bool = False

    def expressions(self) -> tuple[str, ...]:
        """All its SQL; what has to be staged is named in there."""
        fields = (self.where, self.value, self.good, self.subject, self.key)
        labels = (text for _, text in self.labels)
        return tuple(text for text in (*fields, *labels) if text is not None)


def revision(kpi: Kpi, catalog: Catalog) -> str:
    """The KPI's definition revision: the row and how its attributes are declared."""
    declared = {
        name: catalog.attribute(kpi, name).model_dump(mode="json", include={"type", "unit"})
        for name in kpi.attributes
    }
    return kpi.revision(declared)
