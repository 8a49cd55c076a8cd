"""The windows beside a KPI's own are read one a second, and each says where it ends."""

from tests.engine.decisions import COUNT, MakeEngine, one
from tests.engine.harness import MINUTE, Event, as_datetime, moment

NOON = moment("2026-11-18 12:00")


def test_the_own_window_is_of_now_and_the_others_follow_within_four_evaluations(
    make_engine: MakeEngine,
) -> None:
    engine = one(make_engine, {**COUNT, "window": "24h"}, now=NOON)
    engine.send(Event("page.seen", NOON - MINUTE))
    engine.tick()
    engine.now += MINUTE
    engine.send(Event("page.seen", NOON), Event("page.seen", NOON))

    seen = [engine.tick().by_id["shop.row"] for _ in range(4)]

    assert [value.reading.value for value in seen] == [3, 3, 3, 3]
    ends = as_datetime(NOON + MINUTE)
    fresh = [{name for name, of in value.windows.items() if of.end == ends} for value in seen]
    assert [len(names) for names in fresh] == [1, 2, 3, 3]
    assert all(seen[0].windows[name].value == 3 for name in fresh[0])
    assert all(of.value == 3 for of in seen[-1].windows.values())


def test_a_row_that_is_first_fed_has_all_its_windows_at_once(make_engine: MakeEngine) -> None:
    engine = one(make_engine, {**COUNT, "window": "24h"}, now=NOON)
    engine.tick()

    engine.send(Event("page.seen", NOON - MINUTE))

    value = engine.tick().by_id["shop.row"]
    assert {name: of.value for name, of in value.windows.items()} == {"1h": 1, "7d": 1, "28d": 1}
