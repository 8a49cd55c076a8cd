"""Funnels: one row per step that a subject reached, at the minute it began."""

from loopgauge_collector.partials.reductions.shapes import SKEW, Shape, sketch_index
from loopgauge_collector.storage.schema import SUBJECTS
from loopgauge_collector.windows import MINUTE

#: Each step is its earliest event at or after the step before, within the limit. `outcome` is
#: the step, `closed` the minute in which it and all before it were reached (clocks differ, so
#: an earlier step may have the later time), `s` the time since the step before.
_ROWS = f"""
    select sign, rule, null::integer as place, labels, (began // {MINUTE})::integer as bucket,
      (list_max(path[: number]) // {MINUTE})::integer as closed,
      (number - 1)::utinyint as outcome, {sketch_index("took")} as sk, 0::utinyint as within,
      1 as n, took as s
    from (
      select *, case number when 1 then 0
        else greatest(0, path[number] - path[number - 1]) end as took
      from (
        select *, unnest(range(1, len(path) + 1)) as number
        from (
          select sign, rule, began, labels,
            list_reduce(coalesce(times, []), lambda path, step: case
              when len(path) < step[1] then path
              else path || list_sort(list_filter(step[2 :],
                lambda moment: moment >= path[-1] - {SKEW} and moment - began <= span))[: 1] end,
              [began]) as path
          from (
            select sign, rule, subject, began, span, any_value(labels) as labels,
              list([step::bigint] || times order by step) filter (step > 0) as times
            from (
              select sign, rule, subject, began, span, step,
                any_value(labels) filter (step = 0) as labels, list(micros) as times
              from lives where shape = 'funnel' and began is not null group by all)
            group by sign, rule, subject, began, span))))"""

FUNNEL = Shape("funnel", SUBJECTS, first=1, further=64, by_minute=False, rows=_ROWS)
