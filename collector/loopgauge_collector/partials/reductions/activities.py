"""Who was active: a row per subject and active minute, with the next one.

Whoever is active in a window has exactly one active minute in it whose next one lies beyond
its end; so distinct subjects are a sum, exact for every window.
"""

from typing import ClassVar

from loopgauge_collector.partials.reductions.subjects import Subjects
from loopgauge_collector.storage.schema import OPEN, SUBJECTS, Layered
from loopgauge_collector.windows import MINUTE


class Activities(Subjects):
    """Every active minute of every subject; each step is a list of its own."""

    target: ClassVar[Layered] = SUBJECTS
    sums: ClassVar[dict[str, str]] = {"n": "bigint", "s": "hugeint"}
    kept: ClassVar[tuple[int, ...]] = (2**31,)

    def same(self) -> str:
        """Of the events of one minute the first is enough."""
        return f"(micros // {MINUTE})"

    def rows(self, steps: str) -> str:
        """`outcome` is the step, `closed` the subject's next active minute."""
        return f"""
            select rule, labels, minute as bucket,
              coalesce(lead(minute) over (partition by rule, subject, step order by minute),
                {OPEN})::integer as closed,
              step as outcome, 0::smallint as sk, 0::utinyint as within, 1 as n, 0 as s
            from (
              select distinct on (rule, subject, step, micros // {MINUTE}) rule, subject, step,
                labels, (micros // {MINUTE})::integer as minute
              from {steps} order by micros, id)"""
