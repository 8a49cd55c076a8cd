"""Checks of prices, currencies, rates and budgets."""

from collections.abc import Iterator

from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.checks.filters import condition_faults
from loopgauge_catalog.errors import Path, did_you_mean
from loopgauge_catalog.kpis import BudgetKpi
from loopgauge_catalog.prices import COST_EVENT, clashes, price_words


def check_cost_event(product: ProductCatalog) -> Iterator[Finding]:
    """A cost event that cannot carry what it is priced by."""
    needed: dict[str, dict[str, None]] = {}
    for kpi in product.kpis():
        for use in kpi.uses:
            for read in use.reads:
                if read.role == "cost":
                    needed.setdefault(use.event, {})[read.name] = None
    for name, reads in needed.items():
        event = product.events.get(name)
        if event is None:
            continue  # said where it is read
        for attribute in reads:
            path: Path = ("events", name, "attributes")
            declared = event.attributes.get(attribute)
            if declared is None:
                yield Finding(
                    path,
                    f"{name} does not declare {attribute}, by which costs are priced",
                    "declare it under the event's attributes",
                )
                continue
            wanted = {"cost.amount": ("money",), "cost.quantity": ("number", "integer")}
            types = wanted.get(attribute, ("string",))
            if declared.type not in types:
                yield Finding(
                    (*path, attribute),
                    f"{attribute} is of type {declared.type}, so no cost could be priced by it",
                    f"write type: {' or '.join(types)}",
                )


def check_currencies(product: ProductCatalog) -> Iterator[Finding]:
    """Money in a currency that has no rate, or a rate of the product's own."""
    known = {product.currency, *product.currencies}
    named: list[tuple[Path, str]] = [
        (("prices", number), price.code)
        for number, price in enumerate(product.prices)
        if price.code is not None
    ]
    named += [(("budgets", key, "limit"), budget.code) for key, budget in product.budgets.items()]
    for name in {use.event for kpi in product.kpis() for use in kpi.uses if _is_priced(use.reads)}:
        event = product.events.get(name)
        attribute = event.attributes.get("cost.currency") if event is not None else None
        path: Path = ("events", name, "attributes", "cost.currency", "allowed")
        for number, code in enumerate((attribute.allowed if attribute else None) or ()):
            named.append(((*path, number), str(code)))
    for place, code in named:
        if code not in known:
            yield Finding(
                place,
                f"no rate says what {code} is worth in {product.currency}, "
                "so such amounts would never be added up",
                f"add {code} under currencies",
            )
    if product.currency in product.currencies:
        yield Finding(
            ("currencies", product.currency),
            f"costs are counted in {product.currency}, which needs no rate",
            "delete it",
        )


def _is_priced(reads: object) -> bool:
    return isinstance(reads, tuple) and any(read.role == "cost" for read in reads)


def check_rates(product: ProductCatalog) -> Iterator[Finding]:
    """Two rates of a currency from the same day."""
    for code, rates in product.currencies.items():
        for number, rate in enumerate(rates):
            if rate.from_ in [other.from_ for other in rates[:number]]:
                yield Finding(
                    ("currencies", code, number),
                    f"{code} has two rates from the same day",
                    "delete one, or give it another from",
                )


def check_prices(product: ProductCatalog) -> Iterator[Finding]:
    """Two prices of the same thing at the same time."""
    for first, second in clashes(product.prices):
        earlier, later = product.prices[first], product.prices[second]
        yield Finding(
            ("prices", second),
            f"{price_words(later)} has two prices from {max(earlier.from_, later.from_)} on",
            f"add to: {later.from_} to the older one"
            if earlier.from_ < later.from_
            else "delete one, or let one end where the other begins",
            twin=(0, ("prices", first)),
        )


def check_prices_found(product: ProductCatalog) -> Iterator[Finding]:
    """A price for what no cost can say that it is."""
    event = product.events.get(COST_EVENT)
    for number, price in enumerate(product.prices):
        for field, name in (
            ("provider", "provider"), ("model", "model"), ("operation", "operation"),
            ("unit", "cost.unit"),
        ):  # fmt: skip
            asked = getattr(price, field)
            declared = event.attributes.get(name) if event is not None else None
            allowed = [str(each) for each in (declared.allowed if declared else None) or ()]
            if asked is not None and allowed and asked not in allowed:
                yield Finding(
                    ("prices", number, field),
                    f"{name} of {COST_EVENT} is never {asked}, so nothing has this price",
                    did_you_mean(asked, allowed, otherwise=f"allowed are {', '.join(allowed)}"),
                )


def check_rates_begin(product: ProductCatalog) -> Iterator[Finding]:
    """A price in a currency whose first rate holds from a later day on."""
    for number, price in enumerate(product.prices):
        days = [rate.from_ for rate in product.currencies.get(price.code or "", ())]
        known = [day for day in days if day is not None]
        if known and len(known) == len(days) and min(known) > price.from_:
            yield Finding(
                ("prices", number, "from"),
                f"{price.code} has no rate before {min(known)}, so until then this price says "
                "nothing",
                f"add a rate from {price.from_}",
                severity="warning",
            )


def check_budget_filters(product: ProductCatalog) -> Iterator[Finding]:
    """A budget for costs that cannot be."""
    event = product.events.get(COST_EVENT)
    for key, budget in product.budgets.items():
        for name, condition in budget.where.root.items():
            path: Path = ("budgets", key, "where", name)
            attribute = event.attributes.get(name) if event is not None else None
            if attribute is not None:
                yield from condition_faults(path, name, condition, attribute)
            elif event is not None:
                yield Finding(
                    path,
                    f"{COST_EVENT} does not declare the attribute {name}",
                    did_you_mean(
                        name,
                        [*event.attributes],
                        otherwise="declare it under the event's attributes",
                    ),
                )
        if budget.period == "sprint" and product.sprint is None:
            yield Finding(
                ("budgets", key, "period"),
                "nothing says when sprints begin",
                "add sprint: {starts: 2026-01-05, length: 14d}",
            )


def check_budget_named(subject: Subject) -> Iterator[Finding]:
    """A KPI of a budget that the file does not have."""
    kpi = subject.kpi
    if isinstance(kpi, BudgetKpi) and kpi.budget not in subject.product.budgets:
        yield Finding(
            subject.at("budget"),
            f"no budget is called {kpi.budget}",
            did_you_mean(
                kpi.budget, [*subject.product.budgets], otherwise="declare it under budgets"
            ),
        )


CHECKS = (check_budget_named,)
PRODUCT_CHECKS = (
    check_cost_event,
    check_currencies,
    check_rates,
    check_prices,
    check_prices_found,
    check_rates_begin,
    check_budget_filters,
)
