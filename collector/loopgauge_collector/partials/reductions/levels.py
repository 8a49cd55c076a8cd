"""In flight: who goes in and out, by the second."""

from loopgauge_collector.partials.reductions.shapes import SKEW, Shape
from loopgauge_collector.storage.schema import LEVELS

#: A subject is in from its start until its end or its limit, whichever comes first: plus its
#: weight at the second it goes in, minus it at the second it goes out.
_ROWS = f"""
    select sign, rule, null::integer as place, labels, ceil(x.at / 1e6)::bigint as second,
      x.way * weight as net, x.way as n
    from (
      select sign, rule, labels, weight, unnest([
        {{'at': began, 'way': 1}},
        {{'at': case when ended is not null then greatest(began, ended) end, 'way': -1}}]) as x
      from (
        select sign, rule, subject, began,
          any_value(labels) filter (step = 0) as labels,
          coalesce(any_value(v) filter (step = 0), 1) as weight,
          least(min(micros) filter (step > 0), began + span) as ended
        from lives
        where shape = 'level' and (step = 0 or micros >= began - {SKEW}) and began is not null
        group by sign, rule, subject, began, span))
    where x.way > 0 or x.at is not null"""

LEVEL = Shape("level", LEVELS, first=1, further=8, by_minute=False, rows=_ROWS)
