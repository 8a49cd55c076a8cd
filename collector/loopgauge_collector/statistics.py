"""Intervals and tests, exactly as KPI_SEMANTICS sections 3 and 4 define them."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Z = 1.959964
#: A breach is sure when chance alone explains it in at most this share of cases.
SURE = 0.025
#: Log sketch: index j holds values in [e^(0.02 j), e^(0.02 (j+1))) seconds.
SKETCH_STEP = 0.02
#: The sketch's index of everything below one thousandth of the unit, shown as 0.
SKETCH_ZERO = -32768
#: Greatest amount, in millionths, whose square is summed: a hundred million of them fit 128 bits.
SQUARE_MAX = 10**15


def wilson(good: int, n: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of the share good/n; None without samples.

    Source: E. B. Wilson, JASA 22 (1927).
    """
    if n == 0:
        return None
    p = good / n
    z2 = Z * Z
    centre = p + z2 / (2 * n)
    spread = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def binomial_tail(bad: int, n: int, share: float) -> float:
    """P(X >= bad) for X binomial(n, share).

    Summed outward from `bad` with log-factorials; exact to about 1e-12.
    """
    if bad <= 0:
        return 1.0
    if bad > n or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    if bad <= n * share:
        # The upper tail is the larger part: sum the lower one instead.
        return max(0.0, 1.0 - _sum_terms(bad - 1, n, share, step=-1))
    return min(1.0, _sum_terms(bad, n, share, step=1))


def _sum_terms(k: int, n: int, p: float, *, step: int) -> float:
    term = math.exp(
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(p)
        + (n - k) * math.log1p(-p)
    )
    total = 0.0
    odds = p / (1 - p)
    while 0 <= k <= n and term > total * 1e-17:
        total += term
        if step > 0:
            term *= (n - k) / (k + 1) * odds
        else:
            term *= k / (n - k + 1) / odds
        k += step
    return total


def surely_bad(bad: int, n: int, allowed: float) -> bool:
    """Whether `bad` of `n` is beyond chance when a share `allowed` may be bad.

    At least two bad ones are needed, unless none is allowed.
    """
    if allowed <= 0:
        return bad >= 1
    return bad >= 2 and binomial_tail(bad, n, allowed) <= SURE


def mean_interval(n: int, total: int, squares: int) -> tuple[float, float] | None:
    """95 % interval of a mean: m ± 1.96·s/√n, in the unit of `total`; None below 2 samples.

    Args:
        n: samples.
        total: their sum.
        squares: the sum of their squares.
    """
    if n < 2:
        return None
    mean = total / n
    # n·Σv² - (Σv)² is a difference of whole numbers: no cancellation.
    variance = (n * squares - total * total) / (n * (n - 1))
    half = 1.96 * math.sqrt(variance / n)
    return mean - half, mean + half


def sketch_value(index: int) -> float:
    """The value that a sketch index stands for; relative error at most tanh(0.01)."""
    if index == SKETCH_ZERO:
        return 0.0
    return 2 * math.exp(SKETCH_STEP * (index + 1)) / (math.exp(SKETCH_STEP) + 1)


def ascending(counts: Mapping[int, int]) -> tuple[Ints, Ints]:
    """A histogram as two columns, by key."""
    keys = sorted(counts)
    return (
        np.array(keys, dtype=np.int64),
        np.array([counts[key] for key in keys], dtype=np.int64),
    )


def nearest_rank(keys: Ints, counts: Ints, quantile: float) -> int | None:
    """The key at rank ⌈q·n⌉ of a histogram; None without samples.

    Args:
        keys: ascending.
        counts: of each.
        quantile: between 0 and 1.
    """
    reached = np.cumsum(counts)
    if not len(reached) or reached[-1] <= 0:
        return None
    # 0.95 * 20 is 19.000000000000004 in doubles; the ceiling must not see the dust.
    rank = max(1, math.ceil(round(quantile * int(reached[-1]), 9)))
    return int(keys[np.searchsorted(reached, rank)])


def kaplan_meier(
    done: Mapping[int, int], censored: Mapping[int, int], quantile: float
) -> int | None:
    """The first log index at which the estimated share of those who are done reaches a quantile.

    Args:
        done: how many took how long, by log index.
        censored: how many have waited how long without being done; they are at risk at their
            own index too.
        quantile: between 0 and 1.

    Returns:
        None when it is not reached.

    Source: E. L. Kaplan, P. Meier, JASA 53 (1958).
    """
    at_risk = sum(done.values()) + sum(censored.values())
    left = Fraction(1)
    for index in sorted({*done, *censored}):
        if at_risk > 0 and (ended := done.get(index, 0)):
            left *= Fraction(at_risk - ended, at_risk)
            if 1 - left >= Fraction(quantile).limit_denominator(1_000_000):
                return index
        at_risk -= done.get(index, 0) + censored.get(index, 0)
    return None


def stability_index(now: Sequence[int], reference: Sequence[int]) -> float:
    """How far counts by bin have moved: Σ(p − r)·ln(p/r), with half a count more in each bin.

    Source: population stability index, as in B. Yurdakul, "Statistical properties of
    population stability index" (2018).
    """
    more = len(now) / 2
    n, m = sum(now) + more, sum(reference) + more
    shares = [((a + 0.5) / n, (b + 0.5) / m) for a, b in zip(now, reference, strict=True)]
    return math.fsum((p - r) * math.log(p / r) for p, r in shares)


@lru_cache
def chi_square_quantile(share: float, degrees: int) -> float:
    """The value that a chi-square variable stays below with a probability; exact to 1e-9.

    Source: DLMF 8.7.1, the series of the lower incomplete gamma function.
    """
    low, high = 0.0, float(degrees)
    while _chi_square_below(high, degrees) < share:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        if _chi_square_below(middle, degrees) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _chi_square_below(x: float, degrees: int) -> float:
    a, half = degrees / 2, x / 2
    term = total = math.exp(a * math.log(half) - half - math.lgamma(a + 1))
    place = a
    while term > total * 1e-17:
        place += 1
        term *= half / place
        total += term
    return total
