"""What a JSON decoder does not tell: depth, keys that stand twice, numbers that overflow.

msgspec reads the bodies. These looks at the text are for bodies and events that are odd,
and run only after msgspec found the text to be JSON.
"""

import json
import math
import re
from typing import Any

#: Levels of objects and lists in a body; flat events need four.
MAX_DEPTH = 8

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_FOLD = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_FRACTIONAL = re.compile(rb"-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)")


class Pairs(list[tuple[str, Any]]):
    """A JSON object with every key that was written, in order; a list is a plain list."""


class Number(str):
    """A JSON number as it was written.

    Attributes:
        whole: whether it has neither fraction nor exponent.
    """

    __slots__ = ("whole",)

    whole: bool


def pairs(text: bytes) -> Any:
    """JSON with nothing merged and nothing rounded: objects as `Pairs`, numbers as `Number`.

    Args:
        text: known to be JSON and not deeper than `MAX_DEPTH`.
    """
    return json.loads(text, object_pairs_hook=Pairs, parse_int=_whole, parse_float=_fractional)


def _whole(text: str) -> Number:
    number = Number(text)
    number.whole = True
    return number


def _fractional(text: str) -> Number:
    number = Number(text)
    number.whole = False
    return number


def repeated_key(value: Any) -> str | None:
    """A key that stands twice in one object of what `pairs` read, at any level."""
    if isinstance(value, Pairs):
        seen: set[str] = set()
        for key, inner in value:
            if key in seen:
                return key
            seen.add(key)
            if (found := repeated_key(inner)) is not None:
                return found
    elif isinstance(value, list):
        for inner in value:
            if (found := repeated_key(inner)) is not None:
                return found
    return None


def is_deeper(text: bytes, levels: int = MAX_DEPTH) -> bool:
    """Whether objects and lists stand in each other more than `levels` times."""
    brackets = _STRING.sub(b"", text).translate(_FOLD, _NOT_BRACKETS)
    for _ in range(levels):
        # Each round takes away the innermost pairs, and nothing else.
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def overflowing_number(text: bytes) -> bytes | None:
    """A number such as 1e999 that a double cannot hold, as it was written."""
    for number in _FRACTIONAL.findall(_STRING.sub(b" ", text)):
        if math.isinf(float(number)):
            return bytes(number)
    return None


def has_more_values(text: bytes, limit: int) -> bool:
    """Whether more than `limit` commas stand outside of texts: a bound of what a body holds."""
    return text.count(b",") > limit and _STRING.sub(b"", text).count(b",") > limit
