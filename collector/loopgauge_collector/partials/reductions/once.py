"""`once_per`: of each subject the earliest event counts, at its own time.

An event that turns out to be earlier than the one that counted takes its place: the old one
is taken back, the new one added. So order never matters.
"""

from collections.abc import Sequence

import duckdb


def find_changes(connection: duckdb.DuckDBPyConnection, labels: Sequence[str]) -> None:
    """Make the temp table `changes` from `matched`: rows with sign 1 to add and -1 to take back.

    Args:
        connection: the folding one, inside a transaction; `marks` is brought up to date.
        labels: the label columns of `matched`.
    """
    connection.execute(
        f"""create or replace temp table firsts as
        select rule, md5_number_lower(subject) as subject,
          unnest(arg_min({{'micros': micros, 'id': id, 'bucket': bucket,
            'labels': [{", ".join(labels)}]::varchar[], 'sk': sk, 'good': coalesce(good, false),
            'v': coalesce(v, 0)}}, (micros, id)))
        from matched where wants_subject and eligible
        group by rule, md5_number_lower(subject)"""
    )
    connection.execute(
        """create or replace temp table known as
        select rule, subject, unnest(arg_min({'micros': micros, 'id': id, 'bucket': bucket,
            'labels': labels, 'sk': sk, 'good': good, 'v': v}, (micros, id)))
        from marks semi join firsts using (rule, subject) group by rule, subject"""
    )
    places = "".join(f"labels[{at + 1}] as {label}, " for at, label in enumerate(labels))
    connection.execute(
        f"""create or replace temp table changes as
        with earlier as (
          select f.* from firsts f left join known k using (rule, subject)
          where k.id is null or (f.micros, f.id) < (k.micros, k.id))
        select {places} * from (
          select 1 as sign, * from earlier
          union all
          select -1, k.* from known k semi join earlier using (rule, subject))"""
    )
    connection.execute(
        """insert into marks select rule, subject, micros, id, bucket, labels, sk, good, v
        from changes where sign > 0"""
    )
