"""Intervals, tails and the log sketch, written from the KPI semantics alone."""

import math
from collections.abc import Sequence
from fractions import Fraction

from tests.oracle.attributes import MICRO

Z = 1.959964
#: Stands for everything below a millisecond, which is shown as 0.
_NOTHING = -(10**6)


def wilson(good: int, n: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share; None without samples."""
    if n == 0:
        return None
    p = good / n
    root = Z * math.sqrt(p * (1 - p) * n + Z * Z / 4)
    return (
        max(0.0, (good + Z * Z / 2 - root) / (n + Z * Z)),
        min(1.0, (good + Z * Z / 2 + root) / (n + Z * Z)),
    )


def tail(bad: int, n: int, allowed: Fraction) -> Fraction:
    """P(X ≥ bad) for X binomial(n, allowed), exactly."""
    terms = (math.comb(n, k) * allowed**k * (1 - allowed) ** (n - k) for k in range(bad, n + 1))
    return sum(terms, Fraction(0))


def mean_interval(micros: Sequence[int]) -> tuple[float, float] | None:
    """m ± 1.96·s/√n in the base unit; None below two values."""
    n = len(micros)
    if n < 2:
        return None
    mean = Fraction(sum(micros), n)
    spread = sum((micro - mean) ** 2 for micro in micros) / (n - 1)
    half = 1.96 * math.sqrt(spread / n)
    return (float(mean) - half) / MICRO, (float(mean) + half) / MICRO


def sketch_index(micro: int) -> int:
    """j = ⌊ln(x / 1 s) / 0.02⌋."""
    return _NOTHING if micro < 1000 else math.floor(math.log(micro / MICRO) / 0.02)


def shown(index: int) -> float:
    """The value that an index is shown as."""
    return 0.0 if index == _NOTHING else 2 * math.exp(0.02 * (index + 1)) / (math.exp(0.02) + 1)


def nearest_rank(ascending: Sequence[int], quantile: float) -> int:
    """The ⌈qn⌉-th smallest."""
    return ascending[max(1, math.ceil(Fraction(repr(quantile)) * len(ascending))) - 1]


def stat_name(quantile: float) -> str:
    """``p95``."""
    return f"p{float(Fraction(repr(quantile)) * 100):g}"


def chi_square_95(degrees: int) -> float:
    """The 95 % quantile of χ², by bisection over its distribution function."""
    low, high = 0.0, 10.0 * degrees + 20
    for _ in range(200):
        middle = (low + high) / 2
        if _chi_square_below(middle, degrees) < 0.95:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _chi_square_below(x: float, degrees: int) -> float:
    """Regularised lower incomplete gamma P(k/2, x/2), as a power series."""
    a, z = degrees / 2, x / 2
    if z == 0:
        return 0.0
    term = total = 1 / a
    step = 1
    while term > total * 1e-17:
        term *= z / (a + step)
        total += term
        step += 1
    return total * math.exp(a * math.log(z) - z - math.lgamma(a))
