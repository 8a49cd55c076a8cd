"""Funnels: one row per step that a subject reached, at the minute it began."""

from typing import ClassVar

from loopgauge_collector.partials.reductions.subjects import SKEW, Subjects, sketch_index
from loopgauge_collector.storage.schema import SUBJECTS, Layered
from loopgauge_collector.windows import MINUTE


class Funnels(Subjects):
    """Each step is its earliest event at or after the step before, within the limit."""

    target: ClassVar[Layered] = SUBJECTS
    sums: ClassVar[dict[str, str]] = {"n": "bigint", "s": "hugeint"}
    kept: ClassVar[tuple[int, ...]] = (1, 64)

    def rows(self, steps: str) -> str:
        """`outcome` is the step, `closed` the minute it was reached in, `s` the time it took."""
        most = int(
            (self._connection.execute(f"select max(step) from {self._matching.table}").fetchone()
             or (0,))[0]
        )  # fmt: skip
        reached = f"""select b.rule, b.subject, b.labels, b.micros as t0, c.span
            from {steps} b join {self.settings} c using (rule) where b.step = 0"""
        for step in range(1, most + 1):
            reached = f"""select r.*, (
                select min(e.micros) from {steps} e
                where e.rule = r.rule and e.subject = r.subject and e.step = {step}
                  and e.micros >= r.t{step - 1} - {SKEW}
                  and e.micros - r.t0 <= coalesce(r.span, e.micros - r.t0)) as t{step}
              from ({reached}) r"""
        times = ", ".join(
            f"{{'outcome': {step}, 'at': t{step}, "
            f"'took': greatest(0, t{step} - t{max(step - 1, 0)})}}"
            for step in range(most + 1)
        )
        return f"""
            select rule, labels, (t0 // {MINUTE})::integer as bucket,
              (greatest(t0, x.at) // {MINUTE})::integer as closed, x.outcome::utinyint as outcome,
              {sketch_index("x.took")} as sk, 0::utinyint as within, 1 as n, x.took as s
            from (select rule, labels, t0, unnest([{times}]) as x from ({reached}))
            where x.at is not null"""
