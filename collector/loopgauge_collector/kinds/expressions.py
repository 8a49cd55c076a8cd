"""Catalog filters and values as SQL over staged events.

Numbers are read as DECIMAL(18, 6): exact to a millionth, up to 10^12 either way; wider
decimals take fifty times as long to read, and admission refuses what would not fit.

A staged event has its attributes as JSON text in the struct column `a`, so that a
type is seen and never coerced: `"12"` is a string, 12 a number. Every expression is
three-valued, and NULL means "not eligible" (KPI_SEMANTICS, R6). Names were checked
by the catalog's patterns; values are written as literals by `_literal`.
"""

import json
import math
import re
from decimal import Decimal

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.filters import Condition, Filter, Scalar
from loopgauge_catalog.quantities import MICRO, UNITS

#: Text that JSON writes as it is.
_PLAIN = re.compile(r"[ !#-\[\]-~]*")

_ORDER = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}


def attribute(name: str) -> str:
    """The attribute's JSON text, NULL when missing or null."""
    return f'a."{name}"::varchar'


def _is_string(name: str) -> str:
    return f"""starts_with({attribute(name)}, '"')"""


def _unquoted(name: str) -> str:
    return f"""a."{name}"->>'$'"""


def text(name: str) -> str:
    """The attribute as plain text: strings without their quotes, others as written."""
    return f"case when {_is_string(name)} then {_unquoted(name)} else {attribute(name)} end"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _literal(name: str, value: Scalar) -> tuple[str, str]:
    """The attribute, typed like the value, and the value: two sides of a comparison."""
    column = attribute(name)
    if isinstance(value, bool):
        typed = f"case {column} when 'true' then true when 'false' then false end"
        return typed, "true" if value else "false"
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            # Its JSON text is the value in quotes, so nothing has to be unquoted.
            return f"case when {_is_string(name)} then {column} end", _quoted(f'"{value}"')
        return f"case when {_is_string(name)} then {_unquoted(name)} end", _quoted(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    number = f"try_cast({column} as decimal(18,6))"
    return number, f"{Decimal(str(value)):f}::decimal(18,6)"


def condition(name: str, asked: Condition) -> list[str]:
    """What one attribute has to fulfil, as SQL expressions that must all hold."""
    parts: list[str] = []
    if asked.equals is not None:
        left, right = _literal(name, asked.equals)
        parts.append(f"{left} = {right}")
    if asked.not_equals is not None:
        left, right = _literal(name, asked.not_equals)
        parts.append(f"{left} <> {right}")
    for values, operator, joined in ((asked.in_, "in", " or "), (asked.not_in, "not in", " and ")):
        by_type: dict[str, list[str]] = {}
        for left, right in (_literal(name, value) for value in values or ()):
            by_type.setdefault(left, []).append(right)
        if by_type:
            lists = [f"{left} {operator} ({', '.join(of)})" for left, of in by_type.items()]
            parts.append(f"({joined.join(lists)})")
    for field, operator in _ORDER.items():
        bound = getattr(asked, field)
        if bound is not None:
            left, right = _literal(name, bound)
            parts.append(f"{left} {operator} {right}")
    return parts


def filter_sql(asked: Filter) -> str:
    """Whether an event matches; NULL as soon as one attribute is missing or of a wrong type."""
    parts = [part for name, wanted in asked.root.items() for part in condition(name, wanted)]
    if not parts:
        return "true"
    if len(parts) == 1:
        return f"({parts[0]})"
    # SQL's own AND says false for (false, NULL); here a NULL must win, as it does in `&`.
    return f"({' & '.join(f'({part})::tinyint' for part in parts)})::boolean"


def micro(name: str, declared: Attribute) -> str:
    """The attribute in millionths of its base unit, as BIGINT; NULL when it is no such number.

    A JSON number is rounded half away from zero at the last place that a millionth needs.
    """
    column = attribute(name)
    if declared.type == "money":
        # A decimal string, or whole micro-units; a float of money was refused at admission.
        return (
            f"case when {_is_string(name)} then {_times(_unquoted(name), MICRO, 6)} "
            f"when regexp_full_match({column}, '-?[0-9]+') then try_cast({column} as bigint) end"
        )
    factor = UNITS[declared.unit][1] * MICRO
    digits = len(str(int(factor))) - 1
    exact = factor == Decimal(10) ** digits
    # Minutes and hours have no last place that a millionth of a second needs: two more do.
    return _times(column, int(factor), digits if exact else digits + 2)


def _times(text: str, factor: int, scale: int) -> str:
    """A number written as text times a factor, as BIGINT; NULL when it is none or too great.

    DuckDB multiplies narrow decimals without room for the product and fails where it does
    not fit; the wide way always has room and takes ten times as long.
    """
    number = f"try_cast({text} as decimal(18,{scale}))"
    wide = f"try_cast({number} * {factor}::decimal(19,0) as bigint)"
    fits = 10**18 // (10**scale * factor) - 1
    if fits <= 0:
        return wide
    bound = f"{fits}::decimal(18,{scale})"
    narrow = f"({number} * {factor}::decimal(10,0))::bigint"
    return f"case when {number} between -{bound} and {bound} then {narrow} else {wide} end"


def staging_schema(names: tuple[str, ...]) -> str:
    """The structure argument of `from_json`: every attribute as JSON text."""
    return _quoted(json.dumps(dict.fromkeys(names, "JSON")))
