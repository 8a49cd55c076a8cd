"""The oracle's answer: a KPI's number over one window, and its state."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.statistics import wilson


@dataclass
class Answer:
    """What the kinds fill in, and what the decision table adds.

    Attributes:
        value: in the base unit; None when undefined, infinity for "beyond the limit".
        samples: what the value rests on.
        hits: for shares, how many of the samples are in the numerator or within the target.
        share: for kinds that judge single events or subjects.
        pending: subjects whose chance is still open.
        late: subjects that ended after their limit.
        maybe_pending: subjects that have failed and succeed later; before that, either will do.
        unpriced: costs whose amount nobody knows.
        stats: further numbers.
        notes: further facts that are no numbers, as the name of the worst step.
        ages: of label sets that count, for kinds that know by themselves that they are stale.
    """

    start: int | None = None
    end: int = 0
    value: Fraction | float | None = None
    samples: int = 0
    hits: int = 0
    ineligible: int = 0
    share: Fraction | None = None
    interval: tuple[float, float] | None = None
    pending: int | None = None
    maybe_pending: int = 0
    late: int = 0
    unpriced: int = 0
    stats: dict[str, float | Fraction] = field(default_factory=dict)
    notes: dict[str, str | None] = field(default_factory=dict)
    ages: list[tuple[int, int]] = field(default_factory=list)
    state: str = ""
    sure: bool = False
    breakdowns: dict[str, dict[str, "Answer"]] = field(default_factory=dict)

    @classmethod
    def of_share(cls, hits: int, n: int) -> "Answer":
        """A share with its interval; undefined without samples, never 0 or 100 %."""
        value = Fraction(hits, n) if n else None
        return cls(value=value, samples=n, hits=hits, interval=wilson(hits, n))
