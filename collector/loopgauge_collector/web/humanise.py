"""Numbers as people read them, for the page and the command line.

Rounded for the eye: whoever compares reads the API.
"""

import math

_CURRENCIES = {"usd": "$", "eur": "€"}


def amount(value: float | None, unit: str) -> str:
    """A KPI's value with its unit: ``250 ms``, ``3.4 %``, ``$2.10``, ``12``; ``–`` without one.

    Args:
        value: in the base unit; None when it is not defined.
        unit: how the KPI's metric ends, such as ``seconds``; empty for plain numbers.
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "seconds":
        return duration(value)
    if unit == "ratio":
        return _percent(value)
    if unit in _CURRENCIES:
        return _money(value, _CURRENCIES[unit])
    if unit == "bytes":
        return size(value)
    words = "h" if unit == "hours" else unit.replace("_", " ")
    return f"{_plain(value)} {words}".rstrip()


def duration(seconds: float) -> str:
    """Seconds as ``80 ms``, ``2.5 s``, ``4 m 10 s``, ``3 h 20 m`` or ``2 d 4 h``."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds == 0:
        return "0 s"
    if seconds < 0.9995:
        return f"{_digits(seconds * 1000, 3)} ms"
    for large, length, small, below in (
        ("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1),
    ):  # fmt: skip
        whole, rest = divmod(round(seconds / below), length // below)
        if whole:
            return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
    return f"{seconds:.3g} s"


def age(seconds: float | None) -> str:
    """How long ago, in one unit: ``now``, ``42 s``, ``5 min``, ``3 h``, ``12 d``."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return "now"
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def size(count: float) -> str:
    """Bytes as ``512 B``, ``4 KiB`` or ``46.6 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{_digits(count, 3)} {unit}"
        count /= 1024
    return f"{_digits(count, 3)} TiB"


def _percent(share: float) -> str:
    bad = (1 - share) * 100
    if 0 < bad < 10:  # near 100 % the missing part is what matters
        decimals = min(4, 1 - math.floor(math.log10(bad)))
        return f"{share * 100:.{decimals}f} %"
    if abs(share) >= 10:
        return f"{share * 100:,.0f} %"
    return f"{_digits(share * 100, 3)} %"


def _money(value: float, sign: str) -> str:
    minus = "-" if value < 0 else ""
    value = abs(value)
    if 0 < value < 0.01:
        return f"{minus}{sign}{value:.2g}"
    return f"{minus}{sign}{value:,.2f}"


def _plain(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return _digits(value, 4)


def _digits(value: float, least: int) -> str:
    """At least so many digits that count: ``1,010`` and ``0.000012``, not ``1.01e+03``."""
    text = f"{value:,.{least}g}"
    if "e" not in text or not 1e-6 <= abs(value) < 1e15:
        return text
    return f"{value:,.0f}" if abs(value) >= 1 else f"{value:.{least + 4}f}".rstrip("0")
