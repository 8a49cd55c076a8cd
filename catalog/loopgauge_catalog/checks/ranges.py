"""Checks that a target can be met and missed, as far as one knows what the number can be."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.errors import Path
from loopgauge_catalog.kpis.combined import WHOLE
from loopgauge_catalog.quantities import MICRO, UNITS, Dimension, Quantity, format_duration
from loopgauge_catalog.targets import SYMBOLS, Comparator

_HINT = "write a threshold inside that range"
#: Kinds whose number moves in steps of whole things, unless it adds up an attribute.
_COUNTS = ("count", "distinct", "in_flight")


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

    def always(self, comparator: Comparator, threshold: int) -> bool:
        """Whether every number fulfils it."""
        low, high = self.low, self.high
        match SYMBOLS[comparator]:
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

    def never(self, comparator: Comparator, threshold: int) -> bool:
        """Whether no number fulfils it."""
        low, high = self.low, self.high
        match SYMBOLS[comparator]:
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


def _words(micro: int, dimension: Dimension) -> str:
    match dimension:
        case "share":
            return f"{micro / MICRO * 100:g}%"
        case "time":
            return format_duration(micro) if micro > 0 else f"{micro / MICRO:g}s"
        case _:
            return f"{micro / MICRO:g}"


_SHARE = _Range(0, MICRO)


def _range(subject: Subject) -> _Range:
    kpi, value = subject.kpi, subject.measure.attribute
    if kpi.is_share or (kpi.kind == "latest" and kpi.value is None):
        return _SHARE
    if kpi.kind == "composite":
        return _Range(0, WHOLE * MICRO)
    if kpi.kind in ("delta", "cost", "cost_per"):
        return _Range(None, None)  # providers revise their numbers, and give money back
    if value is None:
        return _Range(0, None)
    low, high = bound(value, value.minimum), bound(value, value.maximum)
    if low is None and (subject.dimension in ("time", "share") or kpi.kind == "quantile"):
        low = 0
    is_sum = kpi.kind == "latest" and kpi.combine == "sum" and bool(kpi.per)
    if is_sum or kpi.kind in ("sum", "per", "in_flight"):
        # Many add up beyond one's maximum, and none at all is 0.
        return _Range(0 if low is not None and low >= 0 else None, None)
    if low is not None and high is not None and low > high:
        return _Range(None, None)  # said where it is declared
    return _Range(low, high)


def bound(value: Attribute, given: float | int | None) -> int | None:
    """A bound of an attribute in millionths of the base unit."""
    if given is None:
        return None
    return int(Fraction(str(given)) * Fraction(UNITS[value.unit][1]) * MICRO)


def check_possible(subject: Subject) -> Iterator[Finding]:
    """A target that can never be met, or never be missed."""
    possible = _range(subject)
    for path, target in subject.targets():
        if target.threshold.dimension != subject.dimension:
            continue  # said already
        threshold = target.threshold.micro
        for impossible, what in ((possible.never, "met"), (possible.always, "missed")):
            if impossible(target.comparator, threshold):
                yield Finding(
                    (*path, target.comparator),
                    f"a target of {target.comparator} {target.threshold.text} can never be {what}: "
                    f"{subject.kpi.id} is {possible.words(subject.dimension)}",
                    _HINT,
                )


def check_exact(subject: Subject) -> Iterator[Finding]:
    """A target of exactly a number that is never hit, or only by chance."""
    kpi = subject.kpi
    is_whole = kpi.kind in _COUNTS and getattr(kpi, "value", None) is None
    for path, target in subject.targets():
        threshold = target.threshold
        if target.comparator != "equals" or threshold.dimension != subject.dimension:
            continue
        if is_whole and threshold.micro % MICRO:
            yield Finding(
                (*path, "equals"),
                f"{kpi.id} is a whole number and never exactly {threshold.text}",
                "write at_least or at_most, or a whole number",
            )
        elif (
            kpi.judged_by_share
            or kpi.kind == "mean"
            or (kpi.is_share and threshold.micro not in (0, MICRO))
        ):
            yield Finding(
                (*path, "equals"),
                f"{kpi.id} is exactly {threshold.text} only by chance",
                "write at_least or at_most",
            )


def check_stretch_possible(subject: Subject) -> Iterator[Finding]:
    """A stretch that nobody can reach."""
    target = subject.kpi.target
    if target is None or target.stretch is None or target.lower_is_better is None:
        return
    possible = _range(subject)
    if target.stretch.dimension == subject.dimension and possible.never(
        target.comparator, target.stretch.micro
    ):
        yield Finding(
            subject.at("target", "stretch"),
            f"a stretch of {target.stretch.text} can never be reached: "
            f"{subject.kpi.id} is {possible.words(subject.dimension)}",
            _HINT,
        )


def check_notes_possible(subject: Subject) -> Iterator[Finding]:
    """A note that is never shown."""
    for number, note in enumerate(subject.kpi.notes):
        is_share = any(name.startswith("share_") for name in note.when)
        possible = _SHARE if is_share else _range(subject)
        dimension: Dimension = "share" if is_share else subject.dimension
        for name, quantity in note.when.items():
            yield from _note(
                subject.at("notes", number, "when", name), name, quantity, possible, dimension
            )


def _note(
    path: Path, name: str, quantity: Quantity, possible: _Range, dimension: Dimension
) -> Iterator[Finding]:
    comparator = next((known for known in SYMBOLS if known == name), None)
    if comparator is None or quantity.dimension != dimension:
        return  # what subjects are counted within, or said already
    if possible.never(comparator, quantity.micro):
        yield Finding(
            path,
            f"{name} {quantity.text} never holds: the number is {possible.words(dimension)}",
            _HINT,
        )


CHECKS = (check_possible, check_exact, check_stretch_possible, check_notes_possible)
