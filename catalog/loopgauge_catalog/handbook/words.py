"""The pieces of a sentence: durations, lists, filters, events, as a person would write them."""

from collections.abc import Iterable

from loopgauge_catalog.calendar import Period
from loopgauge_catalog.filters import Condition, Filter, Scalar
from loopgauge_catalog.kpis import Step
from loopgauge_catalog.quantities import Quantity, format_duration
from loopgauge_catalog.targets import Target

_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}


def code(text: str) -> str:
    """A name as it stands in the file."""
    return f"`{text}`"


def codes(names: Iterable[str], last: str = "and") -> str:
    """Names in a row: `a`, `b` and `c`."""
    return joined((code(name) for name in names), last)


def joined(parts: Iterable[str], last: str = "and") -> str:
    """Parts of a sentence in a row: a, b and c."""
    *before, end = parts
    return f"{', '.join(before)} {last} {end}" if before else end


def counted(number: int, thing: str) -> str:
    """``1 sample``, ``100 samples``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def raised(text: str) -> str:
    """With a capital letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """Without one, unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def duration(micro: int) -> str:
    """``15 minutes``, ``28 days``, ``200 ms``."""
    text = format_duration(micro)
    number, unit = text.rstrip("dhmsu"), text.lstrip("0123456789")
    return counted(int(number), _UNITS[unit]) if unit in _UNITS else f"{number} {unit}"


def amount(quantity: Quantity) -> str:
    """An amount of the catalog: ``15 minutes``, ``95%``, ``$3.00``."""
    return duration(quantity.micro) if quantity.dimension == "time" else quantity.text


def distance(quantity: Quantity) -> str:
    """How far two amounts are apart: ``5 points``, ``1 hour``."""
    if quantity.dimension == "share":
        return f"{quantity.value * 100:g} points"
    return amount(quantity)


def ordinal(quantile: float) -> str:
    """``the median``, ``the 95th percentile``."""
    if quantile == 0.5:
        return "the median"
    percent = f"{round(quantile * 100, 6):g}"
    teens = percent[-2:] in {"11", "12", "13"}
    ending = {"1": "st", "2": "nd", "3": "rd"}.get(percent[-1], "th") if not teens else "th"
    return f"the {percent}{ending} percentile"


def during(window: int | Period) -> str:
    """When: ``in the last 28 days``, ``in the running month``."""
    if isinstance(window, int):
        return f"in the last {duration(window).removeprefix('1 ')}"
    return "today" if window == "day" else f"in the running {window}"


def ended(window: int | Period, ago: int) -> str:
    """When, with both bounds moved back: ``in the 28 days that ended 15 minutes ago``."""
    if isinstance(window, int):
        return f"in the {duration(window).removeprefix('1 ')} that ended {duration(ago)} ago"
    return f"{during(window)}, its bounds moved back by {duration(ago)}"


def event(name: str, where: Filter) -> str:
    """An event, with what is asked of it."""
    return f"{code(name)} where {conditions(where)}" if where else code(name)


def step(of: Step) -> str:
    """A step's event."""
    return event(of.event, of.where)


def either(steps: tuple[Step, ...]) -> str:
    """Any of several events."""
    return joined((step(one) for one in steps), "or")


def conditions(where: Filter) -> str:
    """What a filter asks, as half a sentence."""
    return joined(
        f"{code(name)} is {joined(_asked(condition))}" for name, condition in where.root.items()
    )


def _asked(condition: Condition) -> Iterable[str]:
    if condition.equals is not None:
        yield _value(condition.equals)
    if condition.not_equals is not None:
        yield f"not {_value(condition.not_equals)}"
    if condition.in_ is not None:
        yield joined(map(_value, condition.in_), "or")
    if condition.not_in is not None:
        yield f"none of {', '.join(map(_value, condition.not_in))}"
    for word, bound in (
        ("at least", condition.at_least), ("above", condition.above),
        ("at most", condition.at_most), ("below", condition.below),
    ):  # fmt: skip
        if bound is not None:
            yield f"{word} {bound}"


def _value(scalar: Scalar) -> str:
    return str(scalar).lower() if isinstance(scalar, bool) else code(str(scalar))


def within(target: Target) -> str:
    """``below 2 seconds``: what a single event or subject must fulfil."""
    return f"{target.comparator.replace('_', ' ')} {amount(target.threshold)}"
