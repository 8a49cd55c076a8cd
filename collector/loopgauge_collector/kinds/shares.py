"""How a share stands to its target: the same for everything that is good or bad one by one."""

from typing import Any

from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import default_min_samples

from loopgauge_collector.kinds.base import Judgement
from loopgauge_collector.statistics import surely_bad


def judge_share(kpi: Any, good: int, n: int) -> Judgement:
    """A target on the share itself: an upper limit tests the event, a floor its complement."""
    threshold = kpi.target.threshold.micro
    # "equals 100%" is a floor, "equals 0%" an upper limit.
    if kpi.target.lower_is_better is False or threshold == MICRO:
        bad, allowed = n - good, (MICRO - threshold) / MICRO
    else:
        bad, allowed = good, threshold / MICRO
    return _judged(kpi, not kpi.target.met_by(good * MICRO, n), bad, n, allowed)


def judge_within(kpi: Any, wanted: int, good: int, n: int) -> Judgement:
    """A target on each one: at least a share `wanted` (in millionths) must be within it."""
    return _judged(kpi, good * MICRO < wanted * n, n - good, n, (MICRO - wanted) / MICRO)


def _judged(kpi: Any, missed: bool, bad: int, n: int, allowed: float) -> Judgement:
    """Sure by the exact binomial tail."""
    return Judgement(
        missed,
        sure=missed and surely_bad(bad, n, allowed),
        min_samples=kpi.min_samples or default_min_samples(allowed),
    )
