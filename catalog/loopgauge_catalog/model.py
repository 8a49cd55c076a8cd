"""The block of a catalog file: what all models of it have in common."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A block of the file; a field that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def listed(raw: object) -> object:
    """One for a list of one."""
    return raw if isinstance(raw, list | tuple) else [raw]
