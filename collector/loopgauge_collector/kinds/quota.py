"""quota: how much of a provider's allowance is used up, by the account that has used most."""

from fractions import Fraction
from typing import ClassVar
from zoneinfo import ZoneInfo

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Quota
from loopgauge_catalog.quantities import MICRO

from loopgauge_collector.kinds.base import Judgement, Kind, Number, identity, missed, valued
from loopgauge_collector.kinds.cell import Cell
from loopgauge_collector.kinds.expressions import filter_sql, label_set
from loopgauge_collector.kinds.rules import LABEL_SET, AdditiveRule, Rule


def _limit(kpi: Quota) -> Fraction:
    """Millionths; the decimal that stands in the file, not the double."""
    return Fraction(str(kpi.limit)) * MICRO


def _most(cell: Cell) -> int:
    """What the account that has used most has used, in millionths."""
    return max((each.s for each in cell.values.get(LABEL_SET, {}).values()), default=0)


class QuotaKind(Kind):
    """Each label set has the limit, from the provider's midnight on."""

    breaks_down: ClassVar[bool] = True

    def reduce(self, kpi: Quota, catalog: Catalog) -> tuple[Rule, ...]:
        """Sum what each label set uses; an event that does not say whose it is cannot count."""
        key = label_set(kpi.per)
        return (
            AdditiveRule(
                **identity(kpi, catalog),
                event=kpi.event,
                where=f"case when {key} is not null then {filter_sql(kpi.where)} end",
                value=valued(kpi, catalog, kpi.event, kpi.value),
                labels=((LABEL_SET, key),),
            ),
        )

    def labels(self, kpi: Quota) -> tuple[str, ...]:
        """The label sets; the labels that are shown follow from them."""
        return (LABEL_SET,)

    def zone(self, kpi: Quota) -> ZoneInfo | None:
        """The provider's, where it is known."""
        return None if kpi.timezone is None else ZoneInfo(kpi.timezone)

    def read(self, kpi: Quota, cell: Cell) -> Number:
        """The greatest use / limit; nothing used is a true 0 while the source is alive."""
        return Number(float(_most(cell) / _limit(kpi)), cell.n)

    def judge(self, kpi: Quota, cell: Cell) -> Judgement:
        """Against the target, always sure."""
        share = Fraction(_most(cell)) / _limit(kpi) * MICRO
        return Judgement(missed(kpi, share.numerator, per=share.denominator), sure=True)
