"""What a change of a row means for the stored partials: rebuilt, or only shown otherwise."""

import pytest
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.loader import loads


def kpi(text: str, key: str) -> Kpi:
    found = loads(text).kpi(f"shop.{key}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("orders", "title: Orders\n", "title: Sales\n"),
        ("orders", "window: 7d", "window: 28d"),
        ("orders", "at_least: 1", "at_least: 2"),
        ("orders", "severity: ticket, team: backend", "severity: info, team: office"),
        ("orders", "assumed: [window, target.stretch]", "assumed: []"),
        ("latency", "quantile: 0.95", "quantile: 0.9"),
        ("latency", "share: 95%", "share: 90%"),
        ("holes", "stale_after: 48h", "stale_after: 24h"),
        ("errors", "below: 1%", "below: 2%"),
    ],
)
def test_what_is_shown_and_judged_otherwise_keeps_its_partials(
    shop: str, key: str, old: str, new: str
) -> None:
    assert shop.count(old) == 1
    assert kpi(shop, key).revision() == kpi(shop.replace(old, new), key).revision()


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("orders", "        once_per: order.id\n", ""),
        ("orders", "labels: [payment.method]", "labels: []"),
        ("errors", "matching: {outcome: failed}", "matching: {outcome: ok}"),
        ("errors", "where: {user.internal: false}", "where: {user.internal: true}"),
        ("latency", "below: 2s", "below: 3s"),
        ("latency", "below: 2s", "within: 2s"),
        ("latency", "value: duration", "value: status"),
        ("holes", "per: [scanner, part]", "per: [part]"),
        ("holes", "drop_after: 30d", "drop_after: 60d"),
    ],
)
def test_what_is_counted_otherwise_is_rebuilt(shop: str, key: str, old: str, new: str) -> None:
    assert shop.count(old) == 1
    changed = shop.replace(old, new)
    if new == "value: status":  # no duration any more, so its target is a plain number
        changed = changed.replace("below: 2s, share", "below: 500, share")
    assert kpi(shop, key).revision() != kpi(changed, key).revision()
    others = [each.key for each in loads(shop).kpis() if each.key != key]
    assert all(kpi(shop, other).revision() == kpi(changed, other).revision() for other in others)


def test_a_declaration_that_changes_a_unit_changes_the_revision_with_it(shop: str) -> None:
    latency = kpi(shop, "latency")
    assert latency.revision({"duration": "s"}) != latency.revision({"duration": "ms"})
    assert latency.revision({"duration": "s"}) == latency.revision({"duration": "s"})
