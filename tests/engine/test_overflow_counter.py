"""Events beyond the label cap: their counter only goes up, and they stay where they were counted."""

from collections.abc import Callable

from tests.engine.harness import SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
ONCE = {
    "kind": "count", "event": "page.seen", "window": "1h", "once_per": "user", "labels": ["plan"],
}  # fmt: skip


def seen(user: str, plan: str, seconds_ago: int) -> Event:
    return Event("page.seen", NOON - seconds_ago * SECOND, {"user": user, "plan": plan})


def test_an_earlier_event_of_a_subject_does_not_take_the_overflow_back(
    make_engine: Callable[..., Engine],
) -> None:
    engine = make_engine(product({"users": ONCE}), label_cap=1)
    engine.send(seen("one", "known", 100))
    engine.send(seen("two", "beyond", 50), seen("three", "beyond", 50))
    before = engine.registry.overflow["shop.users"]

    engine.send(seen("two", "known", 60))

    assert before == 2
    assert engine.registry.overflow["shop.users"] == 2


def test_what_was_counted_beyond_the_cap_is_taken_back_from_there_after_the_cap_was_raised(
    make_engine: Callable[..., Engine],
) -> None:
    engine = make_engine(product({"users": ONCE}), label_cap=1)
    engine.send(seen("one", "known", 100), seen("two", "beyond", 50), seen("three", "beyond", 50))

    engine = make_engine(product({"users": ONCE}), label_cap=5, after=engine)
    engine.send(seen("two", "beyond", 60))

    plans = engine.value("users").breakdowns["plan"]
    assert {plan: reading.value for plan, reading in plans.items()} == {
        "known": 1, "beyond": 1, "__other__": 1,
    }  # fmt: skip
