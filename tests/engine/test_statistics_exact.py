"""Intervals and tests against exact fractions and worked numbers."""

import math
import statistics as stdlib
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loopgauge_catalog.targets import default_min_samples
from loopgauge_collector.statistics import (
    SKETCH_ZERO,
    binomial_tail,
    mean_interval,
    sketch_value,
    surely_bad,
    wilson,
)


def exact_tail(bad: int, n: int, share: Fraction) -> Fraction:
    """P(X >= bad), every term a fraction."""
    return sum(
        (math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(max(bad, 0), n + 1)),
        Fraction(0),
    )


@given(n=st.integers(0, 120), bad=st.integers(-1, 121), per_mille=st.integers(0, 1000))
@example(n=6, bad=1, per_mille=50)
@example(n=120, bad=120, per_mille=1)
@example(n=120, bad=60, per_mille=500)
def test_the_tail_is_the_sum_of_its_terms(n: int, bad: int, per_mille: int) -> None:
    share = Fraction(per_mille, 1000)
    exact = 0.0 if bad > n else float(exact_tail(bad, n, share))

    # The double nearest to the share is off by 1e-17, which the tail can magnify n times.
    assert binomial_tail(bad, n, float(share)) == pytest.approx(exact, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize(
    ("bad", "n", "allowed", "tail"),
    [
        (1, 6, 0.05, 0.265), (6, 6, 0.05, 1.6e-8), (2, 100, 0.001, 0.0046),
        (12, 200, 0.05, 0.30), (17, 200, 0.05, 0.0238), (3, 8, 0.2, 0.203), (3, 7, 0.05, 0.0038),
    ],
)  # fmt: skip
def test_the_tails_of_the_worked_examples(bad: int, n: int, allowed: float, tail: float) -> None:
    digits = 3 if tail > 0.1 else 4
    if tail > 1e-6:
        assert round(binomial_tail(bad, n, allowed), digits) == pytest.approx(tail, abs=5e-3)
    assert binomial_tail(bad, n, allowed) == pytest.approx(
        float(exact_tail(bad, n, Fraction(str(allowed)))), rel=1e-12
    )


@given(n=st.integers(0, 100), bad=st.integers(0, 100), per_mille=st.integers(0, 999))
def test_sure_means_beyond_one_in_forty_and_at_least_two(n: int, bad: int, per_mille: int) -> None:
    share = Fraction(per_mille, 1000)
    bad = min(bad, n)
    tail = exact_tail(bad, n, share)
    expected = bad >= 1 if share == 0 else bad >= 2 and tail <= Fraction(1, 40)

    # A tail within a hair of the border may fall either way in doubles.
    if abs(tail - Fraction(1, 40)) > Fraction(1, 10**9):
        assert surely_bad(bad, n, float(share)) is expected


def test_a_million_samples_are_no_harder() -> None:
    # Poisson with mean 1,000: 1,063 and more are beyond two standard deviations.
    assert 0.02 < binomial_tail(1064, 1_000_000, 0.001) < 0.025
    assert binomial_tail(1000, 1_000_000, 0.001) == pytest.approx(0.5, abs=0.02)
    assert not surely_bad(1060, 1_000_000, 0.001)
    assert surely_bad(1070, 1_000_000, 0.001)


@pytest.mark.parametrize(
    ("good", "n", "interval"),
    [
        (1, 6, (0.0301, 0.5635)), (6, 6, (0.6097, 1.0)), (1, 100, (0.0018, 0.0545)),
        (5, 8, (0.3057, 0.8632)), (4, 7, (0.2505, 0.8418)),
    ],
)  # fmt: skip
def test_the_intervals_of_the_worked_examples(
    good: int, n: int, interval: tuple[float, float]
) -> None:
    found = wilson(good, n)
    assert found is not None
    assert (round(found[0], 4), round(found[1], 4)) == interval


@given(n=st.integers(1, 10**6), data=st.data())
def test_wilsons_bounds_solve_their_equation(n: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, n))
    found = wilson(good, n)
    assert found is not None
    low, high = found

    assert 0 <= low <= good / n + 1e-12
    assert good / n - 1e-12 <= high <= 1
    # |p - good/n| = z·sqrt(p(1-p)/n) at both bounds.
    for p in (low, high):
        if 0 < p < 1:
            assert (p - good / n) ** 2 * n == pytest.approx(
                1.959964**2 * p * (1 - p), rel=1e-6, abs=1e-9
            )


def test_without_samples_there_is_no_interval() -> None:
    assert wilson(0, 0) is None
    assert mean_interval(0, 0, 0) is None
    assert mean_interval(1, 5, 25) is None


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=60))
def test_a_means_interval_is_that_of_its_spread(values: list[int]) -> None:
    found = mean_interval(len(values), sum(values), sum(v * v for v in values))
    assert found is not None

    half = 1.96 * stdlib.stdev(values) / math.sqrt(len(values))
    mean = stdlib.fmean(values)
    assert found == pytest.approx((mean - half, mean + half), rel=1e-9, abs=1e-6)


def test_a_narrow_spread_far_from_zero_is_not_cancelled_away() -> None:
    values = [10**15, 10**15 + 1, 10**15 + 2]
    found = mean_interval(3, sum(values), sum(v * v for v in values))
    assert found is not None
    assert found[1] - found[0] == pytest.approx(2 * 1.96 / math.sqrt(3), abs=0.25)


@pytest.mark.parametrize(
    ("allowed", "least"),
    [
        (0.001, 1000),
        (0.0001, 1000),
        (0.01, 500),
        (0.05, 100),
        (0.2, 25),
        (0.3, 20),
        (1, 20),
        (0, 1),
    ],
)
def test_min_samples_follow_from_the_allowed_share(allowed: float, least: int) -> None:
    assert default_min_samples(allowed) == least


@given(st.integers(1, 10**6))
def test_min_samples_are_the_ceiling_of_the_exact_quotient(millionths: int) -> None:
    exact = -(-5 * 10**6 // millionths)
    assert default_min_samples(millionths / 10**6) == min(1000, max(20, exact))


@given(st.floats(0.001, 1e9))
def test_a_value_is_shown_within_one_per_cent(value: float) -> None:
    index = math.floor(math.log(value) / 0.02)
    assert abs(sketch_value(index) / value - 1) <= math.tanh(0.01) + 1e-9
    assert math.tanh(0.01) < 0.01


def test_the_worked_indices() -> None:
    assert round(sketch_value(-127), 5) == 0.07966
    assert round(sketch_value(-53), 5) == 0.34992
    assert sketch_value(SKETCH_ZERO) == 0
