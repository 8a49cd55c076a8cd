"""The structured filter of a catalog: which events count. Never SQL.

``{http.response.status_code: {at_least: 500}, http.route: {not_in: [/healthz]}}``
An event that lacks an attribute which a filter names is not eligible; it is never
taken as false (KPI_SEMANTICS, R6).
"""

import math
from fractions import Fraction
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    Strict,
    model_validator,
)

from loopgauge_catalog.model import Model
from loopgauge_catalog.quantities import MICRO

ATTRIBUTE_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$"

#: Beyond this a number has no exact millionths in the store.
_GREATEST = 10**15


def _exact(number: float | int | str) -> float | int | str:
    if isinstance(number, str | bool):
        return number
    if not (math.isfinite(number) and abs(number) < _GREATEST):
        raise ValueError(f"{number} is too great to be compared exactly")
    if (Fraction(repr(number)) * MICRO).denominator != 1:
        raise ValueError(f"{number} is finer than a millionth")
    return number


Scalar = bool | int | float | str
#: ``true`` or ``false``; the words yes, no, on and off are text here.
Flag = Annotated[bool, Strict()]
#: A number as the catalog wrote it; text such as "5" is none.
Number = Annotated[
    Annotated[int, Strict()] | Annotated[float, Strict()], AfterValidator(_exact)
]  # fmt: skip
_Value = Annotated[Scalar, AfterValidator(_exact)]
AttributeName = Annotated[str, Field(pattern=ATTRIBUTE_PATTERN, max_length=128)]


class Condition(Model):
    """What one attribute has to fulfil; all that is given must hold."""

    equals: _Value | None = None
    not_equals: Annotated[_Value | None, Field(alias="not")] = None
    in_: Annotated[tuple[_Value, ...] | None, Field(alias="in", min_length=1)] = None
    not_in: Annotated[tuple[_Value, ...] | None, Field(min_length=1)] = None
    at_least: Number | None = None
    above: Number | None = None
    at_most: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("say what the attribute must be, for example {equals: true}")
        return self

    @property
    def values(self) -> tuple[Scalar, ...]:
        """Every single value that the attribute is compared with for equality."""
        one = tuple(value for value in (self.equals, self.not_equals) if value is not None)
        return one + (self.in_ or ()) + (self.not_in or ())

    @property
    def bounds(self) -> tuple[float | int, ...]:
        """Every number that the attribute is compared with by size."""
        given = (self.at_least, self.above, self.at_most, self.below)
        return tuple(bound for bound in given if bound is not None)


def _short_form(raw: object) -> object:
    """``status: ok`` is short for ``status: {equals: ok}``; a list is short for ``in``."""
    if isinstance(raw, bool | int | float | str):
        return {"equals": raw}
    if isinstance(raw, list):
        return {"in": raw}
    return raw


_Condition = Annotated[
    Condition,
    BeforeValidator(
        _short_form,
        json_schema_input_type=Condition | Scalar | Annotated[list[Scalar], Field(min_length=1)],
    ),
]


class Filter(RootModel[dict[AttributeName, _Condition]]):
    """Conditions by attribute; an event matches when all hold."""

    model_config = ConfigDict(frozen=True)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that an event must have to be judged."""
        return tuple(self.root)

    def __bool__(self) -> bool:
        return bool(self.root)
