"""How the kinds that follow a subject are computed: who counts, who is pending, who is left out."""

from loopgauge_catalog.calendar import Window
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.handbook import words
from loopgauge_catalog.kpis import HOUR, MINUTE, Conversion, DurationKpi, Funnel, InFlight
from loopgauge_catalog.names import stat_name

_PENDING = "Whoever began, has not ended and still can is shown as pending."


def duration(kpi: DurationKpi, _: Catalog) -> str:
    """How long subjects take, by their start or by their end."""
    if kpi.anchor == "end":
        return _ended(kpi)
    text = (
        f"For each {words.code(kpi.by)}, the time from {words.step(kpi.from_)} to "
        f"{words.either(kpi.to)}"
    )
    if kpi.expires is not None:
        text += (
            f"; whoever is not there within {words.duration(kpi.expires)} counts as never "
            "getting there"
        )
    text += f".{_others(kpi)} {_shown(kpi)}"
    if kpi.target is None:
        return f"{text} {_PENDING}"
    return (
        f"{text} Judged is the exact share that is {words.within(kpi.target)}. "
        f"{_matured(kpi, kpi.target.threshold.micro)}"
    )


def conversion(kpi: Conversion, _: Catalog) -> str:
    """The share of subjects that get to an end."""
    return (
        f"Of the {words.code(kpi.by)} with {words.step(kpi.from_)}, the share that gets to "
        f"{words.either(kpi.to)} within {words.duration(kpi.expires)}.{_others(kpi)} "
        f"{_matured(kpi, kpi.expires)}"
    )


def _ended(kpi: DurationKpi) -> str:
    shown = "the mean" if kpi.shown == "mean" else words.ordinal(kpi.shown)
    others = [words.ordinal(quantile) for quantile in kpi.stats if quantile != kpi.shown]
    stats = words.joined([shown, *others])
    return (
        f"For each {words.code(kpi.by)} that got to {words.either(kpi.to)} "
        f"{words.during(kpi.window)}, the time since its {words.step(kpi.from_)}: {stats}."
        f"{_others(kpi)} What is still open, and since when the oldest is, stands beside it, or "
        "what never ends would look like an improvement."
    )


def funnel(kpi: Funnel, _: Catalog) -> str:
    """How many subjects reach each step."""
    steps = " → ".join(
        f"{name} ({words.either(alternatives)})" if name != alternatives[0].event
        else words.either(alternatives)
        for name, alternatives in zip(kpi.step_names, kpi.steps, strict=True)
    )  # fmt: skip
    return (
        f"Follows each {words.code(kpi.by)} through {len(kpi.steps)} steps in this order, all "
        f"within {words.duration(kpi.expires)} of the first: {steps}. A step counts at its first "
        "event at or after the step before. The value is the share that reaches the last one; "
        "beside it stand every step's share, the median time from step to step, and the step that "
        f"loses most. {_matured(kpi, kpi.expires)}"
    )


def in_flight(kpi: InFlight, _: Catalog) -> str:
    """What has begun and not ended."""
    what = (
        f"Counts the {words.code(kpi.by)}"
        if kpi.value is None
        else f"Adds up {words.code(kpi.value)}, as it was at the start, of every "
        f"{words.code(kpi.by)}"
    )
    text = f"{what} that had {words.step(kpi.from_)} and not yet {words.either(kpi.to)}"
    if kpi.expires is not None:
        text += f"; after {words.duration(kpi.expires)} it is taken for gone"
    if kpi.read == "current" or kpi.window is None:
        return f"{text}. The value is that of now."
    return f"{text}. The value is the most at one time {words.during(kpi.window)}."


def _others(kpi: DurationKpi | Conversion) -> str:
    text = ""
    if kpi.fails:
        text += (
            f" {words.either(kpi.fails)} counts as not done, unless the end still follows in time."
        )
    if kpi.excludes:
        text += f" {words.either(kpi.excludes)} before the end takes it out altogether."
    return text


def _shown(kpi: DurationKpi) -> str:
    assert kpi.shown != "mean"  # an anchor at the start has no mean
    others = [stat_name(quantile) for quantile in kpi.stats if quantile != kpi.shown]
    beside = f", beside it {words.joined(others)}," if others else ""
    return (
        f"Shows {words.ordinal(kpi.shown)}{beside} of those who began {words.during(kpi.window)}; "
        "who still waits counts as waiting there, so nobody who gave up makes it look faster."
    )


def full_chance(micro: int, window: Window) -> int:
    """How long before the end a subject must have begun to be judged (KPI_SEMANTICS, R12).

    Args:
        micro: the time that it has, in microseconds.
        window: of the KPI; a long one is counted by quarters of an hour.
    """
    is_short = window == "day" if isinstance(window, str) else window <= 25 * HOUR
    grain = MINUTE if is_short else 15 * MINUTE
    return -(-micro // grain) * grain


def _matured(kpi: DurationKpi | Conversion | Funnel, micro: int) -> str:
    began = words.ended(kpi.window, full_chance(micro, kpi.window))
    return f"Those count who began {began}, so that all had their full chance. {_PENDING}"
