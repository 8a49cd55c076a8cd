"""KPIs about a day, week, month or sprint: the running one, and the last complete one."""

from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product

MakeEngine = Callable[..., Engine]

STORY = {
    "story.done": {
        "source": "batch", "attributes": {"story.id": {}, "points": {"type": "number"}}
    }
}  # fmt: skip


def files(window: str, zone: str = "Europe/Berlin", **more: Any) -> dict[str, Any]:
    velocity = {
        "kind": "sum", "event": "story.done", "value": "points", "once_per": "story.id",
        "window": window, **more,
    }  # fmt: skip
    raw = product({"velocity": velocity}, STORY, zone=zone)
    return {**raw, "sprint": {"starts": "2026-01-05", "length": "14d"}}


def story(at: int, name: str, points: float) -> Event:
    return Event("story.done", at, {"story.id": name, "points": points})


@pytest.mark.parametrize(
    ("window", "now", "before", "start"),
    [
        # 9 November is 308 days, 22 sprints, after 5 January; summer time ended in between.
        ("sprint", "2026-11-18 12:00", "2026-10-25 23:00", "2026-11-08 23:00"),
        ("day", "2026-03-29 20:00", "2026-03-27 23:00", "2026-03-28 23:00"),
        ("week", "2026-11-18 12:00", "2026-11-08 23:00", "2026-11-15 23:00"),
        ("month", "2026-03-31 12:00", "2026-01-31 23:00", "2026-02-28 23:00"),
    ],
)
def test_a_period_is_a_local_one_and_the_one_before_it_is_whole(
    make_engine: MakeEngine, window: str, now: str, before: str, start: str
) -> None:
    at, began, previous = moment(now), moment(start), moment(before)
    engine = make_engine(files(window), now=at)
    done = {previous - 1: 100, previous: 10, began - 1: 20, began: 1, at - 1: 2}
    engine.send(*(story(time, f"s{time}", points) for time, points in done.items()))

    reading = engine.read("velocity", at)

    assert (reading.value, reading.samples, reading.stats) == (3, 2, {"last_complete": 30})
    assert reading.start is not None
    assert reading.start.timestamp() * 1e6 == began
    # The windows that every KPI can be read over are there too.
    assert engine.value("velocity").windows["28d"].value == sum(
        points for time, points in done.items() if time >= at - 28 * DAY
    )


def test_what_comes_late_changes_the_last_sprint_at_once(make_engine: MakeEngine) -> None:
    now = moment("2026-11-18 12:00")
    engine = make_engine(files("sprint"), now=now)
    engine.send(story(now - 20 * DAY, "a", 5), story(now - DAY, "b", 3))
    assert engine.read("velocity", now).stats == {"last_complete": 5}
    engine.merge()
    assert engine.read("velocity", now).stats == {"last_complete": 5}

    engine.send(story(now - 19 * DAY, "c", 8), story(now - 18 * DAY, "b", 2))

    # Story b was done in the last sprint already, so it leaves this one.
    reading = engine.read("velocity", now)
    assert (reading.value, reading.stats) == (0, {"last_complete": 15})
    engine.rebuild()
    assert engine.read("velocity", now) == reading
    past = engine.read("velocity", now - 14 * DAY)
    assert (past.value, past.stats) == (15, {})


def test_the_first_period_has_none_before_it(make_engine: MakeEngine) -> None:
    now = moment("2026-11-18 12:00")
    engine = make_engine(files("sprint"), now=now)
    engine.send(story(now - DAY, "b", 3))

    assert engine.read("velocity", now).stats == {}


def test_a_period_ends_with_its_last_moment(make_engine: MakeEngine) -> None:
    end = moment("2026-11-30 23:00")
    engine = make_engine(files("month"), now=end)
    engine.send(story(end - HOUR, "a", 5), story(end, "b", 7))
    assert engine.read("velocity", end).value == 5

    engine.now = end + MINUTE
    reading = engine.read("velocity", engine.now)
    assert (reading.value, reading.stats) == (7, {"last_complete": 5})


def test_other_kinds_have_calendar_windows_too(make_engine: MakeEngine) -> None:
    now = moment("2026-11-18 12:00")
    done = {"from": "job.started", "to": "job.done", "by": "job.id", "window": "day"}
    engine = make_engine(
        product(
            {
                "jobs": {"kind": "count", "event": "job.done", "window": "week",
                         "target": {"at_least": 3}},
                "mean": {"kind": "mean", "event": "job.done", "value": "n", "window": "day"},
                "done": {**done, "kind": "conversion", "expires": "1h"},
                "quick": {**done, "kind": "duration", "expires": "1h",
                          "target": {"within": "10m", "share": "50%"}},
            },
            {"job.done": {"attributes": {"n": {"type": "number"}}}},
        ),
        now=now,
    )  # fmt: skip
    for n, back in enumerate((DAY + 4 * HOUR, DAY + 2 * HOUR, 5 * HOUR, 4 * HOUR, 3 * HOUR)):
        subject = {"job.id": f"j{n}"}
        engine.send(
            Event("job.started", now - back, subject),
            Event("job.done", now - back + (5 + 5 * n) * MINUTE, {**subject, "n": n}),
        )
    engine.send(Event("job.started", now - 2 * HOUR, {"job.id": "lost"}))
    engine.send(Event("job.started", now - 10 * MINUTE, {"job.id": "open"}))

    assert engine.read("jobs", now).value == 5
    mean = engine.read("mean", now)
    assert (mean.value, mean.stats) == (3, {"last_complete": 0.5})
    conversion = engine.read("done", now)
    assert (conversion.value, conversion.samples, conversion.pending) == (0.75, 4, 1)
    assert conversion.stats == {"last_complete": 1.0}
    quick = engine.read("quick", now)
    assert (quick.share, quick.samples) == (0.0, 4)
    assert quick.stats["last_complete"] > 0
    assert engine.value("jobs").state is not State.BREACH


@pytest.mark.parametrize(
    ("window", "now", "baseline"),
    [
        ("month", "2026-11-18 12:30", "2026-10-18 11:30"),  # summer time ended in between
        ("month", "2026-03-30 20:00", "2026-02-28 23:00"),  # February is over by then
        ("week", "2026-11-18 12:30", "2026-11-11 12:30"),
        ("day", "2026-11-18 12:30", "2026-11-17 12:30"),
        ("sprint", "2026-11-18 12:30", "2026-11-04 12:30"),
    ],
)
def test_the_trend_of_a_period_compares_with_the_one_before_up_to_the_same_elapsed_time(
    make_engine: MakeEngine, window: str, now: str, baseline: str
) -> None:
    at, then = moment(now), moment(baseline)
    engine = make_engine(files(window), now=at)
    engine.send(
        story(then - HOUR, "a", 2), story(then - 1, "b", 3), story(then, "c", 100),
        story(at - HOUR, "d", 7),
    )  # fmt: skip

    value = engine.compare().by_id["shop.velocity"]

    assert value.trend is not None
    assert value.reading.value is not None
    assert value.trend.against.value == 5
    assert value.trend.against.end.timestamp() * 1e6 == then
    assert value.trend.against.delta == value.reading.value - 5
