"""Worked example 10 of the KPI semantics: how many are in, now and at most."""

from collections.abc import Callable

from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
ZERO = NOON - HOUR

MakeEngine = Callable[..., Engine]

#: Start and end of each job, in seconds.
EXAMPLE = [(0, 300), (10.2, 10.9), (60, 120), (120, 180), (90, None), (119.5, 120), (100, 9000)]


def jobs(**more: object) -> dict[str, object]:
    kpi = {
        "kind": "in_flight", "from": "job.started", "to": ["job.done", "job.failed"],
        "by": "job.id", **more,
    }  # fmt: skip
    attributes = {"hours": {"type": "number", "unit": "h"}, "job.id": {}, "queue": {}}
    return product({"jobs": kpi}, {"job.started": {"attributes": attributes}})


def started(job: object, second: float, **more: object) -> Event:
    return Event("job.started", ZERO + round(second * SECOND), {"job.id": str(job), **more})


def ended(job: object, second: float, name: str = "job.done") -> Event:
    return Event(name, ZERO + round(second * SECOND), {"job.id": str(job)})


def example() -> list[Event]:
    starts = [started(n, start) for n, (start, _) in enumerate(EXAMPLE)]
    return starts + [ended(n, end) for n, (_, end) in enumerate(EXAMPLE) if end is not None]


def test_who_is_in_has_started_and_neither_ended_nor_expired(make_engine: MakeEngine) -> None:
    engine = make_engine(jobs(expires="10m"), now=NOON)
    for event in reversed(example()):
        engine.send(event)

    def levels() -> list[float | None]:
        seconds = (100, 119, 120, 690, 700, 59, 0, 3600)
        return [engine.value_at("jobs", ZERO + s * SECOND).reading.value for s in seconds]

    expected = [4, 4, 4, 1, 0, 1, 1, 0]
    # The moment of the first event is before any: nothing had come until then.
    expected[6] = None  # type: ignore[call-overload]
    assert levels() == expected
    engine.merge()
    assert levels() == expected
    engine.rebuild()
    assert levels() == expected


def test_the_maximum_is_over_whole_seconds_and_touching_jobs_do_not_overlap(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(jobs(expires="10m", read="maximum", window="1h"), now=NOON)
    engine.send(*example())

    reading = engine.read("jobs", NOON)
    assert (reading.value, reading.samples, reading.pending) == (4, 4, 0)
    engine.merge()
    assert engine.read("jobs", NOON) == reading
    # Those who were in before the window began are its base level.
    engine.now = ZERO + HOUR + 5 * MINUTE
    later = engine.read("jobs", engine.now)
    assert (later.value, later.pending) == (2, 0)
    engine.rebuild()
    assert engine.read("jobs", engine.now) == later
    assert engine.read("jobs", NOON) == reading


def test_jobs_without_a_limit_are_in_until_they_end(make_engine: MakeEngine) -> None:
    engine = make_engine(jobs(), now=NOON)
    month = 28 * DAY // SECOND
    engine.send(
        started("old", -month), started("late", 0), started("gone", -month),
        # Before any end ever came there would be no data.
        ended("stray", -month),
    )  # fmt: skip
    engine.merge()
    engine.send(ended("gone", -5), ended("nobody", -5))

    reading = engine.read("jobs", NOON)

    assert (reading.value, reading.samples, reading.pending) == (2, 2, 2)
    assert engine.value_at("jobs", NOON - 2 * DAY).reading.value == 2
    assert engine.value_at("jobs", NOON - 2 * HOUR).reading.value == 2
    assert engine.value_at("jobs", ZERO - 2 * SECOND).reading.value == 1


def test_a_start_that_turns_out_to_be_earlier_moves_the_way_in(make_engine: MakeEngine) -> None:
    engine = make_engine(jobs(expires="10m", read="maximum", window="1h"), now=NOON)
    for event in (
        started("a", 1000), ended("a", 1100), started("a", 900), ended("a", 950),
        started("b", 1050), ended("b", 1049.5), started("a", 960),
    ):  # fmt: skip
        engine.send(event)

    # "a" was in from 900 to 950; "b" ended within the second that clocks may differ.
    assert engine.read("jobs", NOON).value == 1
    assert engine.rows("select second, sum(net)::int from levels_recent group by 1 having 2 <> 0 "
                       "and sum(net) <> 0 order by 1") == [
        (ZERO // SECOND + 900, 1), (ZERO // SECOND + 950, -1),
    ]  # fmt: skip


def test_the_weight_is_a_value_of_the_start_in_its_unit(make_engine: MakeEngine) -> None:
    engine = make_engine(jobs(value="hours", labels=["queue"], target={"at_most": "20h"}), now=NOON)
    engine.send(
        started("a", 0, hours=2.5, queue="high"), started("b", 10, hours=40, queue="low"),
        started("c", 20, hours=1, queue="low"), started("d", 30, queue="low"),
        ended("stray", -10), Event("loop.producer_reported", NOON - MINUTE),
    )  # fmt: skip
    over = engine.value("jobs")
    engine.send(ended("b", 3000, "job.failed"), Event("job.started", NOON - MINUTE, {"queue": "x"}))

    value = engine.value("jobs")

    assert (over.reading.value, over.state, over.sure) == (43.5 * 3600, State.BREACH, True)
    assert over.reading.samples == 3
    assert (value.reading.value, value.reading.samples, value.state) == (3.5 * 3600, 2, State.OK)
    by = {name: (part.value, part.samples) for name, part in value.breakdowns["queue"].items()}
    assert by == {"high": (9000.0, 1), "low": (3600.0, 1)}
    at = ZERO + 15 * SECOND
    assert engine.value_at("jobs", at).reading.value == 42.5 * 3600
    engine.merge()
    engine.rebuild()
    assert engine.value_at("jobs", at).reading.value == 42.5 * 3600
    assert engine.value("jobs").breakdowns == value.breakdowns


def test_weights_beyond_64_bits_still_add_up(make_engine: MakeEngine) -> None:
    kpi = {"kind": "in_flight", "from": "job.started", "to": "job.done", "by": "job.id",
           "value": "size", "read": "maximum", "window": "1h"}  # fmt: skip
    engine = make_engine(
        product({"jobs": kpi}, {"job.started": {"attributes": {"size": {"type": "number"}}}}),
        now=NOON,
    )
    huge = 9.0e11
    engine.send(*(started(n, n, size=huge) for n in range(30)), ended(0, 40))
    engine.merge()
    engine.send(*(started(n, n, size=huge) for n in range(30, 40)), ended(1, 41))

    reading = engine.read("jobs", NOON)
    assert (reading.value, reading.samples, reading.pending) == (40 * huge, 40, 38)


def test_nobody_in_is_zero_while_the_source_is_alive(make_engine: MakeEngine) -> None:
    engine = make_engine(jobs(target={"at_most": 3}), now=NOON)
    engine.send(started("a", 3000), ended("a", 3010))

    value = engine.value("jobs")
    assert (value.reading.value, value.reading.samples, value.state) == (0, 0, State.OK)
    assert value.reading.start is None
