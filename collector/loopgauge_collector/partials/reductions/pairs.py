"""Beginning and end: duration and conversion. One row per subject, at the minute it began."""

from typing import ClassVar

from loopgauge_collector.kinds.pairs import DONE, EXCLUDED, FAILED, LATE, STILL_OPEN
from loopgauge_collector.partials.reductions.subjects import SKEW, Subjects, sketch_index
from loopgauge_collector.storage.schema import OPEN, SUBJECTS, Layered
from loopgauge_collector.windows import MINUTE


class Pairs(Subjects):
    """Done, failed or excluded; pending and expired follow from the time of reading (R11)."""

    target: ClassVar[Layered] = SUBJECTS
    sums: ClassVar[dict[str, str]] = {"n": "bigint", "s": "hugeint"}
    kept: ClassVar[tuple[int, ...]] = (1, 8)

    def rows(self, steps: str) -> str:
        """One row per subject that has begun; `s` is its duration in microseconds."""
        return f"""
            with begun as (
              select rule, subject, micros as began, labels from {steps} where step = 0),
            ended as (
              select b.rule, b.subject, b.began, b.labels,
                min(e.micros) filter (e.step = 1) as done,
                min(e.micros) filter (e.step = 2) as failed,
                min(e.micros) filter (e.step = 3) as excluded
              from begun b left join {steps} e on e.rule = b.rule and e.subject = b.subject
                and e.step > 0 and e.micros >= b.began - {SKEW}
              group by all),
            judged as (
              select e.*, c.thresholds,
                greatest(0, done - began) as took,
                case
                  when excluded - began <= coalesce(span, excluded - began)
                    and coalesce(excluded < done, true) then {EXCLUDED}
                  when done - began <= coalesce(span, done - began) then {DONE}
                  when failed - began <= coalesce(span, failed - began) then {FAILED}
                  when done is not null then {LATE}
                  else {STILL_OPEN} end as outcome
              from ended e join {self.settings} c using (rule))
            select rule, labels, outcome::utinyint as outcome,
              (began // {MINUTE})::integer as bucket,
              (case outcome when {STILL_OPEN} then {OPEN}
                else greatest(began, case outcome when {EXCLUDED} then excluded
                  when {FAILED} then failed else done end) // {MINUTE} end)::integer as closed,
              case outcome when {DONE} then {sketch_index("took")} else 0::smallint end as sk,
              case outcome when {DONE} then coalesce(list_sum(list_transform(thresholds,
                lambda bound, place: case when took <= bound then 1 << (place - 1)
                  else 0 end)), 0)
                else 0 end::utinyint as within,
              1 as n, case outcome when {DONE} then took else 0 end as s
            from judged"""
