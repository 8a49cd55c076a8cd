"""cost, cost_per, budget, quota: what was used up."""

from dataclasses import dataclass
from fractions import Fraction

from loopgauge_catalog.filters import Filter
from loopgauge_catalog.prices import COST_EVENT

from tests.oracle.answer import Answer
from tests.oracle.attributes import MICRO, millionths, rounded, text
from tests.oracle.events import DAY, Event
from tests.oracle.periods import period
from tests.oracle.view import Pick, View, everything


@dataclass(frozen=True)
class Item:
    """A line of the bill, in millionths of the product's currency; None when nobody knows."""

    event: Event
    micro: int | None


def _rate(view: View, code: str | None, time: int) -> Fraction | None:
    """What a currency is worth in the product's own at a moment."""
    if code is None or code == view.product.currency:
        return Fraction(1)
    found = [
        (since if since is not None else 0, rate.factor)
        for rate in view.product.currencies.get(code, ())
        if (since := rate.since(view.product.zone)) is None or since <= time
    ]
    return Fraction(max(found)[1]) if found else None


def _price(view: View, event: Event) -> tuple[Fraction, str | None] | None:
    """What one unit of the item costs at its time; a model's price before an operation's."""
    said = {name: text(event.attributes.get(name)) for name in ("provider", "model", "operation")}
    unit = text(event.attributes.get("cost.unit"))
    fits = []
    for price in view.product.prices:
        start, end = price.bounds(view.product.zone)
        is_valid = start <= event.time and (end is None or event.time < end)
        if not is_valid or (price.provider, price.unit) != (said["provider"], unit):
            continue
        if price.model is not None and price.model == said["model"]:
            fits.append((0, price))
        elif price.operation is not None and price.operation == said["operation"]:
            fits.append((1, price))
    if not fits:
        return None
    best = min(fits, key=lambda fit: fit[0])[1]
    return Fraction(best.amount) / best.per, best.code


def priced(view: View, event: Event) -> int | None:
    """The provider's amount, else the quantity at the price of its time; rounded once."""
    amount = view.value(event, "cost.amount")
    if amount is not None:
        rate = _rate(view, text(event.attributes.get("cost.currency")), event.time)
        return None if rate is None else rounded(amount * rate)
    quantity, price = event.attributes.get("cost.quantity"), _price(view, event)
    if quantity is None or price is None:
        return None
    rate = _rate(view, price[1], event.time)
    return None if rate is None else rounded(millionths(quantity) * price[0] * rate)


def _items(view: View, name: str, where: Filter, pick: Pick = everything) -> list[Item]:
    """All lines before E that are eligible."""
    return [
        Item(event, priced(view, event))
        for event, is_eligible in view.chosen(name, where)
        if is_eligible and pick(view.labels(event))
    ]


def _spent(items: list[Item], start: int) -> int:
    return sum(item.micro or 0 for item in items if item.event.time >= start)


def _bill(items: list[Item], start: int) -> Answer:
    inside = [item for item in items if item.event.time >= start]
    unpriced = sum(item.micro is None for item in inside)
    return Answer(samples=len(inside) - unpriced, unpriced=unpriced)


def cost(view: View, pick: Pick = everything) -> Answer:
    """What was spent in the window."""
    items = _items(view, view.kpi.event, view.kpi.where, pick)
    answer = _bill(items, view.start)
    answer.value = Fraction(_spent(items, view.start), MICRO)
    return answer


def cost_per(view: View, _pick: Pick = everything) -> Answer:
    """What was spent in the window, for each subject that first finished in it."""
    per = view.kpi.per
    items = _items(view, view.kpi.event, view.kpi.where)
    answer = _bill(items, view.start)
    first = dict[str, int]()
    for event, is_eligible in view.chosen(per.event, per.where):
        subject = text(event.attributes.get(per.once_per))
        if is_eligible and subject is not None:
            first.setdefault(subject, event.time)
    answer.samples = sum(view.inside(time) for time in first.values())
    spent = _spent(items, view.start)
    answer.stats["spend"] = Fraction(spent, MICRO)
    if answer.samples:
        answer.value = Fraction(spent, MICRO * answer.samples)
    return answer


def budget(view: View, _pick: Pick = everything) -> Answer:
    """Spent in the running period, or what will be by its end, of the limit."""
    plan = view.kpi.plan
    items = _items(view, COST_EVENT, plan.where)
    total = Fraction(_spent(items, view.start))
    answer = _bill(items, view.start)
    week = view.snap(view.end - 7 * DAY)
    if view.kpi.read == "used":
        answer.value = total / plan.limit.micro
        return answer
    answer.unpriced = max(answer.unpriced, _bill(items, min(week, view.start)).unpriced)
    since = max(week, min((item.event.time for item in items), default=view.end))
    if view.end - since >= DAY:
        left = period(view.end - 1, plan.period, view.zone, view.product.sprint)[1] - view.end
        total += Fraction(left * _spent(items, week), view.end - since)
        answer.value = total / plan.limit.micro
    return answer


def quota(view: View, pick: Pick = everything) -> Answer:
    """The share of the allowance that is used up, by the account that has used most."""
    kpi, used, n = view.kpi, dict[tuple[str, ...], int](), 0
    for event, is_eligible in view.chosen(kpi.event, kpi.where):
        key, micro = view.key(event), view.value(event, kpi.value)
        if not is_eligible or key is None or micro is None or not view.inside(event.time):
            continue
        if pick(dict(zip(kpi.per, key, strict=True))):
            used[key] = used.get(key, 0) + micro
            n += 1
    most = max(used.values(), default=0)
    return Answer(value=Fraction(most, millionths(kpi.limit)), samples=n)
