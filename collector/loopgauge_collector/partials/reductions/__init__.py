"""How events become mergeable rows: one file for each reduction that rules can ask for."""

from loopgauge_collector.kinds.rules import (
    AdditiveRule,
    LatestRule,
    PricedRule,
    Rule,
)
from loopgauge_collector.partials.reductions.additive import Additive
from loopgauge_collector.partials.reductions.base import Reduction
from loopgauge_collector.partials.reductions.latest import Latest
from loopgauge_collector.partials.reductions.priced import Priced
from loopgauge_collector.partials.reductions.subjects import SHAPES, Subjects

#: The reduction that carries out each type of rule.
REDUCTIONS: dict[type[Rule], type[Reduction]] = {
    AdditiveRule: Additive,
    PricedRule: Priced,
    LatestRule: Latest,
    **dict.fromkeys(SHAPES, Subjects),
}

__all__ = ["REDUCTIONS", "Reduction"]
