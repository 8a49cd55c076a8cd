"""What is wanted of a KPI, from how many samples on it is judged, and what was assumed."""

from collections.abc import Iterator

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.handbook import words
from loopgauge_catalog.kpis import SHARE_KINDS, DurationKpi, Kpi, QuantileKpi
from loopgauge_catalog.kpis.base import Alert, Windowed
from loopgauge_catalog.quantities import MICRO, Quantity
from loopgauge_catalog.targets import COMPARATORS, Comparator, Target, default_min_samples

_COMPARED: dict[Comparator, str] = {
    "within": "at most", "at_most": "at most", "below": "less than", "under": "less than",
    "at_least": "at least", "above": "more than", "equals": "exactly",
}  # fmt: skip

#: Means are judged from so many on, because their interval says nothing below.
_MEAN_SAMPLES = 20

_DURATIONS = {"window", "expires", "stale_after", "drop_after", "every", "grace"}
#: What a field is called, where its name says too little.
_FIELDS = {
    "expires": "limit", "target.share": "share within the target", "min_samples": "least samples",
    "stale_after": "stale after", "drop_after": "gone after", "every": "length of a slot",
    "matching": "what counts as good enough", "limit": "quota", "escalate": "graver threshold",
    "bins": "number of bins", "status": "what is on track",
}  # fmt: skip


def target_words(kpi: Kpi) -> str:
    """The target in words: ``at least 80% take at most 15m``."""
    if kpi.target is None:
        better = {"higher": " Higher is better.", "lower": " Lower is better."}
        return f"None.{better.get(kpi.better or '', '')}"
    text = words.raised(_wanted(kpi, kpi.target)) + "."
    if kpi.each:
        text += f" It holds for every {words.codes(kpi.each)} with enough samples too."
    if kpi.target.stretch is not None:
        text += f" Stretch: {kpi.target.stretch.text}, shown and never alerted."
    return text


def _wanted(kpi: Kpi, target: Target) -> str:
    amount = f"{_COMPARED[target.comparator]} {words.amount(target.threshold)}"
    if not kpi.judged_by_share:
        return amount
    share = "all" if target.share is None or target.share.micro == MICRO else target.share.text
    verb = "take" if isinstance(kpi, DurationKpi) else "are"
    return f"at least {share} {verb} {amount}" if share != "all" else f"all {verb} {amount}"


def allowed_share(kpi: Kpi) -> float | None:
    """The bad share that the target allows; None for kinds that are not judged one by one."""
    target = kpi.target
    if target is None:
        return None
    if isinstance(kpi, QuantileKpi | DurationKpi):
        wanted = MICRO if target.share is None else target.share.micro
        return (MICRO - wanted) / MICRO
    if kpi.kind not in SHARE_KINDS:
        return None
    threshold = target.threshold.micro
    is_floor = target.lower_is_better is False or threshold == MICRO
    return (MICRO - threshold if is_floor else threshold) / MICRO


def rules(kpi: Kpi) -> Iterator[str]:
    """What else decides the state, a sentence each."""
    least = kpi.min_samples
    allowed = allowed_share(kpi)
    if kpi.target is not None and (allowed is not None or kpi.kind == "mean"):
        if least is None:
            least = _MEAN_SAMPLES if allowed is None else default_min_samples(allowed)
        fewer = least > 1 and kpi.kind != "mean"
        yield f"Judged from {words.counted(least, 'sample')} on" + (
            "; with fewer only a miss that chance does not explain." if fewer else "."
        )
    if kpi.target is not None and kpi.target.lower_is_better is False and _waits(kpi):
        yield "A miss is not judged before there is data of the whole window."
    if kpi.stale_after is not None:
        yield f"Stale after {words.duration(kpi.stale_after)} without a report."
    if kpi.zero_ok:
        yield "If nothing was ever sent, that is a true 0."
    for note in kpi.notes:
        asked = words.joined(
            f"the share of those {_COMPARED[_comparator(name)]} {words.amount(quantity)}"
            if name.startswith("share_")
            else f"it is {_COMPARED[_comparator(name)]} {words.amount(quantity)}"
            for name, quantity in note.when.items()
        )
        yield f"Note when {asked}: “{note.says}”"


def _comparator(name: str) -> Comparator:
    asked = name.removeprefix("share_")
    return next(comparator for comparator in COMPARATORS if comparator == asked)


def _waits(kpi: Kpi) -> bool:
    return kpi.kind in {"count", "sum", "distinct"} and isinstance(kpi, Windowed)


def alert_words(kpi: Kpi, catalog: Catalog) -> str:
    """Who is told, how loudly and when."""
    if kpi.alert is None:
        return "Nobody; it is shown."
    text = f"{_told(kpi.alert, kpi, catalog)}."
    if kpi.escalate is not None:
        text += (
            f" The graver threshold is {_wanted(kpi, kpi.escalate.target)}: "
            f"{_told(kpi.escalate.alert, kpi, catalog)}."
        )
    return text


def _told(alert: Alert, kpi: Kpi, catalog: Catalog) -> str:
    team = catalog.products[kpi.product].teams.get(alert.team)
    ways = [way for way in (team.slack, team.email) if way is not None] if team else []
    whom = f"{alert.team} ({', '.join(ways)})" if ways else alert.team
    if alert.burn:
        when = "when failures use up the error budget fast"
    elif alert.hold is None:
        when = "as soon as it is missed"
    else:
        when = f"when it was missed for {words.duration(alert.hold)}"
    return {
        "page": f"{whom} is paged {when}",
        "ticket": f"{whom} gets a ticket {when}",
        "info": f"{whom} sees a note {when}; nobody is called",
    }[alert.severity]


def assumed_words(kpi: Kpi) -> str:
    """What the document leaves open, so that it was chosen in the catalog; empty if nothing."""
    if isinstance(kpi.assumed, bool) or not kpi.assumed:
        return "every number" if kpi.assumed else ""
    return ", ".join(_assumed(kpi, name) for name in kpi.assumed)


def _assumed(kpi: Kpi, name: str) -> str:
    """A field and, where it is one amount, what was chosen."""
    value: object = kpi
    for part in name.split("."):
        value = getattr(value, part, None)
    text = _FIELDS.get(name, name)
    match value:
        case Target():
            return f"{text} ({_wanted(kpi, value)})"
        case Quantity():
            return f"{text} ({words.amount(value)})"
        case int() if name in _DURATIONS:
            return f"{text} ({words.duration(value)})"
        case int() | float() | str() if not isinstance(value, bool):
            return f"{text} ({value:,})" if isinstance(value, int) else f"{text} ({value})"
    return text
