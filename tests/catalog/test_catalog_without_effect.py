"""What has the right shape and says nothing: fields that nobody reads, numbers that cannot move.

Each mistake in exact words.
"""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: the catalog, what is replaced in it, everything that the loader says.
MISTAKES: dict[str, tuple[str, tuple[str, ...], list[str]]] = {
    "a floor on a day that still runs": (
        "shop",
        ("window: 7d\n        target: {at_least: 1", "window: day\n        target: {at_least: 1"),
        [
            "shop.yaml:20:9: the running day may reach 1 until it ends, so nobody would hear that it was missed; take a rolling window such as 24h"
        ],
    ),
    "a least number of samples for a count": (
        "shop",
        ("once_per: order.id", "once_per: order.id\n        min_samples: 5"),
        ["shop.yaml:19:22: a count is judged whatever its samples are; delete min_samples"],
    ),
    "a least number of samples for nothing to judge": (
        "studio",
        (
            "matching: {score: {at_least: 7}}",
            "min_samples: 5\n        matching: {score: {at_least: 7}}",
            "window: 7d\n        target: {at_least: 95%}\n      refused",
            "window: 7d\n      refused",
        ),
        [
            "studio.yaml:246:22: studio.good_enough has no target, so nothing is judged from so many samples on; add a target, or delete min_samples"
        ],
    ),
    "a stretch that nobody can pass": (
        "studio",
        ("target: {above: 95%}", "target: {above: 95%, stretch: 100%}"),
        [
            "studio.yaml:57:39: a stretch of 100% can never be reached: studio.finishing is between 0% and 100%; write a threshold inside that range"
        ],
    ),
    "a note that is never shown": (
        "shop",
        (
            "target: {below: 1%}",
            "target: {below: 1%}\n        notes: [{when: {at_least: 150%}, says: Odd}]",
        ),
        [
            "shop.yaml:57:35: at_least 150% never holds: the number is between 0% and 100%; write a threshold inside that range"
        ],
    ),
    "exactly half a thing": (
        "shop",
        ("at_least: 1, stretch: 10", "equals: 1.5"),
        [
            "shop.yaml:20:26: shop.orders is a whole number and never exactly 1.5; write at_least or at_most, or a whole number",
            "shop.yaml:22:27: assumed names target.stretch, which shop.orders does not give; did you mean 'target'?",
        ],
    ),
    "exactly some share": (
        "shop",
        ("target: {below: 1%}", "target: {equals: 1%}", "for: 5m, burn: true", "for: 5m"),
        ["shop.yaml:56:26: shop.errors is exactly 1% only by chance; write at_least or at_most"],
    ),
    "exactly some mean": (
        "shop",
        ("above: 4.5", "equals: 4.5"),
        ["shop.yaml:45:26: shop.rating is exactly 4.5 only by chance; write at_least or at_most"],
    ),
    "slots that cut minutes": (
        "studio",
        (
            "up: {outcome: ok}\n        location",
            "up: {outcome: ok}\n        every: 90s\n        location",
        ),
        [
            "studio.yaml:161:16: probes are counted by minute, which slots of 90s would cut; write 2m"
        ],
    ),
    "a range above every value": (
        "studio",
        ("range: [0, 10]", "range: [10, 20]"),
        [
            "studio.yaml:171:9: every score is below this range, so nothing could ever move; write the range that its values have"
        ],
    ),
    "a range below every value": (
        "studio",
        ("range: [0, 10]", "range: [-10, 0]"),
        [
            "studio.yaml:171:9: every score is above this range, so nothing could ever move; write the range that its values have"
        ],
    ),
    "a range in another unit than its values": (
        "studio",
        (
            "score: {type: number, minimum: 0, maximum: 10}",
            "score: {type: number, unit: ms, minimum: 0, maximum: 10}",
        ),
        [
            "studio.yaml:170:16: the value is in ms, and range is a number of s; declare the attribute with unit: s"
        ],
    ),
    "a quota in another unit than its limit": (
        "studio",
        (
            "quota.units: {type: integer, minimum: 0}",
            "quota.units: {type: integer, unit: min, minimum: 0}",
        ),
        [
            "studio.yaml:144:16: the value is in min, and limit is a number of s; declare the attribute with unit: s"
        ],
    ),
    "a member against itself": (
        "studio",
        ("{kpi: reached, against: planned}", "{kpi: reached, against: reached}"),
        [
            "studio.yaml:269:84: reached against itself is always attained; name the KPI that says how far it should be"
        ],
    ),
    "a status against itself": (
        "studio",
        ("{against: planned, on", "{against: reached, on"),
        [
            "studio.yaml:239:27: reached against itself is always on track; name the KPI that says how far it should be"
        ],
    ),
    "a quotient of one thing": (
        "studio",
        (
            "numerator: {event: fault.found, once_per: fault.id}",
            "numerator: {event: film.done, once_per: film.id}",
        ),
        [
            "studio.yaml:109:9: studio.faults_per_film divides something by itself, so it is always 1; divide by something else"
        ],
    ),
    "a growth over itself": (
        "studio",
        ("over: views", "over: [comments, likes]"),
        [
            "studio.yaml:201:9: studio.engagement divides something by itself, so it is always 100%; divide by something else"
        ],
    ),
    "a share of those who all have it": (
        "studio",
        ("among: [film.ordered, film.shown]", "among: film.shown"),
        [
            "studio.yaml:100:16: whoever is among these has had one of having, so the share is always 100%; add the other events of those who are looked at"
        ],
    ),
    "a funnel of one event twice": (
        "studio",
        (
            "steps: [film.ordered, [film.done, film.closed], film.shown]",
            "steps: [film.ordered, film.ordered, film.shown]",
        ),
        [
            "studio.yaml:62:31: film.ordered would reach this step together with the one before; name another event, or tell them apart with where"
        ],
    ),
    "a funnel whose alternatives overlap": (
        "studio",
        (
            "steps: [film.ordered, [film.done, film.closed], film.shown]",
            "steps: [film.ordered, [film.done, film.closed], {event: film.closed, where: {reason: sold}}]",
        ),
        [
            "studio.yaml:62:57: film.closed would reach this step together with the one before; name another event, or tell them apart with where"
        ],
    ),
    "an end that may be the start": (
        "studio",
        (
            "to: film.done\n        by: film.id\n        expires: 30m",
            "to: {event: film.ordered, where: {genre: drama}}\n        by: film.id\n        expires: 30m",
        ),
        [
            "studio.yaml:53:9: film.ordered would both start and end a subject; name another event, or tell them apart with where"
        ],
    ),
    "a report that takes itself away": (
        "shop",
        ("retired_by: part.retired", "retired_by: scan.completed"),
        [
            "shop.yaml:78:21: every scan.completed would take away what it reports; name the event that says that something is gone, or delete it"
        ],
    ),
    "an age that nothing reaches": (
        "studio",
        ("target: {within: 15m}\n      checked", "target: {within: 30d}\n      checked"),
        [
            "studio.yaml:212:21: after 30d it is dropped, so it is never older than 30d and the target can never be missed; write a longer drop_after"
        ],
    ),
    "no environment at all": (
        "shop",
        ("once_per: order.id", "once_per: order.id\n        environment: ''"),
        ["shop.yaml:19:22: 'environment' must have at least 1 character"],
    ),
    "a rhythm of batches": (
        "shop",
        (
            "source: batch\n    attributes:\n      scanner",
            "source: batch\n    expect: 15m\n    attributes:\n      scanner",
        ),
        [
            "shop.yaml:107:13: scan.completed comes in batches, so nobody expects it at any time; delete expect and give its KPIs stale_after, or delete source: batch"
        ],
    ),
    "an address that is none": (
        "shop",
        ("email: office@shop.test", "email: office"),
        [
            "shop.yaml:6:19: 'office' is no address, so no mail arrives; write it as team@example.org"
        ],
    ),
    "a sprint longer than what is kept": (
        "studio",
        ("length: 14d", "length: 91d"),
        ["studio.yaml:4:38: a sprint of 91d is longer than events are kept; write at most 90d"],
    ),
    "a price of a unit that no cost has": (
        "studio",
        ("cost.unit: {}", "cost.unit: {allowed: [seconds, frame]}"),
        [
            "studio.yaml:9:44: cost.unit of cost.incurred is never second, so nothing has this price; did you mean 'seconds'?"
        ],
    ),
    "a price of a provider that no cost has": (
        "studio",
        ("provider: {required: true}", "provider: {allowed: [voices], required: true}"),
        [
            "studio.yaml:10:16: provider of cost.incurred is never farm, so nothing has this price; allowed are voices"
        ],
    ),
    "a rate that begins after the price": (
        "studio",
        ("from: 2026-01-01}\nprices", "from: 2026-06-01}\nprices"),
        [
            "studio.yaml:10:99: warning: EUR has no rate before 2026-06-01, so until then this price says nothing; add a rate from 2026-01-01"
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_would_say_nothing_is_named(mistake: str, after: Edit, studio_after: Edit) -> None:
    catalog, edits, said = MISTAKES[mistake]
    assert {"shop": after, "studio": studio_after}[catalog](*edits) == said


@pytest.mark.parametrize(
    "edits",
    [
        ("target: {above: 95%}", "target: {above: 95%, stretch: 99%}"),
        ("target: {above: 95%}", "target: {above: 95%}\n        min_samples: 7"),
        ("target: {above: 95%}", "target: {equals: 100%}"),
        ("{at_most: 50}", "{equals: 50}"),
        ("{share_below: 5m, at_least: 50%}", "{share_below: 5m, at_least: 100%}"),
        ("up: {outcome: ok}\n        location", "up: {outcome: ok}\n        every: 5m\n        location"),
        ("range: [0, 10]", "range: [9, 20]"),
        ("range: [0, 10]", "range: [-1, 1]"),
        ("over: views", "over: likes"),
        ("among: [film.ordered, film.shown]", "among: film.ordered"),
        ("steps: [film.ordered, [film.done, film.closed], film.shown]",
         "steps: [film.ordered, {event: film.closed, where: {reason: sold}}, {event: film.closed, where: {reason: withdrawn}}]"),
        ("film.closed], film.shown]", "film.closed], film.ordered]"),
        ("cost.unit: {}", "cost.unit: {allowed: [second, frame]}"),
        ("length: 14d", "length: 90d"),
    ],
)  # fmt: skip
def test_its_neighbour_is_taken(edits: tuple[str, ...], studio_after: Edit) -> None:
    assert studio_after(*edits) == []


def test_a_floor_of_single_values_shows_the_quantile_from_below(after: Edit) -> None:
    floor = ("below: 2s, share: 95%", "at_least: 2s, share: 95%")

    assert after(*floor) == [
        "shop.yaml:66:39: warning: the share of 95% is judged, but quantile 0.95 is shown, so the number and the state may disagree; write quantile: 0.05"
    ]
    assert after(*floor, "quantile: 0.95", "quantile: 0.05") == []


def test_what_follows_from_a_missing_unit_is_not_said_too(after: Edit) -> None:
    assert len(after("type: money, unit: usd", "type: money")) == 1
    assert len(after("value: duration\n", "value: user.internal\n")) == 1
