"""The checks of targets and alerts: the right unit, possible to meet and to miss, for somebody."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: (old text, new text, what the loader says).
MISTAKES: dict[str, tuple[str, str, str]] = {
    # Targets
    "a share without its percent sign": (
        "target: {below: 1%}",
        "target: {below: 0.01}",
        "shop.yaml:56:25: 0.01 is a plain number, and shop.errors is a percentage; write 1%",
    ),
    "a percentage without its sign": (
        "target: {above: 90%}",
        "target: {above: 90}",
        "shop.yaml:85:25: 90 is a plain number, and shop.coverage is a percentage; write 90%",
    ),
    "a duration without its unit": (
        "below: 2s, share: 95%",
        "below: 2, share: 95%",
        "shop.yaml:66:25: 2 is a plain number, and shop.latency is a duration; write 2s",
    ),
    "money without its currency": (
        "above: $100",
        "above: 100",
        (
            "shop.yaml:31:25: 100 is a plain number, and shop.turnover is an amount of money; "
            "write $100"
        ),
    ),
    "money in another currency": (
        "above: $100",
        "above: €100",
        ("shop.yaml:31:25: €100 is not in usd, the KPI's currency; write an amount such as $3.00"),
    ),
    "a percentage of what is no share": (
        "above: 4.5",
        "above: 90%",
        (
            "shop.yaml:45:25: 90% is a percentage, and shop.rating is a plain number; "
            "write an amount such as 4.5"
        ),
    ),
    "a stretch in another unit": (
        "stretch: 10}",
        "stretch: 10s}",
        (
            "shop.yaml:20:40: 10s is a duration, and shop.orders is a plain number; "
            "write an amount such as 4.5"
        ),
    ),
    "a quantile without a share": (
        "below: 2s, share: 95%",
        "below: 2s",
        (
            "shop.yaml:66:9: a quantile is judged by the share of events within the threshold; "
            "add share: 95%"
        ),
    ),
    "a share of what is one number": (
        "target: {below: 1%}",
        "target: {below: 1%, share: 95%}",
        (
            "shop.yaml:56:36: a ratio is one number, so there is no share of events within the "
            "target; delete share"
        ),
    ),
    "a share that can always be met": (
        "target: {below: 1%}",
        "target: {at_least: 0%}",
        (
            "shop.yaml:56:28: a target of at_least 0% can never be missed: "
            "shop.errors is between 0% and 100%; write a threshold inside that range"
        ),
    ),
    "a score beyond its scale": (
        "above: 4.5",
        "above: 5",
        (
            "shop.yaml:45:25: a target of above 5 can never be met: "
            "shop.rating is between 1 and 5; write a threshold inside that range"
        ),
    ),
    "a score at the foot of its scale": (
        "above: 4.5",
        "at_least: 1",
        (
            "shop.yaml:45:28: a target of at_least 1 can never be missed: "
            "shop.rating is between 1 and 5; write a threshold inside that range"
        ),
    ),
    "a duration that nothing can be shorter than": (
        "below: 2s, share: 95%",
        "below: 0s, share: 95%",
        (
            "shop.yaml:66:25: a target of below 0s can never be met: "
            "shop.latency is at least 0s; write a threshold inside that range"
        ),
    ),
    "a number of things below zero": (
        "target: {equals: 0}",
        "target: {equals: -1}",
        (
            "shop.yaml:75:26: a target of equals -1 can never be met: "
            "shop.holes is at least 0; write a threshold inside that range"
        ),
    ),
    "a stretch that is the target": (
        "stretch: 10}",
        "stretch: 1}",
        "shop.yaml:20:40: the stretch of 1 is no harder than at_least 1; delete it",
    ),
    "a stretch of an exact target": (
        "target: {equals: 0}",
        "target: {equals: 0, stretch: 1}",
        "shop.yaml:75:38: an exact target has no stretch; delete it",
    ),
    "a direction against the target": (
        "once_per: order.id",
        "better: lower",
        (
            "shop.yaml:18:17: lower is not better for a target of at_least 1; "
            "delete it; the target says which way is good"
        ),
    ),
    # Alerts
    "an alert that explains nothing": (
        "means: Orders that were placed.\n        try: [Place one yourself]",
        'means: " "\n        try: [""]',
        (
            "shop.yaml:23:9: shop.orders alerts without means and try, so whoever is called does "
            "not know what to do; add means and try"
        ),
    ),
    "an alert without a target": (
        (
            "target: {at_least: 1, stretch: 10}\n        labels: [payment.method]\n"
            "        assumed: [window, target.stretch]"
        ),
        "labels: [payment.method]",
        (
            "shop.yaml:21:9: shop.orders has an alert but no target, so it can never fire; "
            "add a target, or delete the alert"
        ),
    ),
    "an unknown team": (
        "team: backend, for: 1h",
        "team: bckend, for: 1h",
        "shop.yaml:23:41: no team is called bckend; did you mean 'backend'?",
    ),
    "a hold that holds nothing": (
        "team: backend, for: 1h",
        "team: backend, for: 29s",
        (
            "shop.yaml:23:55: a hold of 29s is shorter than two evaluations, so a single odd one "
            "fires; write at least 30s"
        ),
    ),
    "a burn rate on a number": (
        "team: backend, for: 1h",
        "team: backend, for: 1h, burn: true",
        (
            "shop.yaml:23:65: a count with this target has no share of bad events that could burn; "
            "delete burn"
        ),
    ),
    "a burn rate that no errors can reach": (
        "target: {below: 1%}",
        "target: {below: 7%}",
        (
            "shop.yaml:57:63: 7% of the events may be bad, and 14.4 times that is more than all of "
            "them, so it can never fire; delete burn; the state alerts"
        ),
    ),
    "a burn rate without a budget": (
        "target: {below: 1%}",
        "target: {at_most: 0%}",
        "shop.yaml:57:63: the target allows nothing bad, so there is no budget; delete burn",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_refuses_the_catalog(mistake: str, after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert after(old, new) == [said]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("target: {below: 1%}", "target: {below: 6.9%}"),
        ("target: {below: 1%}", "target: {at_most: 0.001%}"),
        ("target: {below: 1%}", "target: {above: 99.9%}"),
        ("above: 4.5", "above: 4.999999"),
        ("above: 4.5", "at_least: 5"),
        ("above: 4.5", "above: 1"),
        ("target: {above: 90%}", "target: {equals: 100%}"),
        ("target: {above: 90%}", "target: {at_least: 100%}"),
        ("window: 7d", "window: 1m"),
        ("window: 7d", "window: 90d"),
        ("team: backend, for: 1h", "team: backend, for: 30s"),
        ("team: backend, for: 1h", "team: backend"),
        ("drop_after: 30d", "drop_after: 49h"),
        ("matching: {outcome: failed}", "matching: {outcome: {not: ok}}"),
        ("matching: {outcome: failed}", "matching: {status: {at_least: 500, at_most: 500}}"),
        ("labels: [payment.method]", "labels: [order.id]"),
    ],
)
def test_the_neighbour_of_a_mistake_is_taken(old: str, new: str, after: Edit) -> None:
    assert after(old, new) == []


def test_a_mistake_in_a_target_is_not_repeated_by_what_follows_from_it(after: Edit) -> None:
    assert len(after("target: {below: 1%}", "target: {below: 50}")) == 1
    assert len(after("target: {below: 1%}", "target: {below: 200%}")) == 1
    assert len(after("event: rating.given", "event: rating.gven")) == 1
