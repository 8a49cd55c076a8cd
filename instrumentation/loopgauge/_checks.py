"""What an event may hold. Everything that the host hands in is copied and judged here.

The rules are the collector's, so that what passes here is not quarantined there. What
leaves this module holds nothing but plain strings, numbers and booleans. Besides
`InvalidEvent`, any error may come out of the host's own objects (a mapping, a time
zone, a number that raises); callers take it as a wrong argument.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any, Final

Scalar = str | int | float | bool
Attributes = dict[str, Scalar]

MAX_ATTRIBUTES: Final = 64
MAX_TEXT: Final = 4096
MAX_NAME: Final = 128
#: Attributes under this prefix are the library's own; the collector lifts them out.
RESERVED: Final = "loopgauge."

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INT64_MAX = (1 << 63) - 1
_INT64_MIN = -(1 << 63)

# Names and keys of a program are few; judging each once keeps the call short. Bounded,
# because a host may put ids into names.
_MAX_KNOWN = 2000
_known_names: set[str] = set()
_known_keys: set[str] = set()


class InvalidEvent(Exception):
    """The host handed in something that cannot be an event; the text says what would be right."""


def checked_name(name: object) -> str:
    """An event's name as a plain string.

    Raises:
        InvalidEvent: when it is not of the form ``noun.verb``.
    """
    if type(name) is str and name in _known_names:
        return name
    if not isinstance(name, str):
        raise InvalidEvent(
            f"an event's name must be a string such as 'user.registered', not {_kind(name)}"
        )
    plain = str.__str__(name)
    if len(plain) > MAX_NAME or not _NAME.fullmatch(plain):
        raise InvalidEvent(
            "an event's name must be lower case words joined by dots, such as 'user.registered' "
            f"or 'pipeline.stage_finished', of at most {MAX_NAME} characters; what differs from "
            "event to event belongs into an attribute"
        )
    if len(_known_names) < _MAX_KNOWN:
        _known_names.add(plain)
    return plain


def checked_attributes(attributes: object) -> Attributes:
    """A copy of the attributes, without those that are None.

    Raises:
        InvalidEvent: when one cannot be sent.
    """
    if type(attributes) is not dict:
        attributes = _as_dict(attributes)
    # Copying a dict is one step of the interpreter; from here no other thread can change it.
    copy: dict[Any, Any] = attributes.copy()
    if len(copy) > MAX_ATTRIBUTES:
        raise InvalidEvent(f"an event has at most {MAX_ATTRIBUTES} attributes, not {len(copy)}")
    if not _known_keys.issuperset(copy):
        return _slowly_checked(copy)
    for value in copy.values():
        kind = type(value)
        if kind is str:
            if len(value) > MAX_TEXT or not value.isascii() or "\0" in value:
                return _slowly_checked(copy)
        elif kind is float:
            if value - value != 0.0:  # NaN and infinities only
                return _slowly_checked(copy)
        elif kind is int:
            if not _INT64_MIN <= value <= _INT64_MAX:
                return _slowly_checked(copy)
        elif kind is not bool:
            return _slowly_checked(copy)
    return copy


def nanoseconds(moment: object) -> int:
    """A moment as nanoseconds since the epoch.

    Raises:
        InvalidEvent: when it is no datetime with a time zone, or outside 1970 to 2262.
    """
    if not isinstance(moment, datetime):
        raise InvalidEvent(
            "time must be a datetime with a time zone, such as datetime.now(UTC), "
            f"not {_kind(moment)}"
        )
    if moment.utcoffset() is None:
        raise InvalidEvent(
            "time has no time zone; write datetime.now(UTC) or time.replace(tzinfo=UTC)"
        )
    count = (moment - _EPOCH) // _MICROSECOND * 1000
    if not 0 < count <= _INT64_MAX:
        raise InvalidEvent("time must lie between the years 1970 and 2262")
    return count


def _as_dict(attributes: object) -> dict[str, Scalar]:
    if not isinstance(attributes, Mapping):
        raise InvalidEvent(
            f"attributes must be a dict such as {{'user.id': 'u1'}}, not {_kind(attributes)}"
        )
    return dict(attributes)


def _slowly_checked(attributes: Mapping[object, object]) -> Attributes:
    """The same judgement with a message, and with subclasses made plain."""
    result: Attributes = {}
    for key, value in attributes.items():
        plain_key = _checked_key(key)
        if value is not None:
            result[plain_key] = _checked_value(plain_key, value)
    return result


def _checked_key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidEvent(f"an attribute's name must be a string, not {_kind(key)}")
    plain = str.__str__(key)
    if not 0 < len(plain) <= MAX_NAME or _CONTROL.search(plain) or not _encodable(plain):
        raise InvalidEvent(
            f"an attribute's name must have 1 to {MAX_NAME} characters, none of them a control "
            "character"
        )
    if plain.startswith(RESERVED):
        raise InvalidEvent(f"attributes that start with '{RESERVED}' are set by the library")
    if len(_known_keys) < _MAX_KNOWN:
        _known_keys.add(plain)
    return plain


def _checked_value(key: str, value: object) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _checked_text(key, str.__str__(value))
    if isinstance(value, Integral):  # numpy's integers too
        whole = int(value)
        if not _INT64_MIN <= whole <= _INT64_MAX:
            raise InvalidEvent(f"attribute {key!r} needs more than 64 bits; send it as a string")
        return whole
    if isinstance(value, Real):
        number = float(value)
        if not math.isfinite(number):
            raise InvalidEvent(f"attribute {key!r} is NaN or infinite; leave it out instead")
        return number
    raise InvalidEvent(f"attribute {key!r} is {_kind(value)}; {_advice(value)}")


def _checked_text(key: str, text: str) -> str:
    if len(text) > MAX_TEXT:
        raise InvalidEvent(
            f"attribute {key!r} has {len(text)} characters; at most {MAX_TEXT} are accepted"
        )
    if "\0" in text or not _encodable(text):
        raise InvalidEvent(f"attribute {key!r} holds NUL or half a character (a lone surrogate)")
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _advice(value: object) -> str:
    if isinstance(value, Decimal):
        return "send money with emit.cost() or as a string, other numbers as int or float"
    if isinstance(value, datetime):
        return "send it as text, value.isoformat(), or as the event's time="
    if isinstance(value, Mapping):
        return "attributes are flat; write {'address.city': …} instead of nesting"
    if isinstance(value, list | tuple | set | frozenset):
        return "attributes hold one value each; send one event per item or join them to a string"
    if isinstance(value, Enum):
        return "send its .value"
    return "send a string, a number or a boolean"


def _kind(value: object) -> str:
    """The type's name; the value itself may be private, and its repr may raise."""
    return "None" if value is None else f"a {type(value).__name__}"
