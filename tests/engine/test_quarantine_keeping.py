"""The quarantine as the writer keeps it: store, list, replay, drop, and a cap on it all."""

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from loopgauge_collector.events import Admitted, Incoming, Rejected
from loopgauge_collector.storage.quarantine import payload_of

from tests.engine.harness import MINUTE, Engine, Event, as_datetime, columns, moment, product, uuid7

NOON = moment("2026-11-18 12:00")
CATALOG = product({"seen": {"kind": "count", "event": "page.seen", "window": "1h"}})

MakeEngine = Callable[..., Engine]


def rejected(
    number: int, reason: str = "missing_id", product: str = "shop", index: int = 0
) -> Rejected:
    """A bad event; the number makes its payload."""
    raw = Incoming(index, None, "page.seen", NOON * 1000, f'{{"n": {number}}}'.encode(), product)
    return Rejected(index, None, reason, "say why", product, "web", "page.seen", payload_of(raw))


def totals(engine: Engine) -> Counter[str]:
    """Events by outcome."""
    counts: Counter[str] = Counter()
    for row in engine.accounting.rows:
        counts[row.outcome] += row.events
    return +counts


def admitted_again(engine: Engine, number: int) -> Admitted:
    """What a replay hands to the writer: the event of a number, under an id."""
    (kept,) = engine.quarantine.get([number])
    raw = msgspec.json.decode(kept.payload, type=Incoming)
    assert isinstance(raw.time, int)
    attributes = msgspec.json.decode(raw.attributes)
    event = Event("page.seen", raw.time // 1000, attributes, id=uuid7(NOON, number))
    return Admitted(columns([event]), replayed=[number])


def replay(engine: Engine, number: int) -> None:
    """Store the event of a number."""
    engine.commit_group(admitted_again(engine, number))


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine(CATALOG, now=NOON + MINUTE)


def test_what_was_not_accepted_is_kept_whole_with_its_reason(engine: Engine) -> None:
    verdict = engine.commit(
        Event("page.seen", NOON), rejected=[rejected(1), rejected(2, "in_future")]
    )

    assert verdict.accepted == 1
    assert [r.reason for r in verdict.rejected] == ["missing_id", "in_future"]
    newest, oldest = engine.quarantine.list()
    assert (newest.number, oldest.number) == (2, 1)
    assert (oldest.reason, oldest.detail, oldest.product, oldest.service, oldest.name) == (
        "missing_id", "say why", "shop", "web", "page.seen",
    )  # fmt: skip
    assert oldest.received == as_datetime(NOON + MINUTE)
    assert msgspec.json.decode(oldest.payload, type=Incoming).attributes == b'{"n": 1}'
    assert totals(engine) == {"stored": 1, "quarantined": 2}
    assert len(engine.quarantine) == 2


def test_the_list_is_filtered_and_read_page_by_page(engine: Engine) -> None:
    for number in range(1, 8):
        engine.commit(
            rejected=[rejected(number, ("missing_id", "too_old")[number % 2], f"p{number % 3}")]
        )

    quarantine = engine.quarantine
    assert [q.number for q in quarantine.list(limit=3)] == [7, 6, 5]
    assert [q.number for q in quarantine.list(limit=3, before=5)] == [4, 3, 2]
    assert [q.number for q in quarantine.list(reason="too_old")] == [7, 5, 3, 1]
    assert [q.number for q in quarantine.list(product="p1", before=7)] == [4, 1]
    assert quarantine.list(reason="'; drop table quarantine; --") == []
    assert [q.number for q in quarantine.get([3, 99, 1])] == [1, 3]
    assert quarantine.get([]) == []


def test_the_same_bad_event_again_is_counted_and_kept_once(engine: Engine) -> None:
    engine.commit(rejected=[rejected(1), rejected(1, index=1)])
    engine.commit(rejected=[rejected(1, index=7)])

    assert len(engine.quarantine.list()) == len(engine.quarantine) == 1
    assert totals(engine) == {"quarantined": 3}


def test_a_replay_stores_the_event_and_settles_the_quarantine(
    engine: Engine, make_engine: MakeEngine
) -> None:
    engine.commit(rejected=[rejected(1), rejected(2)])

    replay(engine, 1)
    engine.fold()

    assert [q.number for q in engine.quarantine.list()] == [2]
    assert totals(engine) == {"quarantined": 2, "replayed": 1}
    assert engine.value("seen").reading.value == 1
    # Sent again by a producer that has learned to write ids, it is a duplicate.
    assert engine.commit(Event("page.seen", NOON, {"n": 1}, id=uuid7(NOON, 1))).duplicates == 1
    again = make_engine(CATALOG, after=engine, now=NOON + MINUTE)
    assert totals(again) == {"quarantined": 2, "replayed": 1, "duplicate": 1}
    assert [q.number for q in again.quarantine.list()] == [2]


def test_a_replay_of_what_was_stored_meanwhile_is_settled_as_a_duplicate(engine: Engine) -> None:
    engine.commit(rejected=[rejected(1)])
    engine.commit(Event("page.seen", NOON, {"n": 1}, id=uuid7(NOON, 1)))

    replay(engine, 1)

    assert totals(engine) == {"stored": 1, "quarantined": 1, "replayed": 1}
    assert len(engine.quarantine) == 0


def test_a_replay_that_conflicts_leaves_the_event_where_it_was(engine: Engine) -> None:
    engine.commit(rejected=[rejected(1)])
    engine.commit(Event("page.seen", NOON, {"n": "another"}, id=uuid7(NOON, 1)))

    replay(engine, 1)

    assert totals(engine) == {"stored": 1, "quarantined": 1}
    assert [(q.number, q.reason) for q in engine.quarantine.list()] == [(1, "missing_id")]


def test_two_replays_of_one_event_at_once_settle_it_once(engine: Engine) -> None:
    engine.commit(rejected=[rejected(1), rejected(2)])
    first, second = admitted_again(engine, 1), admitted_again(engine, 1)
    third = admitted_again(engine, 1)

    together = engine.commit_group(first, second)
    (later,) = engine.commit_group(third)

    assert [(v.accepted, v.duplicates) for v in (*together, later)] == [(1, 0), (0, 0), (0, 0)]
    assert totals(engine) == {"quarantined": 2, "replayed": 1}
    assert [q.number for q in engine.quarantine.list()] == [2]


def test_what_was_dropped_while_its_replay_waited_is_not_stored(engine: Engine) -> None:
    engine.commit(rejected=[rejected(1)])
    waiting = admitted_again(engine, 1)
    engine.drop(1)

    (verdict,) = engine.commit_group(waiting)

    assert (verdict.accepted, verdict.rejected) == (0, [])
    assert totals(engine) == {"quarantined": 1}


def test_a_settled_event_that_comes_back_is_kept_again_under_a_new_number(engine: Engine) -> None:
    engine.commit(rejected=[rejected(1), rejected(2)])
    replay(engine, 1)

    engine.commit(rejected=[rejected(1)])

    assert [q.number for q in engine.quarantine.list()] == [3, 2]
    assert totals(engine) == {"quarantined": 3, "replayed": 1}


def test_dropped_events_are_gone_and_stay_counted(engine: Engine, make_engine: MakeEngine) -> None:
    engine.commit(rejected=[rejected(n) for n in range(1, 5)])

    assert engine.drop(2, 4, 99) == 2

    assert [q.number for q in engine.quarantine.list()] == [3, 1]
    assert engine.drop(2) == 0
    assert totals(engine) == {"quarantined": 4}
    again = make_engine(CATALOG, after=engine)
    assert [q.number for q in again.quarantine.list()] == [3, 1]
    # Numbers name one event for ever, as long as a greater one is kept.
    again.commit(rejected=[rejected(9)])
    assert again.quarantine.list()[0].number >= 4


def test_beyond_the_cap_the_oldest_go(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG, quarantine_max_events=5)
    for number in range(1, 13):
        engine.commit(rejected=[rejected(number)])
    assert [q.number for q in engine.quarantine.list()] == [12, 11, 10, 9, 8]
    assert len(engine.quarantine) == 5

    # More in one request than the cap holds: the newest of them stay.
    engine.commit(rejected=[rejected(number) for number in range(20, 28)])
    assert len(engine.quarantine.list()) == len(engine.quarantine) == 5
    assert totals(engine) == {"quarantined": 20}


def test_many_bad_events_of_one_request_are_all_kept(engine: Engine) -> None:
    engine.commit(rejected=[rejected(number) for number in range(1, 1203)])

    assert len(engine.quarantine.list(limit=5000)) == len(engine.quarantine) == 1202
