"""A collector that starts again on the same folder goes on with equal values."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_catalog.values import KpiValue

from tests.engine.harness import DAY, HEARTBEAT, HOUR, MINUTE, Engine, Event, moment
from tests.engine.streams import PRODUCTS

NOON = moment("2026-11-18 12:00")

MakeEngine = Callable[..., Engine]


def events(n: int, seed: int) -> list[Event]:
    """Orders and scans of all products, of the last two days, with repeats of subjects."""
    rng = random.Random(seed)
    made = [Event(HEARTBEAT, NOON - MINUTE, {}, owner) for owner in ("shop", "store", "stand")]
    for _ in range(n):
        order = {
            "amount": rng.choice([1, 2.5, 7, "x"]), "duration": rng.uniform(1, 400),
            "price": rng.choice(["1.25", 990_000]), "status": rng.choice([200, 200, 500]),
            "paid": rng.random() < 0.7, "order.id": f"o{rng.randrange(n)}",
            "plan": rng.choice("abcdefg"),
        }  # fmt: skip
        scan = {"found": rng.randrange(3), "scanner": rng.choice("tg"), "component": "api"}
        name, attributes = rng.choice([("order.placed", order)] * 4 + [("scan.done", scan)])
        at = NOON - rng.randrange(1, 2 * DAY)
        made.append(Event(name, at, attributes, rng.choice(["shop", "shop", "store", "stand"])))
    return made


def plain(value: KpiValue) -> Any:
    return (
        value.state,
        value.sure,
        value.reading,
        value.breakdowns,
        value.windows,
        value.last_event,
    )


def values(engine: Engine) -> dict[str, Any]:
    """Everything that can be read: now, and as of two earlier moments."""
    moments = (NOON - 3 * HOUR, NOON - 30 * HOUR)
    return {
        value.kpi.id: [
            plain(each)
            for each in (value, *engine.history(value.kpi.key, moments, value.kpi.product))
        ]
        for value in engine.snapshot().kpis
    }


@pytest.mark.parametrize("merged", [False, True])
def test_values_are_equal_after_a_restart(make_engine: MakeEngine, merged: bool) -> None:
    engine = make_engine(*PRODUCTS)
    engine.send(*events(300, seed=1))
    if merged:
        engine.merge()
    engine.send(*events(40, seed=2))
    before = values(engine)

    again = make_engine(*PRODUCTS, after=engine)

    assert values(again) == before
    assert (again.folder.position, again.folder.rebuilding) == (2, {})


@pytest.mark.parametrize("folded", [0, 1, 2])
def test_what_was_committed_and_not_folded_is_folded_once(
    make_engine: MakeEngine, folded: int
) -> None:
    batches = [events(100, seed=seed) for seed in range(3)]
    engine = make_engine(*PRODUCTS)
    for number, batch in enumerate(batches):
        engine.commit(*batch)
        if number < folded:
            engine.fold()

    again = make_engine(*PRODUCTS, after=engine, chunk=50)
    again.fold()

    complete = make_engine(*PRODUCTS)
    for batch in batches:
        complete.send(*batch)
    assert values(again) == values(complete)


def test_a_crash_in_every_step_of_a_stream_leaves_no_trace(make_engine: MakeEngine) -> None:
    batches = [events(20, seed=seed) for seed in range(9)]
    engine = make_engine(*PRODUCTS)
    for number, batch in enumerate(batches):
        engine.commit(*batch)
        if number % 3 == 1:
            engine.folder.fold(engine.committer.committed)
        if number % 4 == 2:
            engine.merge()
        engine = make_engine(*PRODUCTS, after=engine)
        # What the clients did not hear about they send again.
        assert engine.commit(*batch).duplicates == len(batch)
    engine.fold()

    complete = make_engine(*PRODUCTS)
    for batch in batches:
        complete.send(*batch)
    assert values(engine) == values(complete)


def test_a_rate_by_label_knows_its_first_event_after_a_restart(make_engine: MakeEngine) -> None:
    # More plans than the cap: the rest share a series, whose first event counts too.
    engine = make_engine(*PRODUCTS, label_cap=2)
    engine.send(
        *(
            Event("order.placed", NOON - at * HOUR, {"plan": plan})
            for at, plan in ((9, "a"), (8, "b"), (7, "c"), (6, "d"), (5, "c"))
        )
    )
    before = engine.value("hourly").breakdowns["plan"]
    assert {plan: reading.value for plan, reading in before.items()} == {
        "a": 1 / 9, "b": 1 / 8, "__other__": 3 / 7,
    }  # fmt: skip

    again = make_engine(*PRODUCTS, label_cap=2, after=engine)

    assert again.value("hourly").breakdowns["plan"] == before


def test_when_a_label_was_first_seen_does_not_depend_on_the_order_of_arrival(
    make_engine: MakeEngine,
) -> None:
    def paid(hours: int, plan: str, order: str) -> Event:
        attributes = {"plan": plan, "order.id": order, "paid": True}
        return Event("order.placed", NOON - hours * HOUR, attributes)

    # The order's first event turns out to be another one, with another plan.
    sent = [paid(10, "a", "o1"), paid(15, "b", "o1"), paid(5, "a", "o2")]
    one_by_one = make_engine(*PRODUCTS)
    for event in sent:
        one_by_one.send(event)
    together = make_engine(*PRODUCTS)
    together.send(*reversed(sent))

    found = {
        name: {plan: reading.value for plan, reading in value.breakdowns["plan"].items()}
        for name, value in (
            ("one by one", one_by_one.value("daily")),
            ("together", together.value("daily")),
            ("again", make_engine(*PRODUCTS, after=one_by_one).value("daily")),
        )
    }
    # R3: the time since the first eligible event, whichever of its order's events it was.
    assert set(map(str, found.values())) == {str({"a": 24 / 10, "b": 24 / 15})}


def test_an_empty_label_value_takes_one_place_before_and_after_a_restart(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(*PRODUCTS, label_cap=2)
    engine.send(Event("order.placed", NOON - 9 * MINUTE, {"plan": ""}))
    engine.send(Event("order.placed", NOON - 8 * MINUTE, {"plan": "a"}))

    again = make_engine(*PRODUCTS, label_cap=2, after=engine)
    again.send(Event("order.placed", NOON - 7 * MINUTE, {"plan": "b"}))

    assert set(again.value("orders").breakdowns["plan"]) == {"", "a", "__other__"}


def test_commits_of_nothing_but_repeats_do_not_hold_the_position(make_engine: MakeEngine) -> None:
    engine = make_engine(*PRODUCTS)
    batch = events(10, seed=4)
    engine.send(*batch)
    for _ in range(3):
        engine.commit(*batch)
    engine.fold()

    assert engine.folder.position == engine.committer.committed == 4
