"""Checks that a target says something: in the KPI's unit, judged and shown as one thing."""

from collections.abc import Iterator

from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.errors import Path, article
from loopgauge_catalog.kpis import DurationKpi, Kpi, QuantileKpi
from loopgauge_catalog.quantities import MICRO, Dimension, Quantity

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
_ROLLING = {"day": "24h", "week": "7d", "month": "28d", "sprint": "14d"}
_SIGNS = {"usd": "$", "eur": "€"}


def check_dimension(subject: Subject) -> Iterator[Finding]:
    """A threshold in another unit than the KPI: 0.95 where 95% is meant."""
    if not subject.has_unit:
        return  # what is wrong with its attribute is said there
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
        if quantity.text.lstrip("-")[0] != _SIGNS[unit]:
            yield Finding(
                path,
                f"{quantity.text} is not in {unit}, the KPI's currency",
                f"write an amount such as {_SIGNS[unit]}3.00",
            )


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
            return f"write {_SIGNS.get(subject.measure.unit, '$')}{quantity.text}"


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
    target, shown = kpi.target, _shown(kpi)
    if target is None or target.share is None or shown is None or target.share.micro == MICRO:
        return
    # That 95 % are at least 7 is the same as that the 5 % quantile is.
    is_floor = target.lower_is_better is False
    judged = MICRO - target.share.micro if is_floor else target.share.micro
    if judged == round(shown * MICRO):
        return
    field = "quantile" if isinstance(kpi, QuantileKpi) else "show"
    yield Finding(
        subject.at("target", "share"),
        f"the share of {target.share.text} is judged, but quantile {shown:g} is shown, "
        "so the number and the state may disagree",
        f"write {field}: {judged / MICRO:g}",
        severity="warning",
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


def check_calendar_floor(subject: Subject) -> Iterator[Finding]:
    """A least amount for a period that still runs: it is missed in its last minute, or never."""
    kpi = subject.kpi
    if kpi.kind not in {"count", "sum", "distinct"} or kpi.period is None:
        return
    for path, target in subject.targets():
        if target.lower_is_better is False:
            yield Finding(
                path,
                f"the running {kpi.period} may reach {target.threshold.text} until it ends, "
                "so nobody would hear that it was missed",
                f"take a rolling window such as {_ROLLING[kpi.period]}",
            )


CHECKS = (
    check_dimension,
    check_calendar_floor,
    check_share,
    check_shown,
    check_stretch,
    check_better,
)
