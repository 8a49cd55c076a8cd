"""`once_per`: of each subject the earliest event counts, at its own time.

An event that turns out to be earlier than the one that counted takes its place: the old one
is taken back, the new one added. So order never matters.
"""

import duckdb
import numpy as np

from loopgauge_collector.partials.logs import SubjectLog
from loopgauge_collector.partials.reductions.breakdown import Breakdown


def find_changes(connection: duckdb.DuckDBPyConnection, log: SubjectLog, labels: Breakdown) -> None:
    """Make the temp table `changes` from `matched`: rows with sign 1 to add and -1 to take back.

    A mark keeps the label values that it was counted under: what shared `__other__` is taken back
    from there, though its value may have a series by now.

    Args:
        connection: the folding one, inside a transaction.
        log: of the marks; it is brought up to date.
        labels: of `matched`; new values get a series.
    """
    connection.execute(
        f"""create or replace temp table firsts as
        select rule, md5_number_lower(subject) as subject,
          unnest(arg_min({{'micros': micros, 'id': id, 'bucket': bucket,
            'labels': [{", ".join(labels.places)}]::varchar[], 'sk': sk,
            'good': coalesce(good, false), 'v': coalesce(v, 0)}}, (micros, id)))
        from matched where wants_subject and eligible
        group by rule, md5_number_lower(subject)"""
    )
    _fetch(connection, log)
    connection.execute(
        f"""create or replace temp table known as
        select rule, subject, unnest(arg_min({{'micros': micros, 'id': id, 'bucket': bucket,
            'labels': labels, 'sk': sk, 'good': good, 'v': v}}, (micros, id)))
        from (select * from {log.near} semi join firsts using (rule, subject))
        group by rule, subject"""
    )
    places = "".join(f"labels[{at}] as {label}, " for at, label in enumerate(labels.places, 1))
    connection.execute(
        f"""create or replace temp table earlier as
        select {places} * from (
          select f.* from firsts f left join known k using (rule, subject)
          where k.id is null or (f.micros, f.id) < (k.micros, k.id))"""
    )
    labels.admit("earlier")
    connection.execute(
        f"""create or replace temp table changes as
        select {places} * from (
          select 1 as sign, m.rule, subject, micros, id, bucket, {labels.admitted()} as labels, sk,
            good, v
          from earlier m {labels.join_admitted("m")}
          union all by name
          select -1 as sign, k.* from known k semi join earlier using (rule, subject))"""
    )
    connection.execute(
        """insert into marks_recent select rule, subject, micros, id, bucket, labels, sk, good, v
        from changes where sign > 0"""
    )


def _fetch(connection: duckdb.DuckDBPyConnection, log: SubjectLog) -> None:
    """Have the marks at hand that an arrived event may be earlier than.

    Who has one in a chunk in which, and before which, the rule has no later moment, has had
    the first event: the arrived one changes nothing, and the mark need not be read.
    """
    asked = connection.execute(
        f"""select {log.keys} as key, rule::bigint as rule, subject, micros from firsts
        order by key"""
    ).fetchnumpy()
    key, rule, subject, micros = (
        np.asarray(asked[name]) for name in ("key", "rule", "subject", "micros")
    )
    settled = log.settled(key, rule, micros)
    if settled.any():
        connection.execute(
            f"delete from firsts where {log.keys} in (select key from {log.chosen(key[settled])})"
        )
    left = ~settled
    log.fetch(key[left], rule[left], subject[left], np.zeros(left.sum(), dtype=np.int64))
