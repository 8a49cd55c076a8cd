"""What "met" means, compared with exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.quantities import MICRO
from loopgauge_catalog.targets import COMPARATORS, Comparator, Target
from pydantic import ValidationError

HOLDS = {
    "within": lambda value, limit: value <= limit,
    "at_most": lambda value, limit: value <= limit,
    "below": lambda value, limit: value < limit,
    "under": lambda value, limit: value < limit,
    "at_least": lambda value, limit: value >= limit,
    "above": lambda value, limit: value > limit,
    "equals": lambda value, limit: value == limit,
}


@given(
    comparator=st.sampled_from(COMPARATORS),
    limit=st.integers(-(10**12), 10**12),
    micro=st.integers(-(10**15), 10**15),
    per=st.integers(1, 10**9),
)
def test_met_is_the_comparison_of_exact_fractions(
    comparator: Comparator, limit: int, micro: int, per: int
) -> None:
    target = Target.model_validate({comparator: f"{Fraction(limit, MICRO).__float__():.6f}"})
    threshold = Fraction(target.threshold.micro, MICRO)
    assert target.met_by(micro, per) == HOLDS[comparator](Fraction(micro, per * MICRO), threshold)


@given(
    comparator=st.sampled_from(COMPARATORS), percent=st.integers(0, 100), n=st.integers(1, 10**6)
)
def test_exactly_at_a_strict_target_is_a_miss_and_at_an_inclusive_one_is_met(
    comparator: Comparator, percent: int, n: int
) -> None:
    target = Target.model_validate({comparator: f"{percent}%"})
    # percent % of 100 n events are exactly percent × n.
    assert target.met_by(percent * n * MICRO, 100 * n) == (
        comparator in ("within", "at_most", "at_least", "equals")
    )


@pytest.mark.parametrize(
    ("written", "words", "lower"),
    [
        ({"within": "15m", "share": "80%"}, "≤ 15m for 80%", True),
        ({"under": "200ms", "share": "95%"}, "< 200ms for 95%", True),
        ({"at_least": 1, "stretch": 10}, "≥ 1", False),
        ({"above": 4.5}, "> 4.5", False),
        ({"equals": 0}, "= 0", None),
    ],
)
def test_a_target_reads_as_people_say_it(
    written: dict[str, object], words: str, lower: bool | None
) -> None:
    target = Target.model_validate(written)
    assert target.words() == words
    assert target.lower_is_better is lower


@pytest.mark.parametrize(
    "written",
    [{}, {"share": "95%"}, {"above": 1, "below": 2}, {"below": 1, "share": "0%"},
     {"below": 1, "share": "101%"}, {"below": 1, "share": 95}, {"below": 1, "share": "3s"},
     {"beyond": 1}]
)  # fmt: skip
def test_a_target_has_one_comparator_and_a_share_between_0_and_100(
    written: dict[str, object],
) -> None:
    with pytest.raises(ValidationError):
        Target.model_validate(written)
