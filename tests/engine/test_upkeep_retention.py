"""Old events go with what is known of their subjects, and no number moves."""

from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_catalog.builtin import COLLECTOR_SERVICE
from loopgauge_collector.events import Incoming, Rejected
from loopgauge_collector.partials.retention import gone_before
from loopgauge_collector.storage.quarantine import payload_of

from tests.engine.harness import (
    DAY,
    HEARTBEAT,
    HOUR,
    MINUTE,
    SECOND,
    Engine,
    Event,
    moment,
    product,
    uuid7,
)

NOON = moment("2026-11-18 12:00")
_JOB = {"kind": "duration", "from": "job.started", "to": "job.done", "by": "job.id"}
CATALOG = product(
    {
        "seen": {"kind": "count", "event": "page.seen", "window": "90d"},
        "pages": {"kind": "count", "event": "page.seen", "window": "28d", "once_per": "page.id"},
        "quick": {**_JOB, "expires": "14d", "window": "28d", "target": {"within": "1d", "share": "50%"}},
        "mended": {**_JOB, "anchor": "end", "window": "28d"},
    },
    {"page.seen": {"attributes": {"page.id": {}}}},
)  # fmt: skip

MakeEngine = Callable[..., Engine]


def seen(at: int, page: str = "p") -> Event:
    return Event("page.seen", at, {"page.id": page})


def job(what: str, at: int, name: str) -> Event:
    return Event(f"job.{what}", at, {"job.id": name})


def count(engine: Engine, table: str) -> int:
    return int(engine.rows(f"select count(*) from {table}")[0][0])


def values(engine: Engine, *moments: int) -> list[Any]:
    return [
        (value.reading, value.state)
        for key in ("seen", "pages", "quick", "mended")
        for value in engine.history(key, [engine.now, *moments])
    ]


