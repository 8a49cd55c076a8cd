"""The collector's accounting as events of its own: what it tells, how often, and that none is lost."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from loopgauge_catalog.builtin import BATCH_EVENT, COLLECTOR_SERVICE
from loopgauge_catalog.states import State
from loopgauge_collector.events import Admitted, Incoming, Rejected
from loopgauge_collector.storage.quarantine import payload_of

from tests.engine.harness import MINUTE, SECOND, Engine, Event, columns, moment, product

NOON = moment("2026-11-18 12:00")
REJECTED = {
    "kind": "ratio", "event": BATCH_EVENT, "weight": "loop.events",
    "matching": {"loop.outcome": ["quarantined", "refused"]},
    "labels": ["service.name"], "split": ["loop.reason"], "window": "1h", "target": {"below": "1%"},
}  # fmt: skip
SHOP = product({"rejected": REJECTED}, {"page.seen": {}})
STORE = product({"rejected": REJECTED}, {"page.seen": {}}, name="store")

MakeEngine = Callable[..., Engine]
#: service, outcome and reason, "" where the event has none
Told = Counter[tuple[str, str, str]]


def pages(engine: Engine, n: int, service: str = "web", owner: str = "shop") -> list[Event]:
    return [Event("page.seen", engine.now - at, product=owner, service=service) for at in range(n)]


def bad(number: int, reason: str = "missing_id", service: str = "web") -> Rejected:
    """An event for the quarantine; the number makes its payload."""
    raw = Incoming(0, None, "page.seen", NOON * 1000, f'{{"n": {number}}}'.encode(), "shop")
    return Rejected(0, None, reason, "say why", "shop", service, "page.seen", payload_of(raw))


def rows(engine: Engine, owner: str = "shop") -> list[tuple[int, dict[str, Any]]]:
    """Time and attributes of what is told of a product, in the order of its commits."""
    found = engine.rows(
        f"""select epoch_us(time), attributes, service, environment, producer, sequence from events
        where name = '{BATCH_EVENT}' and product = '{owner}' order by seq, time"""
    )
    assert {row[2:] for row in found} <= {(COLLECTOR_SERVICE, None, None, None)}
    return [(time, json.loads(attributes)) for time, attributes, *_ in found]


def told(engine: Engine, owner: str = "shop") -> Told:
    """Events by service, outcome and reason, as the collector tells them."""
    found: Told = Counter()
    for _, said in rows(engine, owner):
        assert said.keys() <= {"service.name", "loop.outcome", "loop.reason", "loop.events"}
        who = said.get("service.name", ""), said["loop.outcome"], said.get("loop.reason", "")
        found[who] += said["loop.events"]
    return found


def accounted(engine: Engine, owner: str = "shop") -> Told:
    """The same, as the accounting has it; what was replayed is no arrival."""
    return Counter(
        {
            (row.service, row.outcome, row.reason): row.events
            for row in engine.accounting.rows
            if row.product == owner and row.outcome != "replayed"
        }
    )


def test_what_became_of_events_is_told_after_ten_seconds_with_the_next_commit(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3), rejected=[bad(1), bad(2, "too_old")])
    engine.commit_group(Admitted(columns(pages(engine, 2, "worker")), ignored={("shop", "web"): 4}))
    engine.now += 10 * SECOND - 1
    engine.commit()
    assert rows(engine) == []

    engine.now += 1
    engine.commit(*pages(engine, 1))

    # The event of the last commit waits in its turn.
    assert told(engine) == {
        ("web", "stored", ""): 3,
        ("web", "quarantined", "missing_id"): 1,
        ("web", "quarantined", "too_old"): 1,
        ("web", "ignored", "no_event_name"): 4,
        ("worker", "stored", ""): 2,
    }
    assert {time for time, _ in rows(engine)} == {NOON}
    (newest,) = engine.rows(f"select max(seq) from events where name = '{BATCH_EVENT}'")[0]
    assert newest == engine.committer.committed


def test_however_many_commits_a_sender_and_outcome_are_one_event_in_ten_seconds(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(SHOP)
    began = engine.now
    while engine.now < began + 60 * SECOND:
        engine.commit(*pages(engine, 2))
        engine.now += SECOND // 4

    assert len(rows(engine)) == 5
    engine.tell(everything=True)
    assert told(engine) == {("web", "stored", ""): 480}


def test_what_came_in_two_minutes_is_told_of_each_minute_by_itself(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(SHOP, now=NOON - 3 * SECOND)
    engine.commit(*pages(engine, 2))
    engine.now = NOON - SECOND
    engine.commit(*pages(engine, 2))
    engine.now = NOON + SECOND
    engine.commit(*pages(engine, 5))
    engine.now += MINUTE
    engine.tell()

    assert [(time, said["loop.events"]) for time, said in rows(engine)] == [
        (NOON - SECOND, 4),
        (NOON + SECOND, 5),
    ]


def test_when_nothing_more_comes_it_is_told_too(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3))
    before = engine.committer.committed

    assert not engine.tell()
    engine.now += 10 * SECOND
    assert engine.tell()
    assert not engine.tell()

    assert told(engine) == {("web", "stored", ""): 3}
    # It is a commit like any other, which a fold and a restart have to know.
    assert engine.committer.committed == before + 1
    assert make_engine(SHOP, after=engine).committer.committed == before + 1


def test_a_clock_that_is_set_back_keeps_nothing_waiting(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3))
    engine.now -= 60 * MINUTE

    assert engine.tell()
    assert told(engine) == {("web", "stored", ""): 3}


def test_at_the_end_it_is_told_at_once(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3))

    assert engine.tell(everything=True)
    assert not engine.tell(everything=True)
    assert told(engine) == {("web", "stored", ""): 3}


def test_a_commit_that_is_rolled_back_leaves_the_counts_as_they_were(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3))
    engine.now += 10 * SECOND
    again = pages(engine, 2)

    def fails(*_: object) -> None:
        raise duckdb.OutOfMemoryException("a statement that asked for too much")

    with monkeypatch.context() as broken:
        broken.setattr(engine.accounting, "store", fails)
        for _ in range(3):
            with pytest.raises(duckdb.OutOfMemoryException):
                engine.commit(*again)
    assert rows(engine) == []

    engine.commit(*again)
    assert told(engine) == {("web", "stored", ""): 3}
    engine.tell(everything=True)
    assert told(engine) == {("web", "stored", ""): 5} == accounted(engine)


def test_what_was_not_told_before_a_crash_is_told_after_it_and_once(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3), rejected=[bad(1)])
    engine.now += 10 * SECOND
    engine.commit(*pages(engine, 4), rejected=[bad(2)])
    assert told(engine).total() == 4

    for _ in range(3):
        # Each is killed before it has told anything.
        engine = make_engine(SHOP, after=engine, now=engine.now)
    assert told(engine).total() == 4
    engine.tell(everything=True)
    assert told(engine) == accounted(engine)

    engine = make_engine(SHOP, after=engine, now=engine.now + MINUTE)
    assert not engine.tell(everything=True)
    assert told(engine) == accounted(engine)
    # In the minute in which they came, whenever it is told.
    assert {time // MINUTE for time, _ in rows(engine)} == {NOON // MINUTE}


def test_a_collector_that_is_killed_every_few_seconds_tells_of_everything(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(SHOP)
    for _ in range(12):
        engine.commit(*pages(engine, 3))
        engine = make_engine(SHOP, after=engine, now=engine.now + 2 * MINUTE)

    # What the one before left is told with the first commit, however early the next end comes.
    assert told(engine).total() == 3 * 11
    engine.tell()
    assert told(engine) == accounted(engine)


def test_a_store_that_lies_idle_for_days_tells_nothing_again(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    for _ in range(20):
        engine.commit(*pages(engine, 3))
        engine.now += MINUTE
    engine.tell(everything=True)
    engine.fold()
    for days in (2, 100, 200):
        engine = make_engine(SHOP, after=engine, now=NOON + days * 24 * 60 * MINUTE)
        assert not engine.tell(everything=True)
        engine.fold()
        engine.merge()
        engine.keep_up()


def test_it_is_no_event_that_somebody_sent(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3))
    before = engine.accounting.rows
    for _ in range(5):
        engine.now += 20 * SECOND
        engine.tell()

    assert engine.accounting.rows == before
    assert told(engine) == {("web", "stored", ""): 3}
    again = make_engine(SHOP, after=engine, now=engine.now)
    assert again.accounting.rows == before


def test_its_ids_are_unique_and_known_to_the_dedupe(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3), rejected=[bad(1)])
    engine.tell(everything=True)
    found = engine.rows(
        f"select id::varchar, epoch_us(time), attributes from events where name = '{BATCH_EVENT}'"
    )

    assert len({ident for ident, _, _ in found}) == 2
    for ident, time, said in found:
        assert (ident[14], ident[19] in "89ab") == ("7", True)
        assert int(ident[:8] + ident[9:13], 16) == time // 1000 == NOON // 1000
        # An event that was read from the store and is sent again is one that is stored.
        sent = Event(
            BATCH_EVENT, time, json.loads(said), service=COLLECTOR_SERVICE, id=ident
        )  # fmt: skip
        assert engine.commit(sent).duplicates == 1


def test_events_of_no_product_are_told_of_nobody(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(*pages(engine, 3, owner=""))
    engine.refused["media_type"] += 1
    engine.now += 10 * SECOND

    assert not engine.tell()
    assert engine.rows(f"select count(*) from events where name = '{BATCH_EVENT}'") == [(0,)]


def test_a_refused_request_may_be_of_every_product_that_ever_sent_something(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(SHOP, STORE, product({}, name="stand"))
    engine.commit(*pages(engine, 1), *pages(engine, 1, owner="store"), *pages(engine, 1, owner="x"))
    engine.refused.update({"media_type": 2, "too_large": 1})
    engine.tell(everything=True)
    assert engine.tell(everything=True) is False
    engine.refused["media_type"] += 1
    engine.now += 10 * SECOND
    # They wait from when they are looked at first, so that few are told together too.
    assert not engine.tell()
    engine.now += 10 * SECOND
    assert engine.tell()

    wanted = {
        ("web", "stored", ""): 1,
        ("", "refused", "media_type"): 3,
        ("", "refused", "too_large"): 1,
    }
    assert told(engine) == told(engine, "store") == wanted
    # Nobody counts for it, or it never sent anything: then it is fed by nothing.
    assert told(engine, "x") == {("web", "stored", ""): 1}
    assert told(engine, "stand") == {}
    # Who sent before the start may send again.
    again = make_engine(SHOP, STORE, after=engine, now=engine.now)
    again.refused["bad_gzip"] += 1
    again.tell(everything=True)
    assert told(again, "store") == wanted | {("", "refused", "bad_gzip"): 1}


def test_the_share_of_rejected_events_is_what_the_books_say(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    for at in range(30):
        sent = pages(engine, 20, "web" if at % 3 else "worker")
        engine.commit(*sent, *sent[:2], rejected=[bad(at)] if at % 2 else [])
        if at % 10 == 0:
            engine.refused["media_type"] += 1
        engine.now += 7 * SECOND
    engine.tell(everything=True)
    engine.fold()

    value = engine.value("rejected")

    arrived = 30 * 22 + 15 + 3
    assert (value.reading.value, value.reading.samples) == (18 / arrived, arrived)
    assert (value.state, value.sure) == (State.BREACH, True)
    by_service = value.breakdowns["service.name"]
    assert {name: part.samples for name, part in by_service.items()} == {
        "web": 20 * 22 + 15,
        "worker": 10 * 22,
        "__none__": 3,
    }
    by_reason = value.breakdowns["loop.reason"]
    assert {name: part.value for name, part in by_reason.items()} == {
        "missing_id": 15 / arrived,
        "media_type": 3 / arrived,
    }
    found = told(engine)
    del found["", "refused", "media_type"]
    assert found == accounted(engine)
    engine.rebuild()
    assert engine.value("rejected").reading == value.reading


def test_what_is_replayed_is_not_told_again(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP)
    engine.commit(rejected=[bad(1), bad(2)])
    engine.tell(everything=True)

    engine.commit_group(Admitted(columns(pages(engine, 1)), replayed=[1]))
    assert not engine.tell(everything=True)

    assert told(engine) == {("web", "quarantined", "missing_id"): 2}
    again = make_engine(SHOP, after=engine, now=engine.now)
    assert not again.tell(everything=True)


def test_when_nothing_arrives_any_more_the_share_goes_stale(make_engine: MakeEngine) -> None:
    engine = make_engine(SHOP, now=NOON + SECOND)
    engine.commit(*pages(engine, 600))
    engine.tell(everything=True)
    engine.fold()
    assert engine.value("rejected").state is State.OK

    for _ in range(16):
        engine.now += MINUTE
        engine.tell()
        engine.fold()
    assert engine.value("rejected").state is State.STALE
