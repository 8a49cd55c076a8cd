"""How the catalog writes amounts, and the integers they become.

Every number that a KPI compares is an integer of one millionth of its base unit
("micro"), because sums of doubles differ with their order (KPI_SEMANTICS, R5).
Seconds, shares, money and plain numbers all use the same scale.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from loopgauge_catalog.errors import shown

MICRO = 1_000_000

Dimension = Literal["number", "time", "share", "money"]

_SECONDS = {
    "us": Fraction(1, MICRO),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}
_AMOUNT = r"[0-9]{1,16}(?:\.[0-9]{1,40})?"
_DURATION = re.compile(rf"(-?{_AMOUNT}) ?(us|ms|s|min|m|h|d)")
_PERCENT = re.compile(rf"(-?{_AMOUNT}) ?%")
_MONEY = re.compile(rf"(-?)([$€]) ?({_AMOUNT})")
_NUMBER = re.compile(rf"-?{_AMOUNT}(?:[eE][-+]?[0-9]{{1,3}})?")
#: The same for editors, whose regular expressions have no names for parts.
_QUANTITY_PATTERN = (
    rf"^(-?{_AMOUNT} ?(us|ms|s|min|m|h|d|%)|-?[$€] ?{_AMOUNT}|-?{_AMOUNT}([eE][-+]?[0-9]{{1,3}})?)$"
)
_DURATION_PATTERN = rf"^{_AMOUNT} ?(us|ms|s|min|m|h|d)$"

#: Greatest amount in millionths: sums of many still fit the store's integers.
_GREATEST = 10**12 * MICRO

#: Unit of an attribute -> (dimension, factor to the base unit, suffix of the metric's name).
UNITS: dict[str, tuple[Dimension, Decimal, str]] = {
    "s": ("time", Decimal(1), "seconds"),
    "ms": ("time", Decimal("0.001"), "seconds"),
    "us": ("time", Decimal("0.000001"), "seconds"),
    "min": ("time", Decimal(60), "seconds"),
    "h": ("time", Decimal(3600), "seconds"),
    "share": ("share", Decimal(1), "ratio"),
    "usd": ("money", Decimal(1), "usd"),
    "eur": ("money", Decimal(1), "eur"),
    "1": ("number", Decimal(1), ""),
    "points": ("number", Decimal(1), "points"),
    "bytes": ("number", Decimal(1), "bytes"),
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount as the catalog wrote it, with its exact value.

    Attributes:
        micro: the amount in millionths of the base unit (seconds, 1, currency unit).
        dimension: what kind of amount it is.
        text: the words of the catalog, for people.
    """

    micro: int
    dimension: Dimension
    text: str

    @classmethod
    def parse(cls, raw: object) -> "Quantity":
        """Read ``15m``, ``95%``, ``$3.00``, ``4.5`` or ``7``.

        Raises:
            ValueError: when it is none of these, finer than a millionth, or beyond 10^12.
        """
        if isinstance(raw, Quantity):
            return raw
        if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
            raise ValueError("write an amount such as 15m, 95%, $3.00 or 4.5")
        text = str(raw).strip()
        dimension: Dimension
        if match := _DURATION.fullmatch(text):
            dimension, amount = "time", Fraction(match[1]) * _SECONDS[match[2]]
        elif match := _PERCENT.fullmatch(text):
            dimension, amount = "share", Fraction(match[1]) / 100
        elif match := _MONEY.fullmatch(text):
            dimension, amount = "money", Fraction(match[1] + match[3])
        elif _NUMBER.fullmatch(text):
            dimension, amount = "number", Fraction(text)
        else:
            raise ValueError(f"{shown(text)} is no amount; write 15m, 95%, $3.00 or 4.5")
        micro = amount * MICRO
        if micro.denominator != 1:
            raise ValueError(f"{text!r} is finer than a millionth of its unit")
        if abs(micro) > _GREATEST:
            raise ValueError(f"{text!r} is greater than a million million")
        return cls(int(micro), dimension, text)

    @property
    def value(self) -> float:
        """The amount in its base unit."""
        return self.micro / MICRO

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda q: q.text),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "anyOf": [{"type": "string", "pattern": _QUANTITY_PATTERN}, {"type": "number"}],
            "description": "An amount: 15m, 95%, $3.00 or 4.5",
        }


def parse_duration(raw: object) -> int:
    """Read a duration such as ``15m`` or ``28d``.

    Returns:
        Microseconds, more than 0.

    Raises:
        ValueError: when it has no unit or is not positive.
    """
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        raise ValueError(f"{raw} has no unit; write 30s, 15m, 24h or 28d")
    if not isinstance(raw, str) or not _DURATION.fullmatch(raw.strip()):
        given = shown(raw) if isinstance(raw, str) else "this"
        raise ValueError(f"{given} is no duration; write 30s, 15m, 24h or 28d")
    quantity = Quantity.parse(raw)
    if quantity.micro <= 0:
        raise ValueError(f"{raw!r} is not longer than 0; write 30s, 15m, 24h or 28d")
    return quantity.micro


def format_duration(micro: int) -> str:
    """Write microseconds the way the catalog does: ``28d``, ``90m``, ``200ms``."""
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
        # 24h and 1h are how people say these windows; 1d is not.
        if micro % size == 0 and (unit != "d" or micro >= 2 * size):
            return f"{micro // size}{unit}"
    if micro % MICRO == 0:
        return f"{micro // MICRO}s"
    if micro % 1000 == 0:
        return f"{micro // 1000}ms"
    return f"{micro}us"


def duration_input(raw: object) -> object:
    """Read a duration for a model; one that was read before stays as it is."""
    return _Parsed(parse_duration(raw)) if not isinstance(raw, _Parsed) else raw


class _Parsed(int):
    """Microseconds that were already read, so that a model can be validated again."""


#: A duration in a model: written ``15m``, held as microseconds.
Duration = Annotated[
    int,
    BeforeValidator(
        duration_input,
        json_schema_input_type=Annotated[str, Field(pattern=_DURATION_PATTERN, examples=["15m"])],
    ),
]
