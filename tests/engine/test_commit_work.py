"""What a commit costs follows what comes in, and memory follows what was committed."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopgauge_collector.events import Admitted, EventColumns, Incoming, Rejected
from loopgauge_collector.storage.quarantine import payload_of

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
CATALOG = product({"seen": {"kind": "count", "event": "page.seen", "window": "1h"}})

MakeEngine = Callable[..., Engine]


@pytest.fixture
def engine_of_many(make_engine: MakeEngine) -> Engine:
    """One store for all examples of a test; each has ids of its own."""
    return make_engine(CATALOG)


class Counted(list[Any]):
    """A column that counts how many of its values were asked for one by one."""

    asked = 0

    def __getitem__(self, at: Any) -> Any:
        Counted.asked += 1
        return super().__getitem__(at)


def counted(request: EventColumns) -> EventColumns:
    """The same columns, counting."""
    return EventColumns(
        **{one.name: Counted(getattr(request, one.name)) for one in fields(EventColumns)}
    )


def bad(number: int) -> Rejected:
    """An event for the quarantine; the number makes its payload."""
    raw = Incoming(0, None, "page.seen", NOON * 1000, f'{{"n": {number}}}'.encode(), "shop")
    return Rejected(0, None, "missing_id", "say why", "shop", "web", "page.seen", payload_of(raw))


def asked_for(engine: Engine, retries: int) -> int:
    """Values that a group of so many retries of one event each asks for."""
    events = [Event("page.seen", NOON) for _ in range(retries)]
    Counted.asked = 0
    verdicts = engine.commit_group(
        *(Admitted(counted(columns([event]))) for event in events),
        *(Admitted(counted(columns([event]))) for event in events),
    )
    assert [v.accepted for v in verdicts] == [1] * retries + [0] * retries
    return Counted.asked


def test_the_work_on_a_group_of_retries_grows_with_their_number_only(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(CATALOG)

    few, many = asked_for(engine, 10), asked_for(engine, 100)

    assert few <= many <= 11 * few


def peak_of_one_more(engine: Engine, cap: int) -> int:
    """Bytes that one bad event takes at most while it is committed, with the cap reached."""
    engine.commit(rejected=[bad(number) for number in range(cap)])
    engine.commit(rejected=[bad(cap)])
    request = bad(cap + 1)
    tracemalloc.start()
    try:
        engine.commit(rejected=[request])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_at_its_cap_the_quarantine_works_on_what_comes_and_not_on_what_it_keeps(
    make_engine: MakeEngine,
) -> None:
    small = peak_of_one_more(make_engine(CATALOG, quarantine_max_events=10), 10)
    large = peak_of_one_more(make_engine(CATALOG, quarantine_max_events=5000), 5000)

    # One number for each of 5,000 would be 40 kB.
    assert large < small + 20_000


def test_a_drop_that_was_rolled_back_did_not_happen(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    engine.commit(rejected=[bad(1), bad(2)])

    async def fails(change: Callable[[], object], then: Callable[[], int]) -> int:
        connection = engine.store.connection
        connection.execute("begin")
        change()
        connection.execute("rollback")
        raise OSError("no space left on device")

    engine.quarantine.use(fails)
    with pytest.raises(OSError, match="no space"):
        asyncio.run(engine.quarantine.drop([1]))

    assert [kept.number for kept in engine.quarantine.list()] == [2, 1]
    assert 1 in engine.quarantine
    assert len(engine.quarantine) == 2
    # It is still known, so it is not kept a second time.
    engine.commit(rejected=[bad(1)])
    assert len(engine.quarantine.list()) == 2


def test_what_leaves_the_quarantine_makes_room_in_the_same_commit(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG, quarantine_max_events=3)
    engine.commit(rejected=[bad(1), bad(2), bad(3)])
    again = columns([Event("page.seen", NOON)])

    # The second is stored by a replay while another one, and itself once more, come in.
    engine.commit_group(Admitted(again, replayed=[2]), Admitted(rejected=[bad(4), bad(2)]))

    assert [kept.number for kept in engine.quarantine.list()] == [5, 4, 3]
    assert len(engine.quarantine) == 3
    engine.commit(rejected=[bad(2), bad(3), bad(4)])
    assert [kept.number for kept in engine.quarantine.list()] == [5, 4, 3]


def test_a_group_of_fresh_late_and_repeated_events_is_told_apart(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    old = [Event("page.seen", NOON - DAY - n * MINUTE) for n in range(300)]
    new = [Event("page.seen", NOON + n) for n in range(300)]
    engine.commit(*old[::2], *new[::2])

    verdicts = engine.commit_group(
        Admitted(columns([*new[:200], *old[:200]])), Admitted(columns([*old[100:], *new[100:]]))
    )

    assert [(v.accepted, v.duplicates) for v in verdicts] == [(200, 200), (100, 300)]
    assert engine.rows("select count(*), count(distinct id) from events") == [(600, 600)]


def test_every_column_is_stored_as_it_was_admitted(make_engine: MakeEngine) -> None:
    engine = make_engine(CATALOG)
    first, second = columns([Event("page.seen", NOON + n) for n in range(3)]), EventColumns()
    first.producer[:], first.sequence[:] = ["a", "a", None], [1, None, (1 << 63) - 1]
    for at, environment in enumerate((None, "production")):
        ident = uuid7(NOON, 0xFFF + at)
        for column, value in zip(
            fields(EventColumns),
            (at, ident, "päge", -NOON, "", "wörk", environment, "b", 7, '{"ü": "\U0001f600"}'),
            strict=True,
        ):
            getattr(second, column.name).append(value)

    engine.commit_group(Admitted(first), Admitted(), Admitted(second))

    names = [one.name for one in fields(EventColumns) if one.name != "index"]
    listed = ", ".join({"id": "id::varchar", "time": "epoch_us(time)"}.get(n, n) for n in names)
    expected = [
        row
        for part in (first, second)
        for row in zip(*(getattr(part, n) for n in names), strict=True)
    ]
    assert sorted(engine.rows(f"select {listed} from events")) == sorted(expected)
    assert engine.rows("select distinct seq, epoch_us(received) from events") == [(1, engine.now)]


_request = st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(commits=st.lists(st.lists(_request, min_size=1, max_size=5), min_size=1, max_size=4))
def test_each_event_of_any_group_is_what_one_at_a_time_would_make_it(
    engine_of_many: Engine, commits: list[list[list[tuple[int, bool]]]]
) -> None:
    engine_of_many.now += 20 * SECOND
    # Every other id is older than what counts as fresh.
    idents = [uuid7(engine_of_many.now - at % 2 * HOUR) for at in range(8)]
    events = {
        (at, odd): Event("page.seen", NOON, {"odd": odd}, id=idents[at])
        for at in range(8)
        for odd in (False, True)
    }
    first: dict[int, bool] = {}

    for group in commits:
        expected = []
        for request in group:
            before = dict(first)
            for at, odd in request:
                first.setdefault(at, odd)
            conflicts = [n for n, (at, odd) in enumerate(request) if first[at] != odd]
            accepted = len(first) - len(before)
            expected.append((accepted, len(request) - accepted - len(conflicts), conflicts))
        verdicts = engine_of_many.commit_group(
            *(Admitted(columns([events[one] for one in request])) for request in group)
        )
        found = [(v.accepted, v.duplicates, [r.index for r in v.rejected]) for v in verdicts]
        assert found == expected

    listed = ", ".join(f"'{ident}'" for ident in idents)
    rows = engine_of_many.rows(
        f"select id::varchar, attributes from events where id::varchar in ({listed})"
    )
    assert sorted(rows) == sorted(
        (idents[at], json.dumps({"odd": odd})) for at, odd in first.items()
    )
