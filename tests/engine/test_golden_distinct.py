"""Worked example 9 of the KPI semantics: distinct subjects, and the share that had an event."""

from collections.abc import Callable

import pytest
from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")

MakeEngine = Callable[..., Engine]


def seen(user: str, at: str, name: str = "session.started", **more: object) -> Event:
    return Event(name, moment(f"2026-11-18 {at}"), {"user.id": user, **more})


def users(**more: object) -> dict[str, object]:
    kpi = {
        "kind": "distinct", "events": ["session.started", "video.requested"], "by": "user.id",
        "window": "1h", **more,
    }  # fmt: skip
    return product({"users": kpi})


EXAMPLE = [seen("u1", "10:59"), seen("u1", "11:00"), seen("u1", "11:30"), seen("u2", "11:59"),
           seen("u3", "12:00")]  # fmt: skip


def test_a_subject_counts_once_in_every_window_that_it_was_active_in(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(users(), now=NOON + 5 * MINUTE)
    for event in (EXAMPLE[n] for n in (4, 1, 0, 3, 2)):
        engine.send(event)
        engine.merge()

    def found() -> list[float | None]:
        return [
            engine.read("users", moment(f"2026-11-18 {at}")).value
            for at in ("10:59", "11:00", "11:01", "11:30", "12:00", "12:01", "12:05")
        ]

    # At 12:05 the window begins at 11:05.
    assert found() == [None, 1, 1, 1, 2, 3, 3]
    engine.rebuild()
    assert found() == [None, 1, 1, 1, 2, 3, 3]
    assert engine.value_at("users", NOON).reading.samples == 2


def test_any_of_the_events_makes_a_subject_active(make_engine: MakeEngine) -> None:
    engine = make_engine(users(target={"at_most": 2}), now=NOON)
    engine.send(
        seen("u1", "11:10"), seen("u1", "11:20", "video.requested"),
        seen("u2", "11:30", "video.requested"), seen("u3", "11:40", "video.watched"),
        Event("session.started", NOON - MINUTE),
    )  # fmt: skip

    value = engine.value("users")

    assert (value.reading.value, value.reading.ineligible) == (2, 1)
    assert value.state is State.OK
    engine.send(seen("u3", "11:50"))
    assert (engine.value("users").state, engine.value("users").sure) == (State.BREACH, True)


def test_too_few_subjects_from_a_young_source_are_no_breach_yet(make_engine: MakeEngine) -> None:
    engine = make_engine(users(target={"at_least": 3}), now=NOON)
    engine.send(seen("u1", "11:50"))
    assert engine.value("users").state is State.TOO_FEW

    # Once the source is older than the window, nobody else came.
    engine.send(Event("session.started", NOON - 2 * HOUR, {"user.id": "u1"}))
    assert engine.value("users").state is State.BREACH


def test_a_subject_counts_for_every_label_value_and_once_beyond_the_cap(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(users(labels=["plan"]), now=NOON, label_cap=2)
    engine.send(seen("u1", "11:01", plan="free"), seen("u2", "11:02", plan="pro"))
    engine.send(
        seen("u1", "11:03", plan="pro"), seen("u1", "11:03", plan="free"),
        # Two values that have no series of their own are one: u3 counts once there.
        seen("u3", "11:04", plan="x"), seen("u3", "11:05", plan="y"), seen("u3", "11:05", plan="x"),
        seen("u4", "11:06"),
    )  # fmt: skip

    def by_plan() -> dict[str, float | None]:
        return {plan: part.value for plan, part in engine.value("users").breakdowns["plan"].items()}

    assert engine.read("users", NOON).value == 4
    assert by_plan() == {"free": 1, "pro": 2, "__other__": 2}
    # A later return with another value changes nothing of the first.
    engine.send(seen("u2", "11:30", plan="free"), seen("u1", "10:30", plan="pro"))
    assert by_plan() == {"free": 2, "pro": 2, "__other__": 2}
    engine.merge()
    engine.rebuild()
    assert by_plan() == {"free": 2, "pro": 2, "__other__": 2}


def test_the_last_complete_day_is_shown_beside_the_running_one(make_engine: MakeEngine) -> None:
    engine = make_engine(users(window="day"), now=NOON)
    engine.send(
        *(Event("session.started", NOON - DAY, {"user.id": user}) for user in ("u1", "u2", "u3")),
    )
    engine.merge()
    # Who comes back is still one of yesterday's.
    engine.send(seen("u1", "00:00"), seen("u2", "11:59"))

    reading = engine.read("users", NOON)

    assert (reading.value, reading.stats["last_complete"]) == (2, 3)


def tickets(**more: object) -> dict[str, object]:
    kpi = {
        "kind": "subject_share", "having": "ticket.opened", "by": "user.id", "window": "1h",
        "among": ["session.started", "generation.started"], **more,
    }  # fmt: skip
    return product({"tickets": kpi})


def test_who_has_the_event_is_among_all_even_if_it_is_not_listed(make_engine: MakeEngine) -> None:
    engine = make_engine(tickets(), now=NOON)
    for event in (
        seen("u2", "11:10", "ticket.opened"), seen("u4", "11:20", "ticket.opened"),
        seen("u1", "11:30"), seen("u2", "11:40"), seen("u2", "11:05", "generation.started"),
        seen("u9", "10:59"), seen("u9", "10:58", "ticket.opened"),
    ):  # fmt: skip
        engine.send(event)

    reading = engine.read("tickets", NOON)

    assert (reading.value, reading.samples) == (2 / 3, 3)
    assert reading.interval is not None
    at = NOON - 25 * MINUTE
    assert engine.read("tickets", at).value == 3 / 4
    engine.rebuild()
    assert engine.read("tickets", NOON) == reading
    assert engine.read("tickets", at).value == 3 / 4


@pytest.mark.parametrize(
    ("having", "of", "state", "sure"),
    [(1, 20, State.TOO_FEW, False), (20, 40, State.BREACH, True), (4, 200, State.OK, False),
     (12, 200, State.BREACH, False)],
)  # fmt: skip
def test_a_subject_share_is_judged_by_the_binomial_tail(
    make_engine: MakeEngine, having: int, of: int, state: State, sure: bool
) -> None:
    engine = make_engine(tickets(target={"below": "5%"}), now=NOON)
    engine.send(*(seen(f"u{n}", "11:50") for n in range(of)))
    engine.send(*(seen(f"u{n}", "11:55", "ticket.opened") for n in range(having)))

    value = engine.value("tickets")

    assert (value.state, value.sure, value.reading.samples) == (state, sure, of)


def test_nobody_active_is_no_share(make_engine: MakeEngine) -> None:
    engine = make_engine(tickets(target={"below": "5%"}), now=NOON)
    engine.send(
        Event("session.started", NOON - DAY, {"user.id": "u1"}),
        Event("ticket.opened", NOON - DAY, {"user.id": "u1"}),
        Event("loop.producer_reported", NOON - MINUTE),
    )

    value = engine.value("tickets")
    assert (value.reading.value, value.reading.samples, value.state) == (None, 0, State.TOO_FEW)
