"""The states a KPI can be in. KPI_SEMANTICS section 4 says when each holds."""

from enum import StrEnum


class State(StrEnum):
    """What is known about a KPI right now; a value is never shown without it."""

    NO_DATA = "no_data"
    STALE = "stale"
    REBUILDING = "rebuilding"
    UNPRICED = "unpriced"
    TOO_FEW = "too_few"
    BREACH = "breach"
    OK = "ok"


#: Worst first, for lists and for the state of a KPI whose label values each have a target.
WORST_FIRST = (
    State.BREACH,
    State.STALE,
    State.NO_DATA,
    State.UNPRICED,
    State.REBUILDING,
    State.TOO_FEW,
    State.OK,
)
