"""The columns of a staged event: each reading of an attribute that some rule needs, once.

Rules name their columns (`"number http.response.status_code"`); a fold looks up which ones
its rules name and computes each once per event. Planning a statement takes longer than
running it over a thousand events, and grows with every expression in it.

Numbers are read as DECIMAL(18, 6): exact to a millionth, up to 10^12 either way; wider
decimals take fifty times as long to read, and admission refuses what would not fit.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from loopgauge_catalog.quantities import MICRO, UNITS

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_COLUMN = re.compile(r'"([a-z0-9_]+) ([^" ]+)"')


def column(reading: str, name: str) -> str:
    """The column with one reading of an attribute, as a quoted identifier.

    Args:
        reading: `json` (its JSON text), `quoted` (that of a string, else NULL), `string` (a
            string without its quotes, else NULL), `text` (anything as plain text), `flag`,
            `number`, `money` or `micro_<unit>` (both in millionths of the base unit).
        name: the attribute.
    """
    return f'"{reading} {name}"'


@dataclass(frozen=True, slots=True)
class Staging:
    """How events are staged, as SQL.

    Attributes:
        structure: the second argument of `from_json`: every attribute as JSON.
        raw: select list over its result, the struct `a`: the attributes as JSON text.
        readings: select list over those.
    """

    structure: str
    raw: str
    readings: str

    @classmethod
    def of(cls, expressions: Iterable[str]) -> "Staging":
        """All that these expressions name."""
        # A literal may look like a column.
        bare = [_LITERAL.sub("", text) for text in expressions]
        named = sorted({match for text in bare for match in _COLUMN.findall(text)})
        names = sorted({name for _, name in named})
        return cls(
            structure=f"'{json.dumps(dict.fromkeys(names, 'JSON'))}'",
            raw=", ".join(f'a."{name}"::varchar as {column("json", name)}' for name in names),
            readings="".join(
                f", {_reading(reading, name)} as {column(reading, name)}" for reading, name in named
            ),
        )


def _reading(reading: str, name: str) -> str:
    raw = column("json", name)
    match reading:
        case "json":
            return raw
        case "quoted":
            return f"case when {_is_string(raw)} then {raw} end"
        case "string":
            return f"case when {_is_string(raw)} then {_unquoted(raw)} end"
        case "flag":
            return f"case {raw} when 'true' then true when 'false' then false end"
        case "text":
            return f"case when {_is_string(raw)} then {_unquoted(raw)} else {raw} end"
        case "number":
            return f"try_cast({raw} as decimal(18,6))"
        case "money":
            # A decimal string, or whole micro-units; a float of money was refused at admission.
            return (
                f"case when {_is_string(raw)} then {_times(_unquoted(raw), MICRO, 6)} "
                f"when regexp_full_match({raw}, '-?[0-9]+') then try_cast({raw} as bigint) end"
            )
        case _:
            return _micro(raw, reading.removeprefix("micro_"))


def _micro(raw: str, unit: str) -> str:
    """A JSON number, rounded half away from zero at the last place that a millionth needs."""
    factor = UNITS[unit][1] * MICRO
    digits = len(str(int(factor))) - 1
    exact = factor == Decimal(10) ** digits
    # Minutes and hours have no last place that a millionth of a second needs: two more do.
    return _times(raw, int(factor), digits if exact else digits + 2)


def _is_string(raw: str) -> str:
    return f"""starts_with({raw}, '"')"""


def _unquoted(raw: str) -> str:
    return f"{raw}::json->>'$'"


def _times(text: str, factor: int, scale: int) -> str:
    """A number written as text times a factor, as BIGINT; NULL when it is none or too great."""
    # Without the wide factor DuckDB leaves no room for the product, and fails where it needs some.
    return f"try_cast(try_cast({text} as decimal(18,{scale})) * {factor}::decimal(19,0) as bigint)"