def test_whole_days_go_and_what_is_accepted_stays(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    midnight = NOON - NOON % DAY - 91 * DAY
    engine.send(
        *(seen(at) for at in (midnight - 1, midnight - 40 * DAY, midnight, NOON - 90 * DAY, NOON))
    )
    engine.now += 2 * HOUR

    engine.keep_up()
    # What has just been stored stays for a day, however old it is.
    assert count(engine, "events") == 5
    engine.now += DAY
    engine.keep_up()

    kept = engine.rows("select min(epoch_us(time)), count(*) from events")
    assert kept == [(midnight + DAY + 12 * HOUR, 2)]


def test_no_number_moves_when_its_events_go(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    for day in range(30):
        start = NOON - day * DAY
        engine.send(
            seen(start, f"p{day % 7}"),
            *(job("started", start - n * HOUR, f"j{day}.{n}") for n in range(4)),
            job("done", start - HOUR, f"j{day}.1"),
            job("failed", start, f"j{day}.2"),
        )
    engine.merge()
    engine.now = NOON + 100 * DAY
    engine.send(Event(HEARTBEAT, engine.now))
    asked = [NOON + HOUR, NOON - 8 * DAY, NOON + 20 * DAY]
    before = values(engine, *asked)

    engine.keep_up()

    # What the collector told of itself was received just now.
    assert count(engine, f"events where service <> '{COLLECTOR_SERVICE}'") == 1
    assert count(engine, "marks") == 0
    assert values(engine, *asked) == before


def test_who_is_still_open_is_remembered_and_may_end(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    engine.send(job("started", NOON, "long"), job("started", NOON, "short"))
    engine.send(job("done", NOON + HOUR, "short"))
    engine.now = NOON + 120 * DAY
    engine.keep_up()
    assert count(engine, "events") == 0
    assert count(engine, "steps") == 1

    engine.send(job("done", engine.now - MINUTE, "long"))

    reading = engine.value("mended").reading
    assert (reading.samples, reading.stats["mean"]) == (1, (120 * DAY - MINUTE) / SECOND)


def test_a_subject_stays_as_long_as_an_accepted_event_can_change_it(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(CATALOG)
    engine.send(job("started", NOON, "j"))
    engine.now = NOON + 93 * DAY
    engine.keep_up()
    assert count(engine, "events") == 0

    # It arrives 85 days late: it was within the limit, and its age is still accepted.
    engine.send(job("done", NOON + 8 * DAY, "j"))

    reading = engine.value_at("quick", NOON + 20 * DAY).reading
    assert reading.stats["p50"] == pytest.approx(8 * DAY / SECOND, rel=0.01)
    assert engine.rows("select sum(n) from subjects_recent where outcome = 0") == [(0,)]


def test_who_failed_without_a_limit_is_remembered_and_may_still_be_done(
    make_engine: MakeEngine,
) -> None:
    mended = {**_JOB, "fails": "job.failed", "anchor": "end", "window": "28d", "show": "mean"}
    engine = make_engine(product({"mended": mended}))
    engine.send(job("started", NOON, "j"), job("failed", NOON + HOUR, "j"))
    engine.now = NOON + 95 * DAY
    engine.keep_up()

    engine.send(job("done", engine.now - HOUR, "j"))

    reading = engine.value("mended").reading
    assert (reading.samples, reading.value) == (1, (95 * DAY - HOUR) / SECOND)
    assert engine.rows(
        "select outcome, sum(n) from subjects_recent group by all having sum(n) <> 0"
    )


PEOPLE = product(
    {
        "users": {
            "kind": "distinct", "events": ["page.seen", "job.done"], "by": "job.id",
            "window": "28d", "labels": ["plan"],
        },
        "well": {
            "kind": "ratio", "event": "page.seen", "matching": {"ok": True}, "last_per": "job.id",
            "window": "28d",
        },
    }
)  # fmt: skip


def visit(at: int, *, ok: bool, plan: str = "a") -> Event:
    return Event("page.seen", at, {"job.id": "u", "ok": ok, "plan": plan})


@pytest.mark.parametrize("days", [90, 120])
def test_who_comes_back_after_the_events_went_is_still_one_subject(
    make_engine: MakeEngine, days: int
) -> None:
    engine = make_engine(PEOPLE)
    engine.send(visit(NOON - 2 * HOUR, ok=False), visit(NOON - HOUR, ok=False, plan="b"))
    engine.send(visit(NOON - MINUTE, ok=False))
    engine.merge()
    engine.keep_up()
    engine.now = NOON + 120 * DAY
    engine.keep_up()
    assert count(engine, "events") == 0
    assert count(engine, "steps") == 3

    # It may come as late as events are accepted.
    engine.send(visit(NOON + days * DAY - MINUTE, ok=True))

    at = NOON + days * DAY
    users = engine.value_at("users", at, window=days * DAY + DAY)
    reading = users.windows[f"{days + 1}d"]
    assert reading.value == 1
    assert users.reading.value == 1
    well = engine.value_at("well", at, window=days * DAY + DAY).windows[f"{days + 1}d"]
    assert (well.samples, well.value) == (1, 1.0)


def test_commits_are_numbered_on_when_no_event_is_left(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    for n in range(5):
        engine.send(seen(NOON - n * HOUR))
    engine.now = NOON + 100 * DAY
    engine.keep_up()
    assert count(engine, "events") == 0

    again = make_engine(CATALOG, after=engine, now=NOON + 100 * DAY)
    again.send(seen(again.now - MINUTE, "new"))

    assert again.value("pages").reading.value == 1
    assert again.value_at("seen", NOON + HOUR).reading.value == 5


def test_events_that_no_fold_has_read_stay(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    engine.send(seen(NOON))
    engine.commit(seen(NOON))
    engine.now = NOON + 100 * DAY
    engine.keep_up()
    assert count(engine, "events") == 1

    engine.fold()
    engine.keep_up()

    assert count(engine, "events") == 0
    assert engine.value_at("seen", NOON + DAY).reading.value == 2


def test_nothing_goes_while_a_rebuild_reads_it(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG, chunk=1)
    engine.send(*(seen(NOON - n) for n in range(5)))
    engine.send(seen(NOON + HOUR))
    engine.folder.restart(["shop.seen"])
    engine.now = NOON + 100 * DAY

    engine.keep_up()
    assert count(engine, "events") == 6
    engine.catch_up()
    engine.keep_up()

    assert count(engine, "events") == 0
    assert engine.value_at("seen", NOON + DAY).reading.value == 6


LASTING = product(
    {
        "seen": {"kind": "count", "event": "page.seen", "window": "90d"},
        "daily": {"kind": "rate", "event": "page.seen", "window": "28d"},
        "pages": {
            "kind": "count", "event": "page.seen", "window": "28d", "once_per": "visit.id",
            "labels": ["plan"],
        },
        "size": {"kind": "latest", "event": "page.seen", "value": "size", "per": ["page.id"]},
        "grown": {
            "kind": "delta", "event": "page.seen", "value": "size", "per": ["page.id"],
            "window": "60d",
        },
        "users": {
            "kind": "distinct", "events": "page.seen", "by": "page.id", "window": "28d",
            "labels": ["plan"],
        },
        "well": {
            "kind": "ratio", "event": "page.seen", "matching": {"plan": "b"},
            "last_per": "page.id", "window": "28d",
        },
        "drift": {
            "kind": "drift", "event": "page.seen", "value": "size", "range": [0, 80], "bins": 2,
            "per": "plan", "window": "28d",
        },
    },
    {"page.seen": {"attributes": {"page.id": {}, "visit.id": {}, "plan": {}, "size": {"type": "number"}}}},
    zone="Asia/Kathmandu",
)  # fmt: skip


def read(at: int, number: int) -> Event:
    attributes = {
        "page.id": f"p{number % 5}",
        "visit.id": f"v{number}",
        "plan": "ab"[number % 2],
        "size": number,
    }
    return Event("page.seen", at, attributes, id=uuid7(at, number))


@pytest.mark.parametrize("ends", ["at once", "after a restart"])
def test_a_rebuild_keeps_the_days_whose_events_are_gone(make_engine: MakeEngine, ends: str) -> None:
    engine = make_engine(LASTING, chunk=7)
    for number in range(80):
        engine.now = NOON + number * 2 * DAY
        # Some of them come two weeks late.
        at = engine.now - (number % 3) * 7 * DAY
        engine.send(read(at, number), read(at - MINUTE, number))
    engine.merge()
    engine.keep_up()
    gone = engine.rows("select min(epoch_us(time)) from events")[0][0]
    assert gone > NOON + 60 * DAY
    asked = [engine.now, *(NOON + days * DAY for days in (1, 30, 60, 67, 68, 69, 90, 120, 150))]
    keys = list(LASTING["tables"]["main"]["kpis"])

    def answers(engine: Engine) -> dict[str, Any]:
        snapshot = engine.snapshot()
        now = {key: snapshot.by_id[f"shop.{key}"] for key in keys}
        found = {key: [now[key], *engine.history(key, asked)] for key in keys}
        return {
            key: [(value.reading, value.breakdowns, value.state) for value in values]
            for key, values in found.items()
        }

    before = answers(engine)
    assert before["drift"][0][0].value is not None

    engine.folder.restart(None, gone_before(engine.now, 90))
    engine.folder.catch_up()
    if ends == "after a restart":
        engine = make_engine(LASTING, chunk=7, after=engine, now=engine.now)
    engine.catch_up()

    after = answers(engine)
    for key in keys:
        assert after[key] == before[key], key


def test_what_comes_late_for_a_kept_day_during_a_rebuild_counts_once(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(CATALOG, chunk=1)
    engine.send(seen(NOON, "old"), seen(NOON + 60 * DAY, "new"))
    engine.now = NOON + 100 * DAY
    engine.keep_up()
    engine.folder.restart(["shop.seen"], gone_before(engine.now, 90))
    engine.send(seen(NOON + 2 * HOUR, "replayed"))

    engine.catch_up()

    assert engine.value_at("seen", NOON + 70 * DAY).reading.value == 3


def test_a_rebuild_follows_subjects_in_the_events_that_are_left(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    engine.send(job("started", NOON, "old"), job("done", NOON + HOUR, "old"))
    engine.send(job("started", NOON + 60 * DAY, "new"), job("done", NOON + 61 * DAY, "new"))
    engine.now = NOON + 100 * DAY
    engine.keep_up()
    assert engine.value_at("mended", NOON + DAY).reading.samples == 1

    engine.rebuild()

    assert engine.value_at("mended", NOON + DAY).reading.samples == 0
    assert engine.value_at("mended", NOON + 62 * DAY).reading.samples == 1


def test_the_quarantine_forgets_too(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)

    def bad(number: int) -> Rejected:
        raw = Incoming(0, None, "page.seen", NOON * 1000, f'{{"n": {number}}}'.encode(), "shop")
        return Rejected(0, None, "missing_id", "?", "shop", "web", "page.seen", payload_of(raw))

    engine.commit(rejected=[bad(1), bad(2)])
    engine.now = NOON + 60 * DAY
    engine.commit(rejected=[bad(3)])
    engine.now = NOON + 92 * DAY
    engine.commit(Event("page.seen", engine.now, id=uuid7(engine.now)))

    assert [event.number for event in engine.quarantine.list()] == [3]
    assert len(engine.quarantine) == 1
    # It is taken as a new one again.
    engine.commit(rejected=[bad(1)])
    assert [event.number for event in engine.quarantine.list()] == [4, 3]


def test_minutes_become_quarter_hours_and_then_local_days(make_engine: MakeEngine) -> None:
    catalog = product(
        {
            "seen": {"kind": "count", "event": "page.seen", "window": "24h"},
            "mended": {**_JOB, "anchor": "end", "window": "28d"},
        },
        zone="Asia/Kathmandu",
    )
    engine = make_engine(catalog, events_keep_days=400)
    for minutes in range(0, 48 * 60, 5):
        engine.send(seen(NOON - minutes * MINUTE, "p"))
    engine.merge()
    rows = "select count(*), sum(n), count(distinct (bucket, series, sk)) from partials"
    engine.keep_up()
    # Up to 26 hours by minute, and 22 hours by quarter hour.
    assert engine.rows(rows) == [(26 * 12 + 1 + 22 * 4, 48 * 12, 26 * 12 + 1 + 22 * 4)]

    engine.send(seen(NOON - 40 * HOUR - 7 * MINUTE))
    engine.merge()
    engine.keep_up()
    assert engine.rows(rows) == [(26 * 12 + 1 + 22 * 4, 48 * 12 + 1, 26 * 12 + 1 + 22 * 4)]

    engine.now = NOON + 100 * DAY
    engine.keep_up()
    assert engine.rows(rows) == [(3, 48 * 12 + 1, 3)]
    # Midnight in Kathmandu is a quarter past six in the evening of UTC.
    assert engine.rows("select distinct bucket % 1440 from partials") == [(18 * 60 + 15,)]


def test_a_second_round_finds_nothing_to_do(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG, events_keep_days=400)
    for day in range(120):
        start = NOON - day * DAY
        engine.send(seen(start, f"p{day}"), job("started", start, f"j{day}"))
        engine.send(job("done", start + day * 7 * MINUTE, f"j{day}"))
    engine.merge()
    assert engine.upkeep.step()
    engine.keep_up()

    assert not engine.upkeep.step()
