"""Worked examples 1 to 3 of the KPI semantics: windows, means and shares, to the last digit."""

from collections.abc import Callable, Sequence

import pytest
from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, SECOND, Engine, Event, moment, product, uuid7

NOON = moment("2026-11-18 12:00")

MakeEngine = Callable[..., Engine]


def counting(window: str = "1h", **more: object) -> dict[str, object]:
    return product({"seen": {"kind": "count", "event": "page.seen", "window": window, **more}})


@pytest.mark.parametrize("at", [NOON, NOON + SECOND // 2, NOON + MINUTE])
def test_a_window_holds_its_start_and_not_its_end(make_engine: MakeEngine, at: int) -> None:
    engine = make_engine(counting(), now=at)
    early, start, last = (moment(f"2026-11-18 {t}") for t in ("10:59:59.999999", "11:00", "12:00"))
    engine.send(*(Event("page.seen", t) for t in (early, start, last - 1, last)))

    reading = engine.read("seen", at)

    # Half a second past noon the running minute is in, and the start moves with the end.
    assert reading.value == 2
    end = moment("2026-11-18 12:00") if at == NOON else moment("2026-11-18 12:01")
    assert (reading.start.timestamp(), reading.end.timestamp()) == (  # type: ignore[union-attr]
        (end - HOUR) / SECOND,
        end / SECOND,
    )


def test_the_window_of_a_past_moment_is_the_same_later(make_engine: MakeEngine) -> None:
    engine = make_engine(counting(), now=NOON)
    engine.send(*(Event("page.seen", NOON - HOUR + n * MINUTE) for n in range(-5, 65)))
    then = engine.read("seen", NOON)
    engine.now = NOON + 20 * HOUR

    assert engine.read("seen", NOON) == then
    assert then.value == 60


def test_an_event_ahead_of_the_clock_waits_for_its_minute(make_engine: MakeEngine) -> None:
    engine = make_engine(counting(), now=NOON)
    engine.send(Event("page.seen", NOON - 1), Event("page.seen", NOON + 5 * MINUTE))
    assert engine.read("seen", NOON).value == 1

    engine.now = NOON + 5 * MINUTE
    assert engine.read("seen", engine.now).value == 1
    engine.now += 1
    assert engine.read("seen", engine.now).value == 2


def test_the_same_id_counts_once(make_engine: MakeEngine) -> None:
    engine = make_engine(counting(), now=NOON)
    event = Event("page.seen", NOON - MINUTE)

    assert engine.commit(event).accepted == 1
    engine.fold()
    assert engine.commit(event).duplicates == 1
    engine.fold()

    assert engine.read("seen", NOON).value == 1


def test_a_reopened_story_counts_the_points_of_its_first_end(make_engine: MakeEngine) -> None:
    engine = make_engine(
        product(
            {
                "points": {
                    "kind": "sum", "event": "story.done", "value": "points",
                    "once_per": "story.id", "window": "24h",
                }
            },
            {"story.done": {"attributes": {"points": {"type": "number"}, "story.id": {}}}},
        ),
        now=NOON,
    )  # fmt: skip
    # The second end arrives first, in a fold of its own.
    engine.send(Event("story.done", NOON - 2 * HOUR, {"story.id": "s1", "points": 8}))
    assert engine.read("points", NOON).value == 8
    engine.send(Event("story.done", NOON - 3 * HOUR, {"story.id": "s1", "points": 5}))

    assert engine.read("points", NOON).value == 5
    # As of a moment between the two, the same; before both, nothing.
    assert engine.read("points", NOON - 150 * MINUTE).value == 5
    assert engine.read("points", NOON - 4 * HOUR).value is None


def test_of_two_first_events_at_the_same_time_the_smaller_id_counts(
    make_engine: MakeEngine,
) -> None:
    kpi = {
        "kind": "sum", "event": "story.done", "value": "points", "once_per": "story.id",
        "window": "24h",
    }  # fmt: skip
    engine = make_engine(product({"points": kpi}), now=NOON)
    for number, points in ((5, 8), (3, 2), (4, 13)):
        attributes = {"story.id": "s1", "points": points}
        engine.send(Event("story.done", NOON - 1, attributes, id=uuid7(NOON - 1, number)))

    assert engine.read("points", NOON).value == 2


def survey(scores: Sequence[float], make_engine: MakeEngine) -> Engine:
    engine = make_engine(
        product(
            {
                "score": {
                    "kind": "mean", "event": "survey.answered", "value": "score",
                    "window": "28d", "target": {"above": 4.5},
                }
            },
            {"survey.answered": {"attributes": {"score": {"type": "number"}}}},
        ),
        now=NOON,
    )  # fmt: skip
    engine.send(
        *(
            Event("survey.answered", NOON - n * MINUTE - 1, {"score": s})
            for n, s in enumerate(scores)
        )
    )
    return engine


def test_a_mean_has_the_interval_of_its_spread(make_engine: MakeEngine) -> None:
    engine = survey([5] * 14 + [4] * 5 + [3], make_engine)

    reading = engine.read("score", NOON)

    assert (reading.value, reading.samples) == (4.65, 20)
    assert reading.interval == pytest.approx((4.393, 4.907), abs=5e-4)
    # s = 0.5871 is half the interval's width x sqrt(20) / 1.96.
    low, high = reading.interval or (0, 0)
    assert (high - low) / 2 * 20**0.5 / 1.96 == pytest.approx(0.5871, abs=5e-5)
    assert engine.value("score").state is State.OK
    assert engine.rows(
        "select sum(n)::int, sum(s)::bigint, sum(s2)::bigint from partials_recent"
    ) == [(20, 93_000_000, 439 * 10**12)]


def test_a_mean_below_its_target_by_more_than_its_interval_is_surely_missed(
    make_engine: MakeEngine,
) -> None:
    engine = survey([4] * 12 + [3] * 4 + [5] * 4, make_engine)

    value = engine.value("score")

    assert value.reading.value == 4.0
    assert value.reading.interval == pytest.approx((3.716, 4.284), abs=5e-4)
    assert (value.state, value.sure) == (State.BREACH, True)


@pytest.mark.parametrize(
    ("bad", "n", "allowed", "interval", "state", "sure"),
    [
        (1, 6, "5%", (0.0301, 0.5635), State.TOO_FEW, False),
        (6, 6, "5%", (0.6097, 1.0), State.BREACH, True),
        (1, 100, "0.1%", (0.0018, 0.0545), State.TOO_FEW, False),
        (2, 100, "0.1%", None, State.BREACH, True),
        (12, 200, "5%", None, State.BREACH, False),
        (17, 200, "5%", None, State.BREACH, True),
    ],
)
def test_a_share_is_judged_by_how_likely_chance_alone_is(
    make_engine: MakeEngine,
    bad: int,
    n: int,
    allowed: str,
    interval: tuple[float, float] | None,
    state: State,
    sure: bool,
) -> None:
    rate = {
        "kind": "ratio", "event": "api.request", "matching": {"status": {"at_least": 500}},
        "window": "1h",
    }  # fmt: skip
    floor = f"{100 - float(allowed.rstrip('%'))}%"
    engine = make_engine(
        product(
            {
                "errors": {**rate, "target": {"at_most": allowed}},
                "good": {
                    **rate,
                    "matching": {"status": {"below": 500}},
                    "target": {"at_least": floor},
                },
            }
        ),
        now=NOON,
    )
    statuses = [500] * bad + [200] * (n - bad)
    engine.send(
        *(
            Event("api.request", NOON - 1 - at * SECOND, {"status": s})
            for at, s in enumerate(statuses)
        )
    )

    errors, good = engine.value("errors"), engine.value("good")

    assert (errors.reading.value, errors.reading.samples) == (bad / n, n)
    if interval is not None:
        assert errors.reading.interval == pytest.approx(interval, abs=5e-5)
    assert (errors.state, errors.sure) == (state, sure)
    # A floor on the complement says the same.
    assert good.reading.value == (n - bad) / n
    assert (good.state, good.sure) == (state, sure)


def test_no_requests_from_a_live_source_are_too_few_and_no_share(make_engine: MakeEngine) -> None:
    engine = make_engine(
        product(
            {
                "errors": {
                    "kind": "ratio", "event": "api.request", "window": "1h",
                    "matching": {"status": {"at_least": 500}}, "target": {"below": "5%"},
                }
            }
        ),
        now=NOON,
    )  # fmt: skip
    engine.send(
        Event("api.request", NOON - DAY, {"status": 500}),
        Event("loop.producer_reported", NOON - MINUTE),
    )

    value = engine.value("errors")

    assert (value.state, value.reading.value, value.reading.samples) == (State.TOO_FEW, None, 0)
    assert value.reading.interval is None


def test_exactly_at_a_strict_target_is_a_miss_and_at_an_inclusive_one_is_met(
    make_engine: MakeEngine,
) -> None:
    ratio = {
        "kind": "ratio", "event": "api.request", "matching": {"status": 500}, "window": "1h",
    }  # fmt: skip
    targets = {
        "below": State.BREACH,
        "under": State.BREACH,
        "at_most": State.OK,
        "within": State.OK,
    }
    engine = make_engine(
        product({name: {**ratio, "target": {name: "5%"}} for name in targets}), now=NOON
    )
    engine.send(
        *(Event("api.request", NOON - 1, {"status": 500 if n < 5 else 200}) for n in range(100))
    )

    assert {name: engine.value(name).state for name in targets} == targets


def test_a_rate_divides_by_the_time_since_the_first_event_ever(make_engine: MakeEngine) -> None:
    engine = make_engine(
        product(
            {
                "daily": {
                    "kind": "rate", "event": "deploy.finished", "window": "28d",
                    "where": {"outcome": "ok"}, "once_per": "deploy.id",
                }
            },
            {"deploy.finished": {"source": "batch"}},
        ),
        now=NOON,
    )  # fmt: skip
    times = [NOON - 4 * DAY, NOON - 4 * DAY + HOUR, NOON - DAY]
    done = [
        Event("deploy.finished", t, {"deploy.id": f"d{n}", "outcome": "ok"})
        for n, t in enumerate(times)
    ]
    failed = Event("deploy.finished", NOON - 20 * DAY, {"deploy.id": "x", "outcome": "failed"})
    again = Event("deploy.finished", NOON - 2 * HOUR, {"deploy.id": "d0", "outcome": "ok"})
    engine.send(failed, again, *done)

    # Four days are observed: the failed one was never eligible, the repeat is no second deploy.
    assert engine.read("daily", NOON).value == 3 / 4
    engine.now = NOON + 24 * DAY
    assert engine.read("daily", engine.now).value == 3 / 28
    # Idle days count as 0 once the window has left all events behind.
    engine.now = NOON + 30 * DAY
    assert engine.read("daily", engine.now).value == 0
    # As of a past moment only what was before it is known.
    assert engine.read("daily", NOON - 2 * DAY).value == 1
    assert engine.read("daily", NOON - 5 * DAY).value is None
