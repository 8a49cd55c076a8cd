"""Which events are new: ids that follow time, that are late, that lie, and that repeat."""

import random
from collections.abc import Callable

import pytest
from loopgauge_collector.events import Admitted

from tests.engine.harness import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Engine,
    Event,
    columns,
    moment,
    product,
    uuid7,
)

NOON = moment("2026-11-18 12:00")
FAR_FUTURE = "fffffffe-ffff-7fff-bfff-ffffffffffff"

MakeEngine = Callable[..., Engine]


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    """Counts pages."""
    return make_engine(product({"seen": {"kind": "count", "event": "page.seen", "window": "28d"}}))


def page(time: int, **more: object) -> Event:
    return Event("page.seen", time, **more)  # type: ignore[arg-type]


def stored(engine: Engine) -> int:
    return int(engine.rows("select count(*) from events")[0][0])


@pytest.mark.parametrize("late", [5, 200, 201, 700])
def test_late_events_are_found_again_however_many_they_are(engine: Engine, late: int) -> None:
    fresh = [page(NOON - n * SECOND) for n in range(50)]
    old = [page(NOON - DAY - n * MINUTE) for n in range(late)]
    assert engine.commit(*fresh).accepted == 50

    # Some of the late ones were stored by an earlier request, the rest are new.
    assert engine.commit(*old[: late // 2]).accepted == late // 2
    verdict = engine.commit(*old, *fresh)

    assert (verdict.accepted, verdict.duplicates) == (late - late // 2, late // 2 + 50)
    assert stored(engine) == 50 + late


@pytest.mark.parametrize("age", [0, 9 * SECOND, 10 * SECOND, 11 * SECOND, HOUR, 89 * DAY])
def test_a_repeat_is_found_at_any_distance_from_the_newest(engine: Engine, age: int) -> None:
    repeated = page(NOON - age)
    engine.commit(page(NOON), repeated)
    engine.commit(page(NOON + 1))

    assert engine.commit(repeated).duplicates == 1
    assert engine.commit(repeated, page(NOON + 2)).duplicates == 1
    assert stored(engine) == 4


@pytest.mark.parametrize("liar", [FAR_FUTURE, uuid7(NOON + 300 * 365 * DAY, 1)])
def test_an_id_from_the_far_future_does_not_hide_anybody_else(engine: Engine, liar: str) -> None:
    before = [page(NOON - n * SECOND) for n in range(5)]
    engine.commit(*before)
    engine.commit(page(NOON, id=liar))
    after = [page(NOON + n) for n in range(5)]
    engine.commit(*after)

    verdict = engine.commit(*before, *after, page(NOON, id=liar))

    assert (verdict.accepted, verdict.duplicates) == (0, 11)
    assert stored(engine) == 11


def test_ids_are_still_known_after_a_restart(engine: Engine, make_engine: MakeEngine) -> None:
    events = [page(NOON - n * HOUR) for n in range(30)] + [page(NOON, id=FAR_FUTURE)]
    engine.commit(*events)
    again = make_engine(
        product({"seen": {"kind": "count", "event": "page.seen", "window": "28d"}}), after=engine
    )

    assert again.commit(*events, page(NOON)).accepted == 1


def test_the_same_id_twice_in_one_request_is_stored_once(engine: Engine) -> None:
    one, other = page(NOON), page(NOON)

    verdict = engine.commit(one, other, one, one)

    assert (verdict.accepted, verdict.duplicates) == (2, 2)


def test_the_same_event_in_two_requests_of_a_group_belongs_to_the_first(engine: Engine) -> None:
    shared, first, second = page(NOON), page(NOON), page(NOON)

    verdicts = engine.commit_group(
        Admitted(columns([shared, first])),
        Admitted(columns([second, shared])),
        Admitted(columns([shared])),
    )

    assert [(v.accepted, v.duplicates) for v in verdicts] == [(2, 0), (1, 1), (0, 1)]
    assert len({v.commit for v in verdicts}) == 1
    assert stored(engine) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"name": "page.left"}, {"time": NOON - 1}, {"product": "other"}, {"service": "worker"},
        {"environment": "production"}, {"attributes": {"plan": "b"}}, {"attributes": {}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["store", "request", "group"])
def test_the_same_id_with_another_payload_is_a_conflict(
    engine: Engine, change: dict[str, object], where: str
) -> None:
    first = page(NOON, attributes={"plan": "a"})
    fields = {f: getattr(first, f) for f in ("name", "time", "attributes", "product", "service")}
    other = Event(**{**fields, "id": first.id, **change})

    if where == "store":
        engine.commit(first)
        verdict = engine.commit(page(NOON), other)
    elif where == "request":
        verdict = engine.commit(first, other)
    else:
        verdict = engine.commit_group(
            Admitted(columns([first])), Admitted(columns([page(NOON), other]))
        )[1]

    assert [(r.index, r.id, r.reason) for r in verdict.rejected] == [(1, first.id, "id_conflict")]
    assert (verdict.accepted, verdict.duplicates) == (1, 0)
    # The first one stays.
    assert engine.rows(f"select name, attributes from events where id = '{first.id}'") == [
        ("page.seen", '{"plan": "a"}')
    ]
    assert [(q.reason, q.event_id) for q in engine.quarantine.list()] == [("id_conflict", first.id)]


def test_how_the_json_is_written_makes_no_other_payload(engine: Engine) -> None:
    engine.commit(page(NOON, attributes={"a": 1, "b": "x"}, id=uuid7(NOON, 1)))
    verdict = engine.commit(page(NOON, attributes={"b": "x", "a": 1}, id=uuid7(NOON, 1)))

    assert (verdict.duplicates, verdict.rejected) == (1, [])


def test_resending_everything_in_any_order_and_grouping_stores_nothing_twice(
    engine: Engine,
) -> None:
    rng = random.Random(3)
    events = [page(NOON - rng.randrange(3 * DAY)) for _ in range(400)]
    arriving = events * 3
    rng.shuffle(arriving)
    accepted = 0
    while arriving:
        group = []
        for _ in range(rng.randrange(1, 4)):
            size = rng.choice([1, 2, 50, 300])
            group.append(Admitted(columns(arriving[:size])))
            arriving = arriving[size:]
        accepted += sum(verdict.accepted for verdict in engine.commit_group(*group))

    assert accepted == stored(engine) == 400
    engine.fold()
    assert engine.value("seen").reading.value == 400
