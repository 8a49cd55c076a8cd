"""Who was active: a row per subject and active minute, with the next one.

Whoever is active in a window has exactly one active minute in it whose next one lies beyond
its end; so distinct subjects are a sum, exact for every window. Each label value has minutes
of its own: who was there with one value and came back with another was there with both.
"""

from loopgauge_collector.kinds.presence import ACTIVE
from loopgauge_collector.partials.reductions.shapes import Shape
from loopgauge_collector.storage.schema import OPEN, SUBJECTS
from loopgauge_collector.windows import MINUTE

#: `closed` is the next active minute; `outcome` is `ACTIVE` and the step, a list of its own.
_ROWS = f"""
    select sign, rule, place, any_value(labels) as labels, minute as bucket,
      coalesce(lead(minute) over (partition by sign, rule, subject, step, place, value
        order by minute), {OPEN})::integer as closed,
      ({ACTIVE} + step)::utinyint as outcome, 0::smallint as sk, 0::utinyint as within,
      1 as n, 0 as s
    from (
      select *, (micros // {MINUTE})::integer as minute,
        case place when 0 then '' else labels[place] end as value
      from (
        select *, unnest(range(len(labels) + 1))::integer as place from lives
        where shape = 'activity'))
    where value is not null
    group by sign, rule, subject, step, place, value, minute"""

ACTIVITY = Shape("activity", SUBJECTS, first=None, further=None, by_minute=True, rows=_ROWS)
