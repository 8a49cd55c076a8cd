"""The collector's own health as metric families: is anything lost, late or full?"""

from collections import Counter
from collections.abc import Iterator, Mapping

from loopgauge_catalog import names
from loopgauge_catalog.values import PipelineHealth, Snapshot
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from loopgauge_exporters import shared_families as shared
from loopgauge_exporters.labels import clean
from loopgauge_exporters.shared_families import Family

OUTCOMES = ("stored", "duplicate", "quarantined", "ignored")


def pipeline_families(snapshot: Snapshot) -> Iterator[Metric]:
    """Every family about the pipeline itself."""
    health = snapshot.health
    yield _events(snapshot)
    refused = shared.REFUSED.counter()
    for reason, requests in sorted(health.refused.items()):
        refused.add_metric((clean(reason),), requests)
    yield refused
    yield from _plain(health)
    yield _by_kpi(shared.OVERFLOW, health.series_overflow)
    yield _by_kpi(shared.REBUILDING, health.rebuilding)
    yield _one(shared.SNAPSHOT_NUMBER, snapshot.number)
    yield _one(shared.SNAPSHOT_TIME, snapshot.as_of.timestamp())


def _events(snapshot: Snapshot) -> CounterMetricFamily:
    """Accounting by product and outcome.

    Every product of the catalog starts at 0, because `increase()` does not see the first
    increment of a series that is born with it. A product that no catalog knows is a
    sender's word and could be anything, so all of them share one label value.
    """
    totals = Counter({(p, outcome): 0 for p in snapshot.catalog.products for outcome in OUTCOMES})
    for row in snapshot.health.accounting:
        if row.product in snapshot.catalog.products:
            product = row.product
        else:
            product = names.OTHER_VALUE if row.product else names.NONE_VALUE
        totals[product, row.outcome] += row.events
    family = shared.EVENTS.counter()
    for (product, outcome), events in totals.items():
        family.add_metric((product, outcome), events)
    return family


def _plain(health: PipelineHealth) -> Iterator[Metric]:
    yield _one(shared.COMMITS, health.commits)
    yield _one(shared.FOLDS, health.folds)
    yield _one(shared.EVALUATION_ERRORS, health.evaluation_errors)
    yield _one(shared.COMMIT_SECONDS, health.commit_seconds)
    yield _one(shared.FOLD_SECONDS, health.fold_seconds)
    yield _one(shared.EVALUATION_SECONDS, health.evaluation_seconds)
    yield _one(shared.LAG, health.lag_seconds)
    yield _one(shared.WAL_BYTES, health.wal_bytes)
    yield _one(shared.DATABASE_BYTES, health.database_bytes)
    yield _one(shared.FREE_BYTES, health.free_bytes)
    yield _one(shared.WAITING, health.waiting_events)
    yield _one(shared.QUARANTINED, health.quarantined)


def _one(family: Family, value: float) -> Metric:
    metric = family.counter() if family.type == "counter" else family.gauge()
    metric.add_metric((), value)
    return metric


def _by_kpi(family: Family, numbers: Mapping[str, float]) -> Metric:
    metric = family.counter() if family.type == "counter" else family.gauge()
    for kpi_id, number in numbers.items():
        metric.add_metric((kpi_id.partition(".")[0], kpi_id), number)
    return metric
