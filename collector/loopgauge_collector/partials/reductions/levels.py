"""In flight: who goes in and out, by the second."""

from typing import ClassVar

from loopgauge_collector.partials.reductions.subjects import SKEW, Subjects
from loopgauge_collector.storage.schema import LEVELS, Layered


class Levels(Subjects):
    """A subject is in from its start until its end or its limit, whichever comes first."""

    target: ClassVar[Layered] = LEVELS
    sums: ClassVar[dict[str, str]] = {"net": "hugeint"}
    kept: ClassVar[tuple[int, ...]] = (1, 8)

    def rows(self, steps: str) -> str:
        """Plus the weight at the second it goes in, minus it at the second it goes out."""
        return f"""
            with lived as (
              select b.rule, b.subject, b.labels, b.micros as began, coalesce(b.v, 1) as weight,
                least(min(e.micros), b.micros + c.span) as ended
              from {steps} b join {self.settings} c using (rule)
                left join {steps} e on e.rule = b.rule and e.subject = b.subject
                  and e.step > 0 and e.micros >= b.micros - {SKEW}
              where b.step = 0 group by all, c.span)
            select rule, labels, second, net from (
              select rule, labels, ceil(began / 1e6)::bigint as second, weight as net from lived
              union all
              select rule, labels, ceil(greatest(began, ended) / 1e6)::bigint, -weight from lived
              where ended is not null)"""
