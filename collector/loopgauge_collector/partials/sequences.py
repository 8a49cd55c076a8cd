"""The numbers that producers give their events, stored as runs.

Whoever numbered 100 events of which 97 came has lost three. How far the numbering had come, and
when, is what the producer's reports say and nothing else: an event's own time may lie long before
the call that numbered it (a backfill), so a number proves nothing about that time. It belongs to
no KPI, so that a new one knows the past, and a rebuild needs nothing that was deleted meanwhile.
"""

import duckdb
from loopgauge_catalog.builtin import PRODUCER_EVENT

from loopgauge_collector.windows import MINUTE

_HIGH = '$."loop.sequence.high"'


def store_sequences(connection: duckdb.DuckDBPyConnection, after: int, upto: int) -> None:
    """Append the numbers of some commits, and what producers say of themselves.

    Call it inside the open transaction of the fold.
    """
    connection.execute(
        f"""insert into sequences_recent by name
        with numbered as (
          select (epoch_us(time) // {MINUTE})::integer as bucket, product,
            coalesce(environment, '') as environment, service, producer, sequence,
            case when name = '{PRODUCER_EVENT}'
              then json_extract(attributes, '{_HIGH}')::varchar end as said
          from events where seq > {after} and seq <= {upto} and producer is not null
            and (sequence is not null or name = '{PRODUCER_EVENT}')),
        told as (
          select *, case when regexp_full_match(said, '[0-9]{{1,18}}') then said::bigint end as high
          from numbered)
        select bucket, product, environment, service, producer, min(sequence) as low,
          max(sequence) as high, null::bigint as reached
        from (
          select *, sequence - dense_rank() over (
              partition by bucket, product, environment, service, producer
              order by sequence) as island
          from numbered where sequence is not null)
        group by bucket, product, environment, service, producer, island
        union all by name
        select bucket, product, environment, service, producer, max(high) + 1 as low,
          max(high) as high, max(high) as reached
        from told where high is not null group by all"""
    )
