"""The collector's own health as metric families: is anything lost, late or full?"""

from collections import Counter
from collections.abc import Iterator, Mapping

from loopgauge_catalog import names
from loopgauge_catalog.values import OUTCOMES, REPLAY_OUTCOMES, REPLAYED, PipelineHealth, Snapshot

from loopgauge_exporters import shared_families as shared
from loopgauge_exporters.families import Family, Samples
from loopgauge_exporters.labels import clean


def pipeline_families(snapshot: Snapshot) -> Iterator[Samples]:
    """Every family about the pipeline itself."""
    health = snapshot.health
    yield from _events(snapshot)
    yield _by_reason(shared.REFUSED, health.refused)
    yield _by_reason(shared.REFUSED_BYTES, health.refused_bytes)
    yield from _plain(health)
    yield _by_kpi(shared.OVERFLOW, health.series_overflow)
    yield _by_kpi(shared.REBUILDING, health.rebuilding)
    yield _one(shared.SNAPSHOT_NUMBER, snapshot.number)
    yield _one(shared.SNAPSHOT_TIME, snapshot.as_of.timestamp())


def _events(snapshot: Snapshot) -> Iterator[Samples]:
    """Accounting by product and outcome: of what came, and of what a replay settled later.

    Every product of the catalog starts at 0, because `increase()` does not see the first
    increment of a series that is born with it. A product that no catalog knows is a
    sender's word and could be anything, so all of them share one label value.
    """
    products = snapshot.catalog.products
    arrived = Counter({(product, one): 0 for product in products for one in OUTCOMES})
    replayed = Counter({(product, one): 0 for product in products for one in REPLAY_OUTCOMES})
    for row in snapshot.health.accounting:
        if row.product in products:
            product = row.product
        else:
            product = names.OTHER_VALUE if row.product else names.NONE_VALUE
        if row.outcome == REPLAYED:
            replayed[product, row.reason] += row.events
        else:
            arrived[product, row.outcome] += row.events
    for family, totals in ((shared.EVENTS, arrived), (shared.REPLAYED, replayed)):
        yield Samples(family, list(totals.keys()), list(totals.values()))


def _plain(health: PipelineHealth) -> Iterator[Samples]:
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


def _one(family: Family, value: float) -> Samples:
    return Samples(family, [()], [value])


def _by_reason(family: Family, numbers: Mapping[str, int]) -> Samples:
    samples = Samples(family)
    for reason, number in sorted(numbers.items()):
        samples.add((clean(reason),), number)
    return samples


def _by_kpi(family: Family, numbers: Mapping[str, float]) -> Samples:
    samples = Samples(family)
    for kpi_id, number in numbers.items():
        samples.add((kpi_id.partition(".")[0], kpi_id), number)
    return samples
