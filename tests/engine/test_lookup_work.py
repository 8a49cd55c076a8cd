"""What a fold looks at follows what comes in, not what is stored of other subjects."""

from collections.abc import Callable

import pytest
from loopgauge_collector.partials import folder
from loopgauge_collector.partials.logs import SubjectLog, subject_log

from tests.engine.harness import DAY, HOUR, MINUTE, SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
CATALOG = product(
    {
        "quick": {
            "kind": "duration", "from": "job.started", "to": "job.done", "by": "job.id",
            "expires": "7d", "window": "28d", "target": {"within": "1h", "share": "50%"},
        },
        "seen": {"kind": "distinct", "events": ["page.seen"], "by": "user.id", "window": "28d"},
        "came": {"kind": "count", "event": "page.seen", "once_per": "user.id", "window": "28d"},
    },
)  # fmt: skip

MakeEngine = Callable[..., Engine]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject_log, "CHUNK", 20)


def started(at: int, name: str) -> Event:
    return Event("job.started", at, {"job.id": name})


def done(at: int, name: str) -> Event:
    return Event("job.done", at, {"job.id": name})


def seen(at: int, user: str) -> Event:
    return Event("page.seen", at, {"user.id": user})


def looked_at(engine: Engine, *events: Event) -> int:
    """Rows that are looked at by the fold of these events: whole chunks, and the small tables."""
    logs = (engine.folder.logs.steps, engine.folder.logs.marks)
    before = sum(log.read for log in logs)
    small = sum(_rows(engine, log.table.recent) for log in logs)
    engine.send(*events)
    chunks = sum(log.read for log in logs) - before
    largest = max((_largest(engine, log) for log in logs), default=0)
    return small + chunks * largest


def _rows(engine: Engine, table: str) -> int:
    return int(engine.rows(f"select count(*) from {table}")[0][0])


def _largest(engine: Engine, log: SubjectLog) -> int:
    found = engine.rows(f"select count(*) as n from {log.table.name} group by chunk order by n")
    return int(found[-1][0]) if found else 0


def store(engine: Engine, subjects: int) -> None:
    """Jobs and users of the last days, at their time and in small commits."""
    began = NOON - 20 * DAY
    step = 19 * DAY // subjects
    for first in range(0, subjects, 50):
        events = []
        for n in range(first, min(first + 50, subjects)):
            at = began + n * step
            events += [started(at, f"j{n}"), seen(at, f"u{n}")]
        engine.send(*events)


def test_a_fold_looks_at_as_much_with_ten_times_the_subjects(make_engine: MakeEngine) -> None:
    few, many = make_engine(CATALOG), make_engine(CATALOG)
    store(few, 100)
    store(many, 1000)
    assert _rows(many, "steps") > 9 * _rows(few, "steps") > 0

    for events in (
        [started(NOON, "new"), seen(NOON, "new")],
        # Who came back.
        [done(NOON, "j7"), seen(NOON, "u7")],
        # What comes late.
        [started(NOON - 30 * DAY, "j9"), seen(NOON - 30 * DAY, "u9")],
        # An end without a beginning.
        [done(NOON, "never")],
    ):
        assert looked_at(many, *events) == looked_at(few, *events), events


def test_a_subject_is_read_once_as_long_as_it_comes_back(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    store(engine, 100)
    first = looked_at(engine, done(NOON, "j7"), seen(NOON, "u7"))
    log = engine.folder.logs.steps
    read = log.read

    for n in range(3):
        engine.send(done(NOON + n * SECOND, "j7"), seen(NOON + n * SECOND, "u7"))

    assert first > 0
    assert log.read == read


def test_of_a_long_active_subject_only_the_newest_minutes_count(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    log = engine.folder.logs.steps
    for n in range(8):
        engine.send(*(seen(NOON - HOUR * (200 - 25 * n - k), "u") for k in range(25)))
    assert _rows(engine, "steps") == 200
    log.forget()
    read = log.read

    engine.send(seen(NOON + MINUTE, "u"))

    assert log.read - read == 1
    # Its newest minute before, known and now, and the arrived one.
    assert engine.store.folding.execute("select count(*) from lives").fetchone() == (3,)
    assert engine.value("seen").reading.value == 1


def test_who_has_been_counted_is_not_looked_up(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    store(engine, 100)
    marks = engine.folder.logs.marks
    read = marks.read

    engine.send(*(seen(NOON, f"u{n}") for n in range(50)))
    assert marks.read == read
    # This one is earlier than what was counted.
    engine.send(seen(NOON - 25 * DAY, "u3"))

    assert marks.read == read + 1
    assert engine.value("came").reading.value == 100


def test_a_fold_that_fails_leaves_memory_as_it_was(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(CATALOG)
    store(engine, 50)
    events = [e for n in range(40) for e in (done(NOON, f"j{n}"), seen(NOON, f"u{n}"))]
    engine.commit(*events)
    logs = (engine.folder.logs.steps, engine.folder.logs.marks)
    sealed = [log.places.next for log in logs]

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(folder, "store_sequences", fail)
        with pytest.raises(ZeroDivisionError):
            engine.fold()
    assert [log.places.next for log in logs] == sealed
    engine.fold()
    engine.send(seen(NOON + MINUTE, "u1"), started(NOON - 30 * DAY, "j2"))

    again = make_engine(CATALOG, after=engine)
    again.send(seen(NOON + 2 * MINUTE, "u2"), done(NOON, "j45"))
    numbers = [again.value(key).reading for key in ("quick", "seen", "came")]
    again.rebuild()

    assert [again.value(key).reading for key in ("quick", "seen", "came")] == numbers
    assert numbers[1].value == numbers[2].value == 50
