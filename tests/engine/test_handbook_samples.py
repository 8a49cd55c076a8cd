"""The handbook names the samples and the waiting that the engine really asks for."""

import pytest
from loopgauge_catalog.handbook.subject_methods import full_chance
from loopgauge_catalog.kpis import DAY, HOUR, Kpi
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import default_min_samples
from loopgauge_collector.kinds.pairs import maturity
from loopgauge_collector.kinds.shares import judge_share, judge_within
from loopgauge_collector.windows import Window

from tests.support.every_kind import whole_catalog

JUDGED = [
    kpi
    for kpi in whole_catalog().kpis()
    if kpi.target is not None and kpi.allowed_bad(kpi.target) is not None
]


def test_shares_of_every_sort_are_among_them() -> None:
    assert {kpi.kind for kpi in JUDGED} == {
        "quantile", "duration", "ratio", "conversion", "funnel", "subject_share", "uptime", "loss",
    }  # fmt: skip


@pytest.mark.parametrize("kpi", JUDGED, ids=lambda kpi: kpi.id)
def test_the_engine_judges_from_as_many_samples(kpi: Kpi) -> None:
    assert kpi.target is not None
    allowed = kpi.allowed_bad(kpi.target)
    assert allowed is not None
    if kpi.judged_by_share:
        wanted = MICRO if kpi.target.share is None else kpi.target.share.micro
        judged = judge_within(kpi, wanted, 1, 2)
    else:
        judged = judge_share(kpi, 1, 2)

    assert judged.min_samples == (kpi.min_samples or default_min_samples(allowed))


@pytest.mark.parametrize("length", [HOUR, DAY, 25 * HOUR, 25 * HOUR + 1, 7 * DAY, 28 * DAY])
@pytest.mark.parametrize("chance", [1, 5_000_000, 600_000_000, 900_000_000, 7 * DAY])
def test_the_engine_waits_as_long_for_the_full_chance(length: int, chance: int) -> None:
    assert full_chance(chance, length) == maturity(chance, Window(0, length))
