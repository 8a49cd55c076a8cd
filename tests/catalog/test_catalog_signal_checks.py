"""Targets, reports, signals and scores of the newer kinds; each mistake in exact words."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: (old text, new text, everything that the loader says).
MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "a burn rate of subjects": (
        "target: {above: 95%}",
        "means: x\n        try: [y]\n        target: {above: 95%}\n        alert: {severity: page, team: crew, burn: true}",
        [
            "studio.yaml:60:51: a conversion with this target has no share of bad events that could burn; delete burn"
        ],
    ),
    "a burn rate that no outage can reach": (
        "target: {at_least: 99.9%}",
        "target: {at_least: 90%}",
        [
            "studio.yaml:164:51: 10% of the events may be bad, and 14.4 times that is more than all of them, so it can never fire; delete burn; the state alerts"
        ],
    ),
    "a cost in another currency": (
        "{below: $3.00}",
        "{below: €3.00}",
        [
            "studio.yaml:126:25: €3.00 is not in usd, the KPI's currency; write an amount such as $3.00"
        ],
    ),
    "a score beyond 100": (
        "target: {at_least: 80}",
        "target: {at_least: 101}",
        [
            "studio.yaml:270:28: a target of at_least 101 can never be met: studio.health_score is between 0 and 100; write a threshold inside that range"
        ],
    ),
    "a number of people that is a share": (
        "{at_most: 50}",
        "{at_most: 50%}",
        [
            "studio.yaml:94:27: 50% is a percentage, and studio.people is a plain number; write an amount such as 4.5"
        ],
    ),
    "an age that is a number": (
        "target: {within: 15m}\n      checked",
        "target: {within: 15}\n      checked",
        [
            "studio.yaml:214:26: 15 is a plain number, and studio.reading_age is a duration; write 15s"
        ],
    ),
    "a latest without a number": (
        "passing: {outcome: ok}\n",
        "combine: max\n",
        [
            "studio.yaml:215:7: a latest shows the value of an attribute, or whether the event is passing; give exactly one of value and passing"
        ],
    ),
    "a latest with two numbers": (
        "passing: {outcome: ok}\n",
        "passing: {outcome: ok}\n        value: outcome\n",
        [
            "studio.yaml:215:7: a latest shows the value of an attribute, or whether the event is passing; give exactly one of value and passing"
        ],
    ),
    "passing that asks nothing": (
        "passing: {outcome: ok}\n",
        "passing: {}\n",
        [
            "studio.yaml:220:9: an empty condition matches every event, so it always passes; say which events are counted, for example {outcome: failed}"
        ],
    ),
    "passing, added up": (
        "passing: {outcome: ok}\n",
        "passing: {outcome: ok}\n        per: [probe.location]\n        combine: sum\n",
        [
            "studio.yaml:222:18: how many passed is no share of them; write combine: mean for the share, combine: min for all of them"
        ],
    ),
    "up that asks nothing": (
        "up: {outcome: ok}\n        location",
        "up: {}\n        location",
        [
            "studio.yaml:160:9: an empty condition matches every event, so it is always up; say which events are counted, for example {outcome: failed}"
        ],
    ),
    "values of two units that are added": (
        "value: [likes, comments]",
        "value: [likes, takings]",
        [
            "studio.yaml:200:24: takings is in usd and likes in 1, so what comes of both has no unit; take attributes of one unit"
        ],
    ),
    "a growth over another unit": (
        "over: views",
        "over: takings",
        [
            "studio.yaml:201:15: takings is in usd and likes in 1, so what comes of both has no unit; take attributes of one unit"
        ],
    ),
    "a range without width": (
        "range: [0, 10]",
        "range: [10, 10]",
        ["studio.yaml:165:7: a range from 10 to 10 has no width; write [lowest, highest]"],
    ),
    "a range of three": (
        "range: [0, 10]",
        "range: [0, 5, 10]",
        ["studio.yaml:171:9: 'range' must have at most 2 items"],
    ),
    "a reference that ends before it begins": (
        "to: 2026-01-12",
        "to: 2026-01-05",
        ["studio.yaml:174:9: 2026-01-05 is not after 2026-01-05; write a later day"],
    ),
    "a status against nothing": (
        "{against: planned, on",
        "{against: plannd, on",
        ["studio.yaml:239:27: studio has no KPI plannd; did you mean 'planned'?"],
    ),
    "a status against what is kept otherwise": (
        "{against: planned, on",
        "{against: checked, on",
        [
            "studio.yaml:239:27: checked does not keep the same label sets as reached; name a latest with the same per"
        ],
    ),
    "a status that is no better at risk": (
        "on_track: 5%, at_risk: 15%",
        "on_track: 15%, at_risk: 5%",
        ["studio.yaml:239:60: 5% behind is no worse than 15% behind; swap them"],
    ),
    "a status in another unit": (
        "on_track: 5%,",
        "on_track: 5,",
        [
            "studio.yaml:239:46: 5 is no distance between two amounts of reached; write it in the KPI's unit, as 5%",
            "studio.yaml:239:58: 15% behind is no worse than 5 behind; swap them",
        ],
    ),
    "a weight of text": (
        "weight: loop.events",
        "weight: loop.reason",
        [
            "studio.yaml:257:17: loop.reason is of type string, and a ratio needs a number; declare it as number, integer or money, or take another attribute"
        ],
    ),
    "an outcome that the collector does not know": (
        "[quarantined, refused]",
        "[quarantined, refsed]",
        ["studio.yaml:258:20: loop.outcome is never 'refsed'; did you mean 'refused'?"],
    ),
    "an event that is built in": (
        "  film.failed: {",
        "  loop.batch_admitted: {}\n  film.failed: {",
        [
            "studio.yaml:279:3: loop.batch_admitted is LoopGauge's own, as all that begins with loop.; delete it; rows may read what is built in"
        ],
    ),
    "an event that looks built in": (
        "  film.failed: {",
        "  loop.finished: {}\n  film.failed: {",
        [
            "studio.yaml:279:3: loop.finished is LoopGauge's own, as all that begins with loop.; take another name; built in are loop.producer_reported, loop.batch_admitted"
        ],
    ),
    "a member that nobody knows": (
        "kpis: [up, drift]",
        "kpis: [up, drft]",
        ["studio.yaml:268:58: studio has no KPI drft; did you mean 'drift'?"],
    ),
    "a member without a target": (
        "{kpi: reached, against: planned}",
        "reached",
        [
            "studio.yaml:269:60: reached has no target, so nobody can say how much of it is attained; give it a target, or name the KPI that it is measured against: {kpi: reached, against: …}"
        ],
    ),
    "a member against nothing": (
        "{kpi: reached, against: planned}",
        "{kpi: reached, against: plannd}",
        ["studio.yaml:269:84: studio has no KPI plannd; did you mean 'planned'?"],
    ),
    "a member against another kind of amount": (
        "{kpi: reached, against: planned}",
        "{kpi: reached, against: people}",
        [
            "studio.yaml:269:84: people and reached are no amounts of one kind; name a KPI of the same unit"
        ],
    ),
    "a member twice": (
        "kpis: [up, drift]",
        "kpis: [up, making]",
        ["studio.yaml:269:52: making is already in system and would count twice; delete one"],
    ),
    "a score in a score": (
        "kpis: [up, drift]",
        "kpis: [up, health_score]",
        ["studio.yaml:268:58: health_score is a score itself; name its members here"],
    ),
    "weights that are not 100": (
        "weight: 40, ",
        "",
        [
            "studio.yaml:263:7: the weights of the parts add up to 85, so the score is not of 100; a part without a weight counts 25"
        ],
    ),
    "a weight that is no whole number": (
        "weight: 60",
        "weight: 60%",
        ["studio.yaml:268:43: 'weight' must be a whole number"],
    ),
    "a member that is a list": (
        "kpis: [up, drift]",
        "kpis: [[up], drift]",
        [
            "studio.yaml:268:54: item 1 of 'kpis' must be a block of fields; its fields are kpi, against"
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_refuses_the_catalog(mistake: str, studio_after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert studio_after(old, new) == said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{at_most: 200%}", "{at_most: 101%}"),
        ("{at_least: 0.1}", "{at_least: 0.1, below: 0.25}"),
        ("target: {at_least: 80}", "target: {at_least: 100}"),
        (
            "passing: {outcome: ok}\n",
            "passing: {outcome: ok}\n        per: [probe.location]\n        combine: min\n",
        ),
        ("window: week", "window: sprint"),
        ("limit: 10000\n", "limit: 10000\n        window: month\n"),
        ("up: {outcome: ok}", "up: {outcome: ok}\n        every: 28d"),
    ],
)
def test_the_neighbour_of_a_mistake_is_taken(old: str, new: str, studio_after: Edit) -> None:
    assert studio_after(old, new) == []


def test_a_growth_of_a_batch_that_never_gets_old_is_listed(studio_after: Edit) -> None:
    assert studio_after(
        "        window: 7d\n        stale_after: 48h\n      engagement",
        "        window: 7d\n      engagement",
    ) == [
        "studio.yaml:189:16: warning: stats.read comes in batches, whose silence is normal, so the last value is shown as good for ever; add stale_after"
    ]
