"""The structured filter of a catalog: which events count. Never SQL.

``{http.response.status_code: {at_least: 500}, http.route: {not_in: [/healthz]}}``
An event that lacks an attribute which a filter names is not eligible; it is never
taken as false (KPI_SEMANTICS, R6).
"""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, model_validator

Scalar = bool | int | float | str
AttributeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=128)]


class Condition(BaseModel):
    """What one attribute has to fulfil; all that is given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    equals: Scalar | None = None
    not_equals: Annotated[Scalar | None, Field(alias="not")] = None
    in_: Annotated[tuple[Scalar, ...] | None, Field(alias="in", min_length=1)] = None
    not_in: Annotated[tuple[Scalar, ...] | None, Field(min_length=1)] = None
    at_least: float | int | None = None
    above: float | int | None = None
    at_most: float | int | None = None
    below: float | int | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what the attribute must be, for example {equals: true}")
        return self


def _short_form(raw: object) -> object:
    """``status: ok`` is short for ``status: {equals: ok}``; a list is short for ``in``."""
    if isinstance(raw, bool | int | float | str):
        return {"equals": raw}
    if isinstance(raw, list):
        return {"in": raw}
    return raw


class Filter(RootModel[dict[AttributeName, Annotated[Condition, BeforeValidator(_short_form)]]]):
    """Conditions by attribute; an event matches when all hold."""

    model_config = ConfigDict(frozen=True)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that an event must have to be judged."""
        return tuple(self.root)

    def __bool__(self) -> bool:
        return bool(self.root)
