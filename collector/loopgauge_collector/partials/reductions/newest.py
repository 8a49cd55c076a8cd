"""What each subject's newest event said, as of any minute.

Of the events of a subject in one minute the newest one counts, with the minute of the next
one. As of E exactly one row of a subject lies before E with its next one at or after E; so
shares over newest events are sums, exact for every window and every past moment.
"""

from loopgauge_collector.kinds.presence import ACTIVE
from loopgauge_collector.partials.reductions.shapes import Shape
from loopgauge_collector.storage.schema import OPEN, SUBJECTS
from loopgauge_collector.windows import MINUTE

#: `closed` is the minute of the next event; `outcome` is `ACTIVE` and the step; `s` the weight.
_ROWS = f"""
    select sign, rule, null::integer as place, labels, minute as bucket,
      coalesce(lead(minute) over (partition by sign, rule, subject order by minute),
        {OPEN})::integer as closed,
      ({ACTIVE} + step)::utinyint as outcome, 0::smallint as sk, 0::utinyint as within,
      1 as n, coalesce(v, 0) as s
    from (
      select distinct on (sign, rule, subject, micros // {MINUTE})
        *, (micros // {MINUTE})::integer as minute
      from lives where shape = 'newest' order by micros desc, id desc)"""

NEWEST = Shape(
    "newest", SUBJECTS, first=None, further=None, by_minute=True, rows=_ROWS, newest=True
)
