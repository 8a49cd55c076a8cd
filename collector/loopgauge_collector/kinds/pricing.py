"""What items cost: every price and rate of a product as rows that a fold joins its events with.

Prices meet rates here, once, so that an item is one product of whole numbers and is rounded
once. The rows are part of a KPI's revision: another price means that history is priced anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from loopgauge_catalog.catalog import Catalog, ProductCatalog
from loopgauge_catalog.kpis import BudgetKpi, Kpi

_EARLIEST, _LATEST = -(2**62), 2**62
#: What DuckDB's HUGEINT and BIGINT hold.
_MOST_WIDE, _MOST = 2**127 - 1, 2**63 - 1

#: From inclusive, to exclusive, and the factor; None where nobody knows one.
_Stretch = tuple[int, int, Fraction | None]


@dataclass(frozen=True, slots=True)
class TariffRow:
    """What millionths of an amount or a quantity are multiplied with, at some time.

    Attributes:
        by: what finds it: the amount's currency, the model or the operation.
        name: that currency (empty where an amount has none), model or operation.
        provider, unit: for quantities; empty for amounts.
        since, upto: microseconds, from inclusive, to exclusive.
        num, den: the factor; None where the price's currency has no rate then, or where no
            number could be multiplied with it.
        most: greatest number that can be multiplied without overflow.
    """

    by: Literal["amount", "model", "operation"]
    name: str
    provider: str
    unit: str
    since: int
    upto: int
    num: int | None
    den: int | None
    most: int


#: All rows of a product; at any moment at most one fits the same thing.
Tariff = tuple[TariffRow, ...]


def currency_of(kpi: Kpi, product: ProductCatalog) -> str:
    """What a KPI's costs are counted in: a budget has a currency of its own."""
    return kpi.plan.code if isinstance(kpi, BudgetKpi) else product.currency


def tariff_of(kpi: Kpi, catalog: Catalog) -> Tariff:
    """The prices and rates that a KPI's costs are counted with."""
    product = catalog.products[kpi.product]
    return tuple(_rows(product, currency_of(kpi, product)))


def _rows(product: ProductCatalog, currency: str) -> Iterator[TariffRow]:
    for code in ("", *sorted({product.currency, currency, *product.currencies})):
        for since, upto, factor in _worth(product, code or product.currency, currency):
            if factor is not None:
                yield _row("amount", code, "", "", since, upto, factor)
    for price in product.prices:
        start, end = price.bounds(product.zone)
        by: Literal["model", "operation"] = "model" if price.model is not None else "operation"
        for since, upto, factor in _worth(product, price.code or product.currency, currency):
            low = max(start, since)
            high = upto if end is None else min(end, upto)
            if low < high:
                each = None if factor is None else Fraction(price.amount) / price.per * factor
                name = price.model or price.operation or ""
                yield _row(by, name, price.provider, price.unit, low, high, each)


def _row(
    by: Literal["amount", "model", "operation"],
    name: str,
    provider: str,
    unit: str,
    since: int,
    upto: int,
    factor: Fraction | None,
) -> TariffRow:
    num, den, most = None, None, 0
    if factor is not None and 2 * factor.denominator <= _MOST_WIDE:
        most = _MOST
        if factor:
            most = min(
                (_MOST_WIDE - factor.denominator) // (2 * factor.numerator),
                (_MOST - 1) * factor.denominator // factor.numerator,
                most,
            )
        num, den = (factor.numerator, factor.denominator) if most else (None, None)
    return TariffRow(by, name, provider, unit, since, upto, num, den, most)


def _rates(product: ProductCatalog, code: str) -> list[_Stretch]:
    """What a currency is worth in the product's own, from the beginning to the end of time."""
    if code == product.currency:
        return [(_EARLIEST, _LATEST, Fraction(1))]
    known: list[tuple[int, Fraction]] = sorted(
        (_EARLIEST if (since := rate.since(product.zone)) is None else since, Fraction(rate.factor))
        for rate in product.currencies.get(code, ())
    )
    bounds = [since for since, _ in known] + [_LATEST]
    before: list[_Stretch] = [(_EARLIEST, bounds[0], None)] if bounds[0] > _EARLIEST else []
    return before + [
        (since, upto, factor) for (since, factor), upto in zip(known, bounds[1:], strict=True)
    ]


def _worth(product: ProductCatalog, code: str, currency: str) -> Iterator[_Stretch]:
    """What one unit of a currency is worth in another."""
    if code == currency:
        yield _EARLIEST, _LATEST, Fraction(1)
        return
    for since, upto, factor in _rates(product, code):
        for start, end, other in _rates(product, currency):
            low, high = max(since, start), min(upto, end)
            if low < high:
                yield low, high, None if factor is None or other is None else factor / other
