"""The checks beyond the schema: each refuses its mistake in exact words, and only that."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: (old text, new text, what the loader says).
MISTAKES: dict[str, tuple[str, str, str]] = {
    # What a KPI reads
    "an event that nobody declares": (
        "event: rating.given",
        "event: rating.gven",
        (
            "shop.yaml:42:16: shop.rating reads rating.gven, which is not declared under events; "
            "did you mean 'rating.given'?"
        ),
    ),
    "a retiring event that nobody declares": (
        "retired_by: part.retired",
        "retired_by: machine.sold",
        (
            "shop.yaml:78:21: shop.holes reads machine.sold, which is not declared under events; "
            "declare it there"
        ),
    ),
    "a value that the event does not carry": (
        "value: rating\n",
        "value: ratng\n",
        (
            "shop.yaml:43:16: rating.given does not declare the attribute ratng; "
            "did you mean 'rating'?"
        ),
    ),
    "a filter on what the event does not carry": (
        "where: {user.internal: false}",
        "where: {shop.internal: false}",
        (
            "shop.yaml:53:32: checkout.finished does not declare the attribute shop.internal; "
            "did you mean 'user.internal'?"
        ),
    ),
    "a subject that the event does not carry": (
        "once_per: order.id",
        "once_per: basket",
        (
            "shop.yaml:18:19: order.placed does not declare the attribute basket; "
            "declare it under the event's attributes"
        ),
    ),
    "a label set that the event does not carry": (
        "per: [scanner, part]",
        "per: [scaner, part]",
        (
            "shop.yaml:73:15: scan.completed does not declare the attribute scaner; "
            "did you mean 'scanner'?"
        ),
    ),
    "a value that is no number": (
        "rating: {type: number, minimum: 1, maximum: 5, required: true}",
        "rating: {required: true}",
        (
            "shop.yaml:43:16: rating is of type string, and a mean needs a number; "
            "declare it as number, integer or money, or take another attribute"
        ),
    ),
    "a filter value that is not allowed": (
        "matching: {outcome: failed}",
        "matching: {outcome: [ok, faild]}",
        "shop.yaml:54:20: outcome is never 'faild'; did you mean 'failed'?",
    ),
    "a filter value of another type": (
        "where: {user.internal: false}",
        "where: {user.internal: no}",
        "shop.yaml:53:32: user.internal is never 'no'; it is of type boolean",
    ),
    "a filter value out of range": (
        "matching: {outcome: failed}",
        "matching: {status: {not: 700}}",
        "shop.yaml:54:20: status is never 700; it is of type integer, at least 100, at most 599",
    ),
    "a filter by size on text": (
        "matching: {outcome: failed}",
        "matching: {outcome: {above: 3}}",
        (
            "shop.yaml:54:20: outcome is of type string, so it is never above or below a number; "
            "write equals, not, in or not_in"
        ),
    ),
    "a filter that contradicts itself": (
        "matching: {outcome: failed}",
        "matching: {status: {at_least: 500, below: 500}}",
        "shop.yaml:54:20: no number fulfils this condition on status; swap the bounds",
    ),
    "a filter on money": (
        "once_per: order.id",
        "where: {order.amount: {above: 3}}",
        "shop.yaml:18:17: order.amount is money, which a filter cannot compare; delete it",
    ),
    "a ratio of everything": (
        "matching: {outcome: failed}",
        "matching: {}",
        (
            "shop.yaml:54:9: an empty condition matches every event, so the ratio is always 100%; "
            "say which events are counted, for example {outcome: failed}"
        ),
    ),
    # Labels
    "a personal label": (
        "labels: [payment.method]",
        "labels: [user.id]",
        (
            "shop.yaml:21:18: user.id is personal, and a label would show it to everybody who "
            "reads metrics; take a label that names no person"
        ),
    ),
    "a label with endless values": (
        "labels: [payment.method]",
        "labels: [order.amount]",
        (
            "shop.yaml:21:18: order.amount is of type money: as a label it has a series for each "
            "number; take a label with few values"
        ),
    ),
    "a label twice": (
        "labels: [payment.method]",
        "labels: [payment.method, payment.method]",
        "shop.yaml:21:34: the label payment.method is given twice; delete one",
    ),
    "a label of latest that nothing is kept for": (
        "labels: [part]",
        "labels: [holes]",
        (
            "shop.yaml:74:18: the label holes is not among per, so nothing is kept for its values; "
            "add holes to per, or delete the label"
        ),
    ),
    "a retiring event that names nothing": (
        "retired_by: part.retired",
        "retired_by: tests.covered",
        (
            "shop.yaml:78:21: tests.covered carries no attribute of per, so it cannot say what is "
            "gone; declare one of scanner, part in it"
        ),
    ),
    # Windows, ages and names
    "a window below a minute": (
        "window: 7d",
        "window: 59s",
        (
            "shop.yaml:19:17: a window of 59s is shorter than the minute that bounds are rounded "
            "to; write at least 1m"
        ),
    ),
    "a window beyond what is kept": (
        "window: 7d",
        "window: 91d",
        "shop.yaml:19:17: a window of 91d is longer than events are kept; write at most 90d",
    ),
    "a value that leaves before it is stale": (
        "drop_after: 30d",
        "drop_after: 2d",
        (
            "shop.yaml:77:21: after 2d the value is dropped, so it is never 2d old and never "
            "stale; write a longer drop_after"
        ),
    ),
    "an assumption about a field that is not there": (
        "assumed: [window, target.stretch]",
        "assumed: [windw, target.share]",
        (
            "shop.yaml:22:19: assumed names windw, which shop.orders does not give; "
            "did you mean 'window'?\n"
            "shop.yaml:22:26: assumed names target.share, which shop.orders does not give; "
            "did you mean 'target.stretch'?"
        ),
    ),
    "a KPI with a name of SQL": (
        "      orders:\n",
        "      order:\n",
        (
            "shop.yaml:11:7: 'order' is a word of SQL and cannot be the name of a kpi; "
            "write for example 'order_kpi'"
        ),
    ),
    "a product with a name of SQL": (
        "product: shop",
        "product: table",
        (
            "shop.yaml:1:10: 'table' is a word of SQL and cannot be the name of a product; "
            "write for example 'table_product'"
        ),
    ),
    "the collector's own name": (
        "product: shop",
        "product: loopgauge",
        (
            "shop.yaml:1:10: metrics that begin with loopgauge_ are the collector's own; "
            "take another name"
        ),
    ),
    "a name that Prometheus reads as a counter": (
        "      order_rate:\n        row: S3\n        title: Orders per day\n        kind: rate",
        "      order_total:\n        row: S3\n        title: Orders per day\n        kind: count",
        (
            "shop.yaml:32:7: the metric would be shop_order_total, and Prometheus takes what ends "
            "with _total for a part of a counter or histogram; take another name"
        ),
    ),
    # Events
    "an allowed value of another type": (
        "allowed: [card, invoice]",
        "allowed: [card, 3]",
        (
            "shop.yaml:93:40: payment.method can never be 3: it is of type string; "
            "write a value of that type, or change the type"
        ),
    ),
    "a list of allowed money": (
        "type: money, unit: usd, minimum: 0",
        "type: money, unit: usd, allowed: [1, 2]",
        "shop.yaml:92:56: order.amount is money, which has no list of values; delete it",
    ),
    "an allowed value out of range": (
        "minimum: 100, maximum: 599",
        "minimum: 100, maximum: 599, allowed: [200, 600]",
        (
            "shop.yaml:103:74: status can never be 600: it is of type integer, at least 100, "
            "at most 599; write a value of that type, or change the type"
        ),
    ),
    "bounds that are the wrong way round": (
        "minimum: 100, maximum: 599",
        "minimum: 599, maximum: 100",
        (
            "shop.yaml:103:54: status has a maximum below its minimum, so no event could be "
            "accepted; swap them"
        ),
    ),
    "a bound of text": (
        "scanner: {}",
        "scanner: {minimum: 0}",
        (
            "shop.yaml:108:26: scanner is of type string, which has no minimum; "
            "write type: number or type: integer, or delete it"
        ),
    ),
    "a unit of text": (
        "scanner: {}",
        "scanner: {unit: s}",
        "shop.yaml:108:23: scanner has the unit s but is of type string; write type: number",
    ),
    "a currency on a float": (
        "rating: {type: number, minimum: 1, maximum: 5, required: true}",
        (
            "rating: {type: number, minimum: 1, maximum: 5, required: true}\n"
            "      tip: {type: number, unit: eur}"
        ),
        (
            "shop.yaml:99:19: tip has a currency but is no money, and a float loses cents; "
            "write type: money"
        ),
    ),
    "money without a currency": (
        "rating: {type: number, minimum: 1, maximum: 5, required: true}",
        "rating: {type: number, minimum: 1, maximum: 5, required: true}\n      tip: {type: money}",
        "shop.yaml:99:7: tip is money without a currency; write unit: usd or unit: eur",
    ),
    "an attribute that the collector keeps": (
        "scanner: {}",
        "loopgauge.sequence: {}\n      scanner: {}",
        (
            "shop.yaml:108:7: loopgauge.sequence never reaches a KPI: the collector keeps it for "
            "itself; delete it, or give it another name"
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_refuses_the_catalog(mistake: str, after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert after(old, new) == said.split("\n")


def test_a_catalog_without_a_kpi_is_refused(shop: str, after: Edit) -> None:
    tables = shop[shop.index("tables:") : shop.index("events:\n")]
    assert after(tables, "tables:\n  main: {title: Main, kpis: {}}\n") == [
        "shop.yaml:7:1: there is no KPI in this catalog; add one under kpis"
    ]
