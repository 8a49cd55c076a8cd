"""The attributes of one event, looked at one by one.

Admission reads whole batches at once and comes here only for what did not fit there,
to find out which attribute is wrong and why.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from msgspec import Meta

from loopgauge_collector.admission.json_text import MAX_DEPTH, Number, Pairs, is_deeper, pairs
from loopgauge_collector.admission.reasons import Fault, shown
from loopgauge_collector.errors import Refused
from loopgauge_collector.settings import Settings

Scalar = str | int | float | bool | None
Attributes = dict[str, Scalar]

NAME_MAX = 128
INT64_MAX = (1 << 63) - 1
INT64_MIN = -(1 << 63)
#: A value as msgspec reads it, where the catalog says nothing.
JsonScalar: Any = str | Annotated[int, Meta(ge=INT64_MIN, le=INT64_MAX)] | float | bool | None

#: Body, list of events, event: attributes stand three levels deep.
_LEVELS = MAX_DEPTH - 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one event may have. The settings of the same names say more."""

    event_max_bytes: int
    attributes_max: int
    attribute_value_max: int
    future_seconds: float
    events_keep_days: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits among the settings."""
        return cls(
            settings.event_max_bytes,
            settings.attributes_max,
            settings.attribute_value_max,
            settings.future_seconds,
            settings.events_keep_days,
        )


def read_attributes(text: bytes, limits: Limits) -> Attributes:
    """The attributes of an event, each within the limits.

    Args:
        text: a JSON object as the producer wrote it.
        limits: what one event may have.

    Raises:
        Fault: the first attribute that cannot be stored, with the reason.
        Refused: 400 for nesting beyond all reason, and for numbers that JSON decoders refuse.
    """
    if is_deeper(text, _LEVELS):
        raise Refused(
            400, "too_deep", f"the body nests objects or lists more than {MAX_DEPTH} levels deep"
        )
    written = pairs(text)
    if not isinstance(written, Pairs):
        raise Fault("wrong_type", "attributes must be a JSON object such as {}")
    attributes: Attributes = {}
    for name, value in written:
        _check_name(name)
        if name in attributes:
            raise Fault("duplicate_key", f"the attribute {shown(name)} stands twice")
        attributes[name] = _scalar(name, value, limits)
    if len(attributes) > limits.attributes_max:
        raise Fault(
            "too_many_attributes",
            f"{len(attributes)} attributes; an event has at most {limits.attributes_max}",
        )
    return attributes


@lru_cache(maxsize=8192)
def is_name(name: str) -> bool:
    """Whether an attribute may be called so."""
    return 0 < len(name) <= NAME_MAX and _CONTROL.search(name) is None


def _check_name(name: str) -> None:
    if "\0" in name:
        raise Fault("nul_character", f"the name of the attribute {shown(name)} holds NUL")
    if not is_name(name):
        raise Fault(
            "invalid_attribute_name",
            f"the attribute name {shown(name)} must have 1 to {NAME_MAX} characters, "
            "none of them a control character",
        )


def _scalar(name: str, value: object, limits: Limits) -> Scalar:
    if isinstance(value, Number):
        return _number(name, value)
    if isinstance(value, str):
        if "\0" in value:
            raise Fault("nul_character", f"the attribute {shown(name)} holds the character NUL")
        if len(value) > limits.attribute_value_max:
            raise Fault(
                "attribute_too_long",
                f"the attribute {shown(name)} has {len(value)} characters; "
                f"at most {limits.attribute_value_max} are stored",
            )
        return value
    if isinstance(value, list):
        what = "an object" if isinstance(value, Pairs) else "a list"
        raise Fault(
            "nested_attribute",
            f"the attribute {shown(name)} is {what}; attributes are flat: write one per value",
        )
    assert value is None or isinstance(value, bool)
    return value


def _number(name: str, written: Number) -> int | float:
    if written.whole:
        # Twenty characters hold every 64 bit integer; int() is slow on thousands.
        if len(written) <= 20 and INT64_MIN <= int(written) <= INT64_MAX:
            return int(written)
        raise Fault(
            "number_out_of_range",
            f"the attribute {shown(name)} is an integer beyond 64 bits ({shown(written)}); "
            "send it as text, it is never rounded",
        )
    number = float(written)
    if math.isinf(number):
        raise Refused(
            400,
            "number_out_of_range",
            f"the attribute {shown(name)} is {shown(written)}, which no double can hold",
        )
    return number
