"""File-level checks beyond the schema: each a small function with a reason and a proposal.

To add one: write it in the file that its subject belongs to, and name it in that file's
`CHECKS`. An error refuses the catalog, a warning is listed.
"""

from collections.abc import Iterator, Sequence

from loopgauge_catalog.catalog import Catalog, ProductCatalog
from loopgauge_catalog.checks import (
    alerts,
    events,
    filters,
    grades,
    labels,
    members,
    money,
    ranges,
    settings,
    signals,
    sources,
    subject_kinds,
    targets,
    together,
)
from loopgauge_catalog.checks.base import Finding, KpiCheck, ProductCheck, subjects
from loopgauge_catalog.rows import RowsCovered, count_rows, expand

KPI_CHECKS: tuple[KpiCheck, ...] = (
    *sources.CHECKS,
    *filters.CHECKS,
    *labels.CHECKS,
    *subject_kinds.CHECKS,
    *targets.CHECKS,
    *ranges.CHECKS,
    *grades.CHECKS,
    *alerts.CHECKS,
    *settings.CHECKS,
    *signals.CHECKS,
    *money.CHECKS,
    *members.CHECKS,
)
PRODUCT_CHECKS: tuple[ProductCheck, ...] = (
    *settings.PRODUCT_CHECKS,
    *events.CHECKS,
    *money.PRODUCT_CHECKS,
    alerts.check_teams_reachable,
)


def check_product(product: ProductCatalog) -> Iterator[Finding]:
    """Everything that can be said about one file by itself."""
    for check in PRODUCT_CHECKS:
        yield from check(product)
    for subject in subjects(product):
        for kpi_check in KPI_CHECKS:
            yield from kpi_check(subject)


def check_together(products: Sequence[ProductCatalog]) -> Iterator[Finding]:
    """Everything that only several files can get wrong; `Finding.file` counts them."""
    for check in together.CHECKS:
        yield from check(products)


def rows_covered(catalog: Catalog) -> tuple[RowsCovered, ...]:
    """How many rows of each document have KPIs, one result per document letter."""
    return _covered(tuple(catalog.products.values()))


def rows_covered_by(product: ProductCatalog) -> tuple[RowsCovered, ...]:
    """The same for one product's own rows."""
    return _covered((product,))


def _covered(products: Sequence[ProductCatalog]) -> tuple[RowsCovered, ...]:
    expected = [part for product in products for text in product.rows for part in expand(text)]
    return count_rows(expected, [kpi.row for product in products for kpi in product.kpis()])
