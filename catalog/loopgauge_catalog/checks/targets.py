"""Checks that a target says something: in the right unit, and possible to meet and to miss."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.errors import Path, article
from loopgauge_catalog.kpis import SHARE_KINDS, DurationKpi, Kpi, QuantileKpi
from loopgauge_catalog.kpis.combined import WHOLE
from loopgauge_catalog.quantities import MICRO, UNITS, Dimension, Quantity, format_duration
from loopgauge_catalog.targets import Target

_WANTED: dict[Dimension, str] = {
    "time": "a duration",
    "share": "a percentage",
    "money": "an amount of money",
    "number": "a plain number",
}
_EXAMPLES: dict[Dimension, str] = {
    "time": "200ms",
    "share": "95%",
    "money": "$3.00",
    "number": "4.5",
}
_SIGNS = {"$": "usd", "€": "eur"}


def check_dimension(subject: Subject) -> Iterator[Finding]:
    """A threshold in another unit than the KPI: 0.95 where 95% is meant."""
    for path, target in subject.targets():
        for field in (target.comparator, "stretch"):
            quantity = getattr(target, field)
            if quantity is not None:
                yield from _dimension((*path, field), quantity, subject)


def _dimension(path: Path, quantity: Quantity, subject: Subject) -> Iterator[Finding]:
    if quantity.dimension != subject.dimension:
        yield Finding(
            path,
            f"{quantity.text} is {_WANTED[quantity.dimension]}, "
            f"and {subject.kpi.id} is {_WANTED[subject.dimension]}",
            _rewritten(quantity, subject),
        )
    elif quantity.dimension == "money":
        unit = subject.measure.unit
        if _SIGNS[quantity.text.lstrip("-")[0]] != unit:
            yield Finding(path, f"{quantity.text} is not in {unit}, the KPI's currency")


def _rewritten(quantity: Quantity, subject: Subject) -> str:
    """The amount in the KPI's unit, where one can guess what was meant."""
    if quantity.dimension != "number":
        return f"write an amount such as {_EXAMPLES[subject.dimension]}"
    match subject.dimension:
        case "share":
            # Nobody means 0.95 % by 0.95, and nobody means 9500 % by 95.
            percent = quantity.value * 100 if quantity.micro <= MICRO else quantity.value
            return f"write {percent:g}%"
        case "time":
            return f"write {quantity.text}s"
        case _:
            signs = {currency: sign for sign, currency in _SIGNS.items()}
            return f"write {signs.get(subject.measure.unit, '$')}{quantity.text}"


def check_share(subject: Subject) -> Iterator[Finding]:
    """`share` with a kind that judges no single events, or one that does without it."""
    kpi = subject.kpi
    for path, target in subject.targets():
        if target.threshold.dimension != subject.dimension:
            continue  # said already, and what is meant is not known
        if not kpi.judged_by_share:
            if target.share is not None:
                yield Finding(
                    (*path, "share"),
                    f"{article(kpi.kind)} is one number, "
                    "so there is no share of events within the target",
                    "delete share",
                )
        elif target.share is None:
            what = "subjects" if isinstance(kpi, DurationKpi) else "events"
            yield Finding(
                path,
                f"{article(kpi.kind)} is judged by the share of {what} within the threshold",
                f"add share: {(_shown(kpi) or 0.95) * 100:g}%",
            )
        elif isinstance(kpi, DurationKpi) and not target.lower_is_better:
            yield Finding(
                (*path, target.comparator),
                "a duration is judged by who is done within the threshold",
                f"write within: {target.threshold.text}",
            )


def _shown(kpi: Kpi) -> float | None:
    """The quantile that the row itself says is shown."""
    if isinstance(kpi, QuantileKpi):
        return kpi.quantile
    shown = kpi.show if isinstance(kpi, DurationKpi) else None
    return None if shown == "mean" else shown


def check_shown(subject: Subject) -> Iterator[Finding]:
    """Another quantile than is judged; the greatest of all has no rank of its own to show."""
    kpi = subject.kpi
    share = None if kpi.target is None else kpi.target.share
    shown = _shown(kpi)
    if share is None or shown is None or share.micro in (MICRO, round(shown * MICRO)):
        return
    field = "quantile" if isinstance(kpi, QuantileKpi) else "show"
    yield Finding(
        subject.at("target", "share"),
        f"the share of {share.text} is judged, but quantile {shown:g} is shown, "
        "so the number and the state may disagree",
        f"write {field}: {share.micro / MICRO:g}",
        severity="warning",
    )


