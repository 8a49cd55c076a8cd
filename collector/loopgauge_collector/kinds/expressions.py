"""Catalog filters and values as SQL over staged events.

A staged event has a column for each reading of an attribute that some rule needs
(`staging.py`), so every expression here is short. JSON text shows the type, and nothing is
coerced: `"12"` is a string, 12 a number. Every expression is three-valued, and NULL means
"not eligible" (KPI_SEMANTICS, R6). Names were checked by the catalog's patterns; values are
written as literals by `_literal`.
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.filters import Condition, Filter, Scalar

from loopgauge_collector.kinds import staging

#: Text that JSON writes as it is.
_PLAIN = re.compile(r"[ !#-\[\]-~]*")

_ORDER = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}


def attribute(name: str) -> str:
    """The attribute's JSON text, NULL when missing or null."""
    return staging.column("json", name)


def text(name: str) -> str:
    """The attribute as plain text: strings without their quotes, others as written."""
    return staging.column("text", name)


def label_set(names: Sequence[str]) -> str:
    """The text of a JSON list of attributes; NULL where one is missing."""
    if not names:
        return "'[]'"
    parts = " || ',' || ".join(attribute(name) for name in names)
    return f"'[' || {parts} || ']'"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _literal(name: str, value: Scalar) -> tuple[str, str]:
    """The attribute, typed like the value, and the value: two sides of a comparison."""
    if isinstance(value, bool):
        return staging.column("flag", name), "true" if value else "false"
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            # Its JSON text is the value in quotes, so nothing has to be unquoted.
            return staging.column("quoted", name), _quoted(f'"{value}"')
        return staging.column("string", name), _quoted(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return staging.column("number", name), f"{Decimal(str(value)):f}::decimal(18,6)"


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
    """The attribute in millionths of its base unit, as BIGINT; NULL when it is no such number."""
    reading = "money" if declared.type == "money" else f"micro_{declared.unit}"
    return staging.column(reading, name)
