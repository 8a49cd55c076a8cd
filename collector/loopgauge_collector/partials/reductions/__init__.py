"""How events become mergeable rows: one file for each reduction that rules can ask for."""

from loopgauge_collector.kinds.rules import (
    ActivityRule,
    AdditiveRule,
    FunnelRule,
    LatestRule,
    LevelRule,
    PairRule,
    PricedRule,
    Rule,
)
from loopgauge_collector.partials.reductions.activities import Activities
from loopgauge_collector.partials.reductions.additive import Additive
from loopgauge_collector.partials.reductions.base import Reduction
from loopgauge_collector.partials.reductions.funnels import Funnels
from loopgauge_collector.partials.reductions.latest import Latest
from loopgauge_collector.partials.reductions.levels import Levels
from loopgauge_collector.partials.reductions.pairs import Pairs
from loopgauge_collector.partials.reductions.priced import Priced

#: The reduction that carries out each type of rule.
REDUCTIONS: dict[type[Rule], type[Reduction]] = {
    AdditiveRule: Additive,
    PricedRule: Priced,
    LatestRule: Latest,
    PairRule: Pairs,
    FunnelRule: Funnels,
    LevelRule: Levels,
    ActivityRule: Activities,
}

__all__ = ["REDUCTIONS", "Reduction"]
