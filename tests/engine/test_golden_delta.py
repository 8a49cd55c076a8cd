"""delta and age: worked example 5 of KPI_SEMANTICS, at any moment and after a rebuild."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product, uuid7

NOON = moment("2026-11-18 12:00")
STATS = {
    "source": "batch",
    "attributes": {
        "channel.name": {}, **{name: {"type": "number"} for name in ("views", "likes", "comments")},
    }
}  # fmt: skip
KPIS: dict[str, dict[str, Any]] = {
    "views": {
        "kind": "delta", "event": "channel.reported", "value": "views", "per": ["channel.name"],
        "labels": ["channel.name"], "window": "24h",
    },
    "engagement": {
        "kind": "delta", "event": "channel.reported", "value": ["likes", "comments"],
        "over": "views", "per": ["channel.name"], "window": "24h",
    },
    "feed_age": {
        "kind": "age", "event": "rss.synced", "per": ["feed.name"], "labels": ["feed.name"],
        "target": {"at_most": "15m"},
    },
}  # fmt: skip
CATALOG = product(
    KPIS,
    {"channel.reported": STATS, "rss.synced": {"attributes": {"feed.name": {}}}},
)


def reported(ago: int, views: float, channel: str = "one", likes: float = 0.0) -> Event:
    return Event(
        "channel.reported", NOON - ago,
        {"channel.name": channel, "views": views, "likes": likes, "comments": 1.0},
    )  # fmt: skip


def synced(ago: int, feed: str) -> Event:
    return Event("rss.synced", NOON - ago, {"feed.name": feed})


Make = Callable[..., Engine]


def test_the_growth_is_the_newest_value_less_the_one_before_the_window(make_engine: Make) -> None:
    engine = make_engine(CATALOG, now=NOON)
    engine.send(reported(25 * HOUR, 1000), reported(3 * HOUR, 1400), reported(HOUR, 1350))
    assert engine.value("views").reading.value == 350
    assert engine.value_at("views", NOON - 2 * HOUR).reading.value == 400


@pytest.mark.parametrize("apart", [True, False])
def test_of_two_reports_at_one_moment_the_base_is_the_one_with_the_smaller_id(
    make_engine: Make, *, apart: bool
) -> None:
    engine = make_engine(CATALOG, now=NOON)
    at = NOON - HOUR
    first, second = (
        Event("channel.reported", at, {"channel.name": "one", "views": views}, id=uuid7(at, number))
        for number, views in ((1, 10), (2, 13))
    )
    if apart:
        engine.send(second)
        engine.send(first)
        engine.merge()
    else:
        engine.send(first, second)
    assert engine.value("views").reading.value == 3


def test_without_a_value_before_the_window_the_first_in_it_is_the_base(make_engine: Make) -> None:
    engine = make_engine(CATALOG, now=NOON)
    engine.send(reported(HOUR, 90), reported(3 * HOUR, 10), reported(3 * HOUR - MINUTE // 2, 30))
    assert engine.value("views").reading.value == 80


def test_label_sets_are_added_up_and_can_be_told_apart(make_engine: Make) -> None:
    engine = make_engine(CATALOG, now=NOON)
    engine.send(
        reported(DAY + HOUR, 100), reported(HOUR, 150), reported(DAY + HOUR, 7, "two"),
        reported(2 * HOUR, 5, "two"),
    )  # fmt: skip
    value = engine.value("views")
    assert value.reading.value == 48
    by_channel = value.breakdowns["channel.name"]
    assert {name: reading.value for name, reading in by_channel.items()} == {"one": 50, "two": -2}


def test_a_quotient_of_growths_is_undefined_when_the_lower_one_has_not_grown(
    make_engine: Make,
) -> None:
    engine = make_engine(CATALOG, now=NOON)
    engine.send(reported(DAY + HOUR, 100, likes=10), reported(HOUR, 300, likes=29))
    assert engine.value("engagement").reading.value == pytest.approx(19 / 200)
    engine.send(reported(HOUR // 2, 100, likes=40))
    value = engine.value("engagement")
    assert (value.reading.value, value.state.value) == (None, "too_few")


def test_the_age_is_that_of_the_feed_that_waited_longest(make_engine: Make) -> None:
    engine = make_engine(CATALOG, now=NOON)
    engine.send(synced(10 * MINUTE, "a"), synced(50 * MINUTE, "b"), synced(20 * MINUTE, "b"))
    value = engine.value("feed_age")
    assert value.reading.value == 20 * 60
    assert value.state.value == "breach"
    assert value.breakdowns["feed.name"]["a"].value == 600


@pytest.mark.parametrize("key", KPIS)
def test_order_merges_and_a_rebuild_change_nothing(make_engine: Make, key: str) -> None:
    events = [
        reported(DAY + HOUR, 100, likes=10), reported(5 * HOUR, 180, likes=20),
        reported(5 * HOUR - 1, 170, likes=21), reported(HOUR, 300, "two"), synced(HOUR, "a"),
        synced(2 * HOUR, "b"), reported(30 * MINUTE, 310, "two", likes=3),
    ]  # fmt: skip
    moments = [NOON, NOON - HOUR, NOON - 4 * HOUR, NOON - DAY]
    forward, backward = make_engine(CATALOG, now=NOON), make_engine(CATALOG, now=NOON)
    forward.send(*events)
    for event in reversed(events):
        backward.send(event)
        backward.merge()
    read = [[engine.value_at(key, at).reading for at in moments] for engine in (forward, backward)]
    assert read[0] == read[1]
    backward.rebuild()
    assert [backward.value_at(key, at).reading for at in moments] == read[0]
    assert forward.value(key).reading.value == read[0][0].value
