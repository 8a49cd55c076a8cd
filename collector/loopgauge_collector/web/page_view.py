"""What the page says about a Snapshot, as words: the template only places them."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from loopgauge_catalog.states import WORST_FIRST, State
from loopgauge_catalog.values import REPLAYED, AccountingRow, KpiValue, Snapshot

from loopgauge_collector.web import humanise
from loopgauge_collector.web.page_rows import MEANING, SYMBOLS, Product, products_of
from loopgauge_collector.web.presentation import instant

#: A Snapshot older than this is worth a warning: the evaluation runs every second.
OLD_SECONDS = 15.0
#: Lag that nobody has to think about.
USUAL_LAG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Link:
    """A filter that can be chosen, with how many KPIs it shows."""

    text: str
    href: str
    count: int
    chosen: bool
    css: str = ""
    symbol: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about the pipeline; `worry` draws it out."""

    name: str
    text: str
    worry: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template places."""

    number: str
    as_of: str
    as_of_instant: str
    old: str
    facts: tuple[Fact, ...]
    products: tuple[Link, ...]
    states: tuple[Link, ...]
    shown: tuple[Product, ...]


def page_of(
    snapshot: Snapshot,
    values: list[KpiValue],
    product: str | None,
    state: str | None,
    now: datetime,
) -> Page:
    """The page for these values of the Snapshot; product and state are the chosen filters."""
    seconds = (now - snapshot.as_of).total_seconds()
    return Page(
        number=f"{snapshot.number:,}",
        as_of=f"{snapshot.as_of:%Y-%m-%d %H:%M:%S} UTC",
        as_of_instant=instant(snapshot.as_of),
        old=humanise.age(seconds) if seconds > OLD_SECONDS else "",
        facts=_facts(snapshot),
        products=_product_links(snapshot, product, state),
        states=_state_links(snapshot, product, state),
        shown=products_of(snapshot, values),
    )


def _is_stored(row: AccountingRow) -> bool:
    """Whether the row's events are in the store: since they came, or since a replay."""
    return (row.reason if row.outcome == REPLAYED else row.outcome) == "stored"


def _facts(snapshot: Snapshot) -> tuple[Fact, ...]:
    health = snapshot.health
    rows = [row for row in health.accounting if _is_stored(row)]
    stored = sum(row.events for row in rows)
    unassigned = sum(row.events for row in rows if row.product not in snapshot.catalog.products)
    lag = humanise.duration(health.lag_seconds)
    facts = [
        Fact("events stored", f"{stored:,}", worry=False),
        Fact("lag", lag, worry=health.lag_seconds > USUAL_LAG_SECONDS),
        Fact("quarantined", f"{health.quarantined:,}", worry=health.quarantined > 0),
        Fact("unassigned", f"{unassigned:,}", worry=unassigned > 0),
    ]
    if health.evaluation_errors:
        facts.append(Fact("failed evaluations", f"{health.evaluation_errors:,}", worry=True))
    if health.rebuilding:
        least = min(health.rebuilding.values())
        count = len(health.rebuilding)
        text = f"{count} {'KPI' if count == 1 else 'KPIs'}, {least:.0%} done"
        facts.append(Fact("rebuilding", text, worry=False))
    return tuple(facts)


def _href(product: str | None, state: str | None) -> str:
    given = {name: v for name, v in (("product", product), ("state", state)) if v is not None}
    return f"/?{urlencode(given)}" if given else "/"


def _product_links(snapshot: Snapshot, product: str | None, state: str | None) -> tuple[Link, ...]:
    kept = [value for value in snapshot.kpis if state in {None, value.state.value}]
    links = [Link("All products", _href(None, state), len(kept), product is None)]
    for name, owner in snapshot.catalog.products.items():
        count = sum(value.kpi.product == name for value in kept)
        links.append(Link(owner.title, _href(name, state), count, name == product))
    return tuple(links)


def _state_links(snapshot: Snapshot, product: str | None, state: str | None) -> tuple[Link, ...]:
    kept = [value for value in snapshot.kpis if product in {None, value.kpi.product}]
    links = [Link("All", _href(product, None), len(kept), state is None)]
    for one in WORST_FIRST:
        count = sum(value.state is one for value in kept)
        if count or one.value == state:
            links.append(
                Link(
                    text=_words(one),
                    href=_href(product, one.value),
                    count=count,
                    chosen=one.value == state,
                    css=one.value,
                    symbol=SYMBOLS[one],
                    title=MEANING[one],
                )
            )
    return tuple(links)


def _words(state: State) -> str:
    return state.value.replace("_", " ")
