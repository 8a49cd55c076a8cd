"""Targets: the comparator, the threshold and what "met" means, exactly.

KPI_SEMANTICS section 4: exactly at a strict target is a miss, exactly at an
inclusive one is met.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import MICRO, Quantity

Comparator = Literal["within", "at_most", "below", "under", "at_least", "above", "equals"]

#: Every comparator; a target has exactly one.
COMPARATORS: tuple[Comparator, ...] = (
    "within", "at_most", "below", "under", "at_least", "above", "equals",
)  # fmt: skip

#: How a comparator is written between two numbers, in SQL, PromQL and on pages.
SYMBOLS: dict[Comparator, str] = {
    "within": "<=",
    "at_most": "<=",
    "below": "<",
    "under": "<",
    "at_least": ">=",
    "above": ">",
    "equals": "=",
}


def default_min_samples(allowed: float) -> int:
    """Samples below which a share is too few to judge: clamp(ceil(5 / allowed), 20, 1000).

    Args:
        allowed: the bad share that the target allows.
    """
    if allowed <= 0:
        return 1
    # 5 / 0.05 is 100.00000000000001 in doubles; the ceiling must not see the dust.
    return min(1000, max(20, math.ceil(round(5 / allowed, 9))))


class Target(Model):
    """``{within: 15m, share: 80%}``: one comparator, and the share that must fulfil it.

    ``share`` belongs to kinds that judge single events or subjects (quantile,
    duration). ``stretch`` is shown and never alerts.
    """

    within: Quantity | None = None
    at_most: Quantity | None = None
    below: Quantity | None = None
    under: Quantity | None = None
    at_least: Quantity | None = None
    above: Quantity | None = None
    equals: Quantity | None = None
    share: Annotated[Quantity | None, Field(description="Share that must fulfil it, as 95%")] = None
    stretch: Quantity | None = None

    @model_validator(mode="after")
    def _one_comparator(self) -> Self:
        given = [name for name in COMPARATORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "a target has exactly one of "
                + ", ".join(COMPARATORS)
                + (f"; this one has {', '.join(given)}, delete all but one" if given else "")
            )
        return self

    @field_validator("share")
    @classmethod
    def _some_share(cls, share: Quantity | None) -> Quantity | None:
        if share is None or (share.dimension == "share" and 0 < share.micro <= MICRO):
            return share
        is_fraction = share.dimension == "number" and 0 < share.micro <= MICRO
        proposal = f"write {share.value * 100:g}%" if is_fraction else "write for example 95%"
        raise ValueError(
            f"{share.text} is no share that must fulfil it, which is above 0% and up to 100%; "
            f"{proposal}"
        )

    @property
    def comparator(self) -> Comparator:
        """The one comparator that is given."""
        return next(name for name in COMPARATORS if getattr(self, name) is not None)

    @property
    def threshold(self) -> Quantity:
        """What the comparator compares with."""
        quantity = getattr(self, self.comparator)
        assert isinstance(quantity, Quantity)  # the validator saw to it
        return quantity

    @property
    def symbol(self) -> str:
        """``<``, ``<=``, ``>``, ``>=`` or ``=``."""
        return SYMBOLS[self.comparator]

    @property
    def lower_is_better(self) -> bool | None:
        """True for an upper limit, False for a floor, None for ``equals``."""
        return {"<": True, "<=": True, ">": False, ">=": False}.get(self.symbol)

    def met_by(self, micro: int, per: int = 1) -> bool:
        """Whether ``micro / per`` fulfils the comparator, in whole numbers.

        Args:
            micro: the number in millionths (or a sum of them).
            per: what it is divided by, more than 0.
        """
        threshold = self.threshold.micro * per
        match self.symbol:
            case "<=":
                return micro <= threshold
            case "<":
                return micro < threshold
            case ">=":
                return micro >= threshold
            case ">":
                return micro > threshold
            case _:
                return micro == threshold

    def words(self) -> str:
        """The target as a person reads it: ``≤ 15m for 80%``."""
        sign = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> "}.get(self.symbol, "= ")
        text = sign + self.threshold.text
        return f"{text} for {self.share.text}" if self.share is not None else text
