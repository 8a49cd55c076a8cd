"""Beginning and end: duration and conversion. One row per subject, at the minute it began."""

from loopgauge_collector.kinds.pairs import DONE, EXCLUDED, FAILED, LATE, STILL_OPEN
from loopgauge_collector.partials.reductions.shapes import SKEW, Shape, sketch_index
from loopgauge_collector.storage.schema import OPEN, SUBJECTS
from loopgauge_collector.windows import MINUTE

#: Done, failed or excluded; pending and expired follow from the time of reading (R11).
#: `s` is the duration in microseconds.
_ROWS = f"""
    select sign, rule, null::integer as place, labels, (began // {MINUTE})::integer as bucket,
      (case outcome when {STILL_OPEN} then {OPEN}
        else greatest(began, case outcome when {EXCLUDED} then excluded
          when {FAILED} then failed else done end) // {MINUTE} end)::integer as closed,
      outcome::utinyint as outcome,
      case outcome when {DONE} then {sketch_index("took")} else 0::smallint end as sk,
      case outcome when {DONE} then coalesce(list_sum(list_transform(thresholds,
        lambda bound, place: case when took <= bound then 1 << (place - 1) else 0 end)), 0)
        else 0 end::utinyint as within,
      1 as n, case outcome when {DONE} then took else 0 end as s
    from (
      select *, greatest(0, done - began) as took,
        case
          when excluded - began <= coalesce(span, excluded - began)
            and coalesce(excluded < done, true) then {EXCLUDED}
          when done - began <= coalesce(span, done - began) then {DONE}
          when failed - began <= coalesce(span, failed - began) then {FAILED}
          when done is not null then {LATE}
          else {STILL_OPEN} end as outcome
      from (
        select sign, rule, subject, began, span, thresholds,
          any_value(labels) filter (step = 0) as labels,
          min(micros) filter (step = 1) as done,
          min(micros) filter (step = 2) as failed,
          min(micros) filter (step = 3) as excluded
        from lives
        where shape = 'pair' and (step = 0 or micros >= began - {SKEW}) and began is not null
        group by all))"""

PAIR = Shape("pair", SUBJECTS, first=1, further=8, by_minute=False, rows=_ROWS)