@dataclass(frozen=True, slots=True)
class _Range:
    """What a KPI's number can be, in millionths; None is without end."""

    low: int | None
    high: int | None

    def words(self, dimension: Dimension) -> str:
        if self.low is not None and self.high is not None:
            return f"between {_words(self.low, dimension)} and {_words(self.high, dimension)}"
        if self.low is not None:
            return f"at least {_words(self.low, dimension)}"
        assert self.high is not None  # a range without both ends is never named
        return f"at most {_words(self.high, dimension)}"


def _words(micro: int, dimension: Dimension) -> str:
    match dimension:
        case "share":
            return f"{micro / MICRO * 100:g}%"
        case "time":
            return format_duration(micro) if micro > 0 else f"{micro / MICRO:g}s"
        case _:
            return f"{micro / MICRO:g}"


def _range(subject: Subject) -> _Range:
    kpi, value = subject.kpi, subject.measure.attribute
    if kpi.kind in SHARE_KINDS or (kpi.kind == "latest" and kpi.value is None):
        return _Range(0, MICRO)
    if kpi.kind == "composite":
        return _Range(0, WHOLE * MICRO)
    if kpi.kind in ("delta", "cost", "cost_per"):
        return _Range(None, None)  # providers revise their numbers, and give money back
    if value is None:
        return _Range(0, None)
    low, high = _bound(value, value.minimum), _bound(value, value.maximum)
    if low is None and (subject.dimension in ("time", "share") or kpi.kind == "quantile"):
        low = 0
    is_sum = kpi.kind == "latest" and kpi.combine == "sum" and bool(kpi.per)
    if is_sum or kpi.kind in ("sum", "per", "in_flight"):
        # Many add up beyond one's maximum, and none at all is 0.
        return _Range(0 if low is not None and low >= 0 else None, None)
    return _Range(low, high)


def _bound(value: Attribute, bound: float | int | None) -> int | None:
    if bound is None:
        return None
    return int(Fraction(str(bound)) * Fraction(UNITS[value.unit][1]) * MICRO)


def _always(target: Target, threshold: int, possible: _Range) -> bool:
    low, high = possible.low, possible.high
    match target.symbol:
        case "<=":
            return high is not None and high <= threshold
        case "<":
            return high is not None and high < threshold
        case ">=":
            return low is not None and low >= threshold
        case ">":
            return low is not None and low > threshold
        case _:
            return low == high == threshold


def _never(target: Target, threshold: int, possible: _Range) -> bool:
    low, high = possible.low, possible.high
    match target.symbol:
        case "<=":
            return low is not None and low > threshold
        case "<":
            return low is not None and low >= threshold
        case ">=":
            return high is not None and high < threshold
        case ">":
            return high is not None and high <= threshold
        case _:
            below = low is not None and threshold < low
            return below or (high is not None and threshold > high)


def check_possible(subject: Subject) -> Iterator[Finding]:
    """A target that can never be met, or never be missed."""
    possible = _range(subject)
    for path, target in subject.targets():
        if target.threshold.dimension != subject.dimension:
            continue  # said already
        for impossible, what in ((_never, "met"), (_always, "missed")):
            if impossible(target, target.threshold.micro, possible):
                yield Finding(
                    (*path, target.comparator),
                    f"a target of {target.comparator} {target.threshold.text} can never be {what}: "
                    f"{subject.kpi.id} is {possible.words(subject.dimension)}",
                    "write a threshold inside that range",
                )


def check_stretch(subject: Subject) -> Iterator[Finding]:
    """A stretch that is easier than the target."""
    target = subject.kpi.target
    if target is None or target.stretch is None:
        return
    path = subject.at("target", "stretch")
    if target.lower_is_better is None:
        yield Finding(path, "an exact target has no stretch", "delete it")
        return
    gain = target.stretch.micro - target.threshold.micro
    if (gain >= 0) if target.lower_is_better else (gain <= 0):
        yield Finding(
            path,
            f"the stretch of {target.stretch.text} is no harder than "
            f"{target.comparator} {target.threshold.text}",
            "swap them" if gain else "delete it",
        )


def check_better(subject: Subject) -> Iterator[Finding]:
    """A wanted direction against the target's."""
    target, better = subject.kpi.target, subject.kpi.better
    if target is None or better is None or target.lower_is_better is None:
        return
    wanted = "lower" if target.lower_is_better else "higher"
    if better != wanted:
        yield Finding(
            subject.at("better"),
            f"{better} is not better for a target of {target.comparator} {target.threshold.text}",
            "delete it; the target says which way is good",
        )


CHECKS = (
    check_dimension,
    check_share,
    check_shown,
    check_possible,
    check_stretch,
    check_better,
)
