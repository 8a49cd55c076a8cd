"""The catalog changes while events come: what changed is rebuilt, nothing else moves."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue
from loopgauge_collector.errors import Refused

from tests.engine.harness import HOUR, MINUTE, SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
EVENTS = {
    "api.request": {
        "attributes": {"duration": {"type": "number", "unit": "s"}, "status": {"type": "integer"}, "route": {}}
    }
}  # fmt: skip
LATENCY = {
    "kind": "quantile", "event": "api.request", "value": "duration", "window": "1h",
    "labels": ["route"], "target": {"below": "200ms", "share": "95%"},
}  # fmt: skip
ERRORS = {
    "kind": "ratio", "event": "api.request", "matching": {"status": {"at_least": 500}},
    "window": "1h", "target": {"below": "5%"},
}  # fmt: skip
FIRST = {"kind": "count", "event": "api.request", "once_per": "route", "window": "24h"}

MakeEngine = Callable[..., Engine]


def files(**kpis: Mapping[str, Any]) -> dict[str, Any]:
    return product(kpis, EVENTS)


def request(at: int, duration: float = 0.1, status: int = 200, route: str = "/a") -> Event:
    return Event("api.request", at, {"duration": duration, "status": status, "route": route})


def traffic(begin: int, n: int = 100) -> list[Event]:
    return [
        request(begin + at * SECOND, 0.19 + at / 2000, 500 if at % 20 == 0 else 200, f"/{at % 3}")
        for at in range(n)
    ]


def plain(value: KpiValue) -> Any:
    return (value.state, value.sure, value.reading, value.breakdowns, value.windows)


def test_a_product_that_moves_to_another_zone_gets_its_days_from_the_events(
    make_engine: MakeEngine,
) -> None:
    kpi = {"seen": {"kind": "count", "event": "page.seen", "window": "24h"}}
    engine = make_engine(product(kpi), events_keep_days=400)
    engine.send(
        Event("page.seen", moment("2026-08-09 12:00")),
        Event("page.seen", moment("2026-08-09 23:30")),
    )
    engine.merge()
    engine.keep_up()

    engine.adopt(product(kpi, zone="Asia/Kathmandu"))
    engine.catch_up()

    # Its midnight is a quarter past six in the evening of UTC.
    assert engine.value_at("seen", moment("2026-08-09 18:15")).reading.value == 1


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    """An hour of traffic, folded; the clock stands at noon."""
    engine = make_engine(files(latency=LATENCY, errors=ERRORS), chunk=30)
    for minutes in range(50, 0, -10):
        engine.send(*traffic(NOON - minutes * MINUTE))
    return engine


def fresh(make_engine: MakeEngine, catalog: dict[str, Any], events: list[Event]) -> Engine:
    """What a collector that knew this catalog from the start makes of the same events."""
    other = make_engine(catalog)
    other.send(*events)
    return other


def all_traffic() -> list[Event]:
    return [event for minutes in range(50, 0, -10) for event in traffic(NOON - minutes * MINUTE)]


def test_a_new_kpi_has_its_whole_history_and_the_others_do_not_move(
    engine: Engine, make_engine: MakeEngine
) -> None:
    before = {key: plain(engine.value(key)) for key in ("latency", "errors")}
    changed = files(latency=LATENCY, errors=ERRORS, first=FIRST)
    engine.adopt(changed)

    value = engine.value("first")
    assert (value.state, value.reading.value, value.breakdowns) == (State.REBUILDING, None, {})
    assert engine.value_at("first", NOON - HOUR).state is State.REBUILDING
    assert {key: plain(engine.value(key)) for key in before} == before
    # One chunk of 30 events is not the whole of 500.
    assert engine.folder.catch_up() is True
    assert 0 < engine.folder.rebuilding["shop.first"] < 1
    assert engine.value("first").state is State.REBUILDING

    engine.catch_up()

    assert engine.folder.rebuilding == {}
    other = fresh(make_engine, changed, all_traffic())
    assert {key: plain(engine.value(key)) for key in ("latency", "errors", "first")} == {
        key: plain(other.value(key)) for key in ("latency", "errors", "first")
    }


def test_events_that_come_during_a_rebuild_are_counted_once(
    engine: Engine, make_engine: MakeEngine
) -> None:
    changed = files(latency=LATENCY, errors={**ERRORS, "matching": {"status": 200}}, first=FIRST)
    engine.adopt(changed)
    late = []
    for number in range(30):
        # New ones, late ones, and a merge in between.
        late += [
            request(NOON - SECOND, 0.3, 500, "/new"),
            request(NOON - 40 * MINUTE, route=f"/{number % 5}"),
        ]
        engine.send(*late[-2:])
        engine.folder.catch_up()
        if number % 7 == 0:
            engine.merge()
    engine.catch_up()

    other = fresh(make_engine, changed, [*all_traffic(), *late])
    for key in ("latency", "errors", "first"):
        assert plain(engine.value(key)) == plain(other.value(key)), key
        assert plain(engine.value_at(key, NOON - 30 * MINUTE)) == plain(
            other.value_at(key, NOON - 30 * MINUTE)
        )


@pytest.mark.parametrize(
    "change",
    [
        {"target": {"below": "210ms", "share": "95%"}},
        {"target": {"within": "200ms", "share": "95%"}},
        {"where": {"status": 200}},
        {"labels": []},
        {"labels": ["route", "status"]},
        {"environment": "staging"},
    ],
)
def test_what_decides_the_partials_rebuilds(
    engine: Engine, make_engine: MakeEngine, change: dict[str, Any]
) -> None:
    errors, old = plain(engine.value("errors")), engine.value("latency").revision
    changed = files(latency={**LATENCY, **change}, errors=ERRORS)
    engine.adopt(changed)

    assert set(engine.folder.rebuilding) == {"shop.latency"}
    assert engine.value("latency").state is State.REBUILDING
    engine.catch_up()

    value = engine.value("latency")
    assert value.revision != old
    assert plain(value) == plain(fresh(make_engine, changed, all_traffic()).value("latency"))
    assert plain(engine.value("errors")) == errors


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"}, {"means": "Words."}, {"row": "Z9"}, {"window": "24h"},
        {"min_samples": 3}, {"stale_after": "2h"}, {"target": {"below": "200ms", "share": "50%"}},
        {"quantile": 0.5}, {"zero_ok": True}, {"better": "lower"},
    ],
)  # fmt: skip
def test_what_only_shows_or_judges_does_not_rebuild(
    engine: Engine, make_engine: MakeEngine, change: dict[str, Any]
) -> None:
    old = engine.value("latency").revision
    changed = files(latency={**LATENCY, **change}, errors=ERRORS)
    engine.adopt(changed)

    assert engine.folder.rebuilding == {}
    value = engine.value("latency")
    assert value.revision == old
    assert plain(value) == plain(fresh(make_engine, changed, all_traffic()).value("latency"))


def test_the_unit_of_an_attribute_rebuilds_what_reads_it(
    engine: Engine, make_engine: MakeEngine
) -> None:
    changed = files(latency=LATENCY, errors=ERRORS)
    changed["events"] = {
        "api.request": {"attributes": {"duration": {"type": "number", "unit": "ms"}}}
    }
    engine.adopt(changed)

    assert "shop.latency" in engine.folder.rebuilding
    engine.catch_up()
    assert engine.value("latency").reading.share == 1
    assert plain(engine.value("latency")) == plain(
        fresh(make_engine, changed, all_traffic()).value("latency")
    )


def test_a_kpi_that_was_removed_and_comes_back_has_what_it_missed(
    engine: Engine, make_engine: MakeEngine
) -> None:
    both = files(latency=LATENCY, errors=ERRORS)
    engine.adopt(files(errors=ERRORS))
    assert "shop.latency" not in engine.snapshot().by_id
    missed = traffic(NOON - 5 * MINUTE, 60)
    engine.send(*missed)
    engine.adopt(both)

    # Its old partials would lack what came in between.
    assert engine.value("latency").state is State.REBUILDING
    engine.catch_up()
    other = fresh(make_engine, both, [*all_traffic(), *missed])
    assert plain(engine.value("latency")) == plain(other.value("latency"))
    assert plain(engine.value("errors")) == plain(other.value("errors"))


def test_a_definition_that_is_taken_back_halfway_leaves_nothing_behind(
    engine: Engine, make_engine: MakeEngine
) -> None:
    both = files(latency=LATENCY, errors=ERRORS)
    engine.adopt(files(latency={**LATENCY, "where": {"status": 200}}, errors=ERRORS))
    engine.folder.catch_up()
    engine.send(request(NOON - 2 * SECOND))
    engine.adopt(both)
    engine.folder.catch_up()
    engine.send(request(NOON - SECOND))
    engine.catch_up()

    other = fresh(
        make_engine, both, [*all_traffic(), request(NOON - 2 * SECOND), request(NOON - SECOND)]
    )
    assert plain(engine.value("latency")) == plain(other.value("latency"))
    assert engine.rows("select count(distinct revision) from rules where kpi = 'shop.latency'") == [
        (1,)
    ]


def test_a_rebuild_goes_on_after_a_restart(engine: Engine, make_engine: MakeEngine) -> None:
    changed = files(latency=LATENCY, errors=ERRORS, first=FIRST)
    engine.adopt(changed)
    engine.folder.catch_up()
    reached = engine.folder.rebuilding["shop.first"]

    again = make_engine(changed, after=engine, chunk=30)
    assert again.folder.rebuilding == {"shop.first": reached}
    assert again.value("first").state is State.REBUILDING
    again.send(request(NOON - SECOND, route="/late"))
    again.catch_up()

    other = fresh(make_engine, changed, [*all_traffic(), request(NOON - SECOND, route="/late")])
    assert plain(again.value("first")) == plain(other.value("first"))


def test_a_catalog_that_changed_while_the_collector_was_down_is_rebuilt_too(
    engine: Engine, make_engine: MakeEngine
) -> None:
    changed = files(latency={**LATENCY, "labels": []}, first=FIRST)

    again = make_engine(changed, after=engine)

    assert set(again.folder.rebuilding) == {"shop.latency", "shop.first"}
    again.catch_up()
    other = fresh(make_engine, changed, all_traffic())
    for key in ("latency", "first"):
        assert plain(again.value(key)) == plain(other.value(key))


def test_a_rebuild_of_one_kpi_leaves_the_others_alone(engine: Engine) -> None:
    before = {key: plain(engine.value(key)) for key in ("latency", "errors")}
    engine.folder.restart(["shop.latency"])

    assert engine.value("latency").state is State.REBUILDING
    assert plain(engine.value("errors")) == before["errors"]
    engine.catch_up()
    assert {key: plain(engine.value(key)) for key in before} == before


def test_a_rebuild_that_is_asked_for_again_begins_again(engine: Engine) -> None:
    before = plain(engine.value("latency"))
    for _ in range(3):
        engine.folder.restart(None)
        engine.folder.catch_up()
    engine.catch_up()

    assert plain(engine.value("latency")) == before


def test_the_registry_of_label_values_survives_a_rebuild(make_engine: MakeEngine) -> None:
    engine = make_engine(files(latency=LATENCY), label_cap=2)
    # The first values seen are the oldest of the first fold; a late older one is not first.
    engine.send(request(NOON - 20 * SECOND, route="/b"), request(NOON - 30 * SECOND, route="/c"))
    engine.send(request(NOON - 50 * SECOND, route="/a"))
    before = plain(engine.value("latency"))
    assert set(engine.value("latency").breakdowns["route"]) == {"/b", "/c", "__other__"}

    engine.rebuild()

    assert plain(engine.value("latency")) == before


def test_the_sum_of_the_parts_is_the_total(engine: Engine) -> None:
    value = engine.value("latency")
    parts = value.breakdowns["route"].values()
    assert sum(part.samples for part in parts) == value.reading.samples


class EngineThatLooksAway(Engine):
    """Its catalog loses a KPI while somebody reads: the clock is asked in the middle of it."""

    left: dict[str, Any] | None = None

    def _clock(self) -> int:
        if self.left is not None:
            left, self.left = self.left, None
            self.adopt(left)
        return super()._clock()


def test_a_kpi_that_goes_while_it_is_read_is_gone_and_no_error(tmp_path: Path) -> None:
    engine = EngineThatLooksAway(tmp_path, files(latency=LATENCY, errors=ERRORS), now=NOON)

    engine.left = files(latency=LATENCY)
    with pytest.raises(AssertionError):  # no Snapshot this time
        engine.snapshot()
    assert list(engine.snapshot().by_id) == ["shop.latency"]

    engine.left = files(errors=ERRORS)
    with pytest.raises(Refused, match="there is no KPI"):
        engine.value_at("latency", NOON)
    engine.close()
