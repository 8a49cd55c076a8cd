"""Worked example 8 of the KPI semantics: a funnel, and what its order and limit mean."""

from collections.abc import Callable

import pytest
from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
START = NOON - HOUR

MakeEngine = Callable[..., Engine]

STEPS = {"r": "user.registered", "c": "campaign.created", "a": "attribution.recorded",
         "v": "analytics.viewed", "g": "report.generated"}  # fmt: skip
NAMES = ["registered", "created", "attributed", "viewed", "reported"]

#: Minutes of the example; u3 does everything at once.
EXAMPLE: dict[str, list[tuple[str, float]]] = {
    "u1": [("r", 0), ("c", 2), ("a", 5), ("v", 3), ("v", 6), ("g", 7)],
    "u2": [("r", 1), ("c", 3), ("a", 4), ("v", 2)],
    "u3": [(step, 2) for step in STEPS],
    "u4": [("r", 3), ("c", 5), ("a", 9), ("v", 10), ("g", 18.5)],
    "u5": [("r", 4), ("g", 5)],
    "u6": [("r", 5), ("c", 6)],
}


def loop(**more: object) -> dict[str, object]:
    steps = [STEPS["r"], STEPS["c"], ["attribution.configured", STEPS["a"]], STEPS["v"], STEPS["g"]]
    kpi = {
        "kind": "funnel", "steps": steps, "names": NAMES, "by": "user.id", "expires": "15m",
        "window": "1h", **more,
    }  # fmt: skip
    return product({"loop": kpi})


def done(user: str, step: str, minute: float, **more: object) -> Event:
    time = START + round(minute * MINUTE)
    return Event(STEPS[step], time, {"user.id": user, **more})


def example() -> list[Event]:
    return [done(user, step, at) for user, steps in EXAMPLE.items() for step, at in steps]


def test_a_funnel_counts_steps_in_their_order_and_within_the_limit(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(loop(), now=NOON)
    engine.send(*example())

    reading = engine.read("loop", NOON)

    assert reading.samples == 6
    assert reading.value == 2 / 6
    assert reading.steps == {
        name: reached / 6 for name, reached in zip(NAMES, (6, 5, 4, 3, 2), strict=True)
    }
    # Each step loses one: the earliest is the worst.
    assert reading.worst_step == "created"
    assert reading.gaps == pytest.approx(
        {"created": 120, "attributed": 60, "viewed": 60, "reported": 0}, rel=0.01
    )
    assert reading.pending == 0


def test_a_funnel_is_the_same_in_any_order_and_after_a_rebuild(make_engine: MakeEngine) -> None:
    engine = make_engine(loop(), now=NOON)
    for number, event in enumerate(reversed(example())):
        engine.send(event)
        if number % 7 == 0:
            engine.merge()
    moments = [NOON, START + 6 * MINUTE, START + 20 * MINUTE]
    before = [engine.read("loop", at) for at in moments]

    engine.rebuild()

    assert [engine.read("loop", at) for at in moments] == before
    assert before[0].steps["reported"] == 2 / 6


def test_as_of_a_past_moment_a_later_step_was_not_reached(make_engine: MakeEngine) -> None:
    engine = make_engine(loop(), now=NOON)
    engine.send(*example())

    # Who began less than the limit ago is pending, and in no share.
    early = engine.read("loop", START + 6 * MINUTE)
    assert (early.value, early.samples, early.pending) == (None, 0, 5)
    # u1 to u3 are mature then; u1 and u3 came to the end, u2 to the third step.
    later = engine.read("loop", START + 18 * MINUTE)
    assert (later.value, later.samples) == (2 / 3, 3)
    assert later.steps["attributed"] == 1
    assert later.worst_step == "viewed"
    # u4 is mature half a minute before its report would have been too late anyway.
    assert engine.read("loop", START + 19 * MINUTE).samples == 4


def test_a_funnel_looks_at_those_who_had_their_full_chance(make_engine: MakeEngine) -> None:
    engine = make_engine(loop(), now=NOON)
    engine.send(
        *(done(f"old{n}", "r", -15 - n) for n in range(3)),
        done("edge", "r", 44), done("young", "r", 45), done("end", "r", 59.9),
        done("done", "r", 50), *(done("done", step, 51) for step in "cavg"),
    )  # fmt: skip

    reading = engine.read("loop", NOON)

    # Starts in [S − L, E − L): one of the old ones lies exactly at its beginning.
    assert (reading.samples, reading.value, reading.pending) == (2, 0, 2)


def test_a_step_a_second_before_the_one_it_follows_counts_when_both_are_past(
    make_engine: MakeEngine,
) -> None:
    kpi = {"kind": "funnel", "steps": ["a.one", "a.two", "a.three"], "by": "x.id",
           "expires": "1m", "window": "1h"}  # fmt: skip
    engine = make_engine(product({"f": kpi}), now=NOON)
    at = NOON - 30 * MINUTE
    engine.send(
        Event("a.one", at - 30 * SECOND, {"x.id": "s"}),
        Event("a.two", at + SECOND // 2, {"x.id": "s"}),
        Event("a.three", at - SECOND // 2, {"x.id": "s"}),
    )

    assert engine.read("f", NOON).steps == {"a.one": 1, "a.two": 1, "a.three": 1}
    assert engine.read("f", NOON).gaps["a.three"] == 0
    # Its clock was behind: before the second step nobody had got to the third.
    rows = engine.rows("select outcome, closed from subjects_recent order by 1")
    assert [(step, closed - at // MINUTE) for step, closed in rows] == [(0, -1), (1, 0), (2, 0)]


def test_a_funnel_is_judged_like_a_share_and_for_each_label_of_its_start(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(
        loop(target={"at_least": "80%"}, labels=["channel"], each=["channel"], min_samples=10),
        now=NOON,
    )
    engine.send(
        *(done(f"u{n}", "r", n / 10, channel="ads" if n < 10 else "mail") for n in range(60)),
        # The label is that of the start, whatever later steps carry.
        *(done(f"u{n}", step, n / 10 + 1, channel="x") for n in range(10, 60) for step in "cavg"),
        Event("loop.producer_reported", NOON - MINUTE),
    )

    value = engine.value("loop")

    assert (value.reading.samples, value.reading.value) == (60, 50 / 60)
    by = {name: (part.samples, part.value) for name, part in value.breakdowns["channel"].items()}
    assert by == {"ads": (10, 0.0), "mail": (50, 1.0)}
    assert (value.state, value.sure, value.worst) == (State.BREACH, True, ("channel", "ads"))
    # No one of those who began in another month.
    assert engine.value_at("loop", NOON - 2 * DAY).state is State.NO_DATA


def test_a_funnel_follows_the_product_week(make_engine: MakeEngine) -> None:
    engine = make_engine(loop(window="week"), now=NOON)
    monday = moment("2026-11-16 00:00")
    minutes = (monday - START) / MINUTE
    engine.send(done("sunday", "r", minutes - 16), done("monday", "r", minutes - 15), *example())

    assert engine.read("loop", NOON).samples == 7
