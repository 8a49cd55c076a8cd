"""The shapes of a subject's life: which of its steps matter, and what rows they come to.

Rows are computed from `lives`, a temp table with the steps of touched subjects: those known
before a fold with `sign` -1, those known now with 1. It has `sign`, `rule`, `subject`, `step`,
`micros`, `labels`, `v`, `began` (its earliest step 0), and from the rule `shape`, `span` (the
limit) and `thresholds`.
"""

from dataclasses import dataclass

from loopgauge_collector.statistics import SKETCH_STEP, SKETCH_ZERO
from loopgauge_collector.storage.schema import Layered

#: An end that seems up to a second before its beginning is one: clocks differ (R7).
SKEW = 1_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How one type of rule sees a subject.

    Attributes:
        name: tells its rules apart in SQL.
        target: the table that its rows go to.
        first, further: how many steps of a subject are kept, the earliest at different times:
            of step 0, and of each further one. None for all of them.
        by_minute: of the steps in one minute with the same labels the first is enough.
        newest: it is the newest one instead, with whatever labels.
        rows: a query over `lives`: `sign`, `rule`, `labels`, the keys of the target without
            `series`, its sums, and `place`: which breakdown the row is for (0 is the total),
            NULL for all of them.
    """

    name: str
    target: Layered
    first: int | None
    further: int | None
    by_minute: bool
    rows: str
    newest: bool = False


def sketch_index(micros: str) -> str:
    """SQL of the log index of a duration; one below a millisecond is shown as 0."""
    return (
        f"(case when {micros} < 1000 then {SKETCH_ZERO} "
        f"else floor(ln({micros} / 1e6) / {SKETCH_STEP}) end)::smallint"
    )
