"""Label values that the catalog lists: nobody had one is a 0, not an unknown."""

from collections.abc import Callable

from loopgauge_catalog.states import State

from tests.engine.harness import DAY, HOUR, MINUTE, Engine, Event, moment, product

MakeEngine = Callable[..., Engine]

NOW = moment("2026-11-18 12:00")
VIEWS = {"view.opened": {"attributes": {"view": {"allowed": ["funnel", "map", "sums"]}}}}
KPI = {"kind": "count", "event": "view.opened", "window": "24h", "labels": ["view"]}


def opened(at: int, view: str) -> Event:
    return Event("view.opened", at, {"view": view})


def shown(engine: Engine, at: int = NOW) -> dict[str, float | None]:
    value = engine.value_at("views", at)
    return {name: part.value for name, part in value.breakdowns["view"].items()}


def engine_of(make_engine: MakeEngine, **settings: int) -> Engine:
    return make_engine(product({"views": KPI}, VIEWS), now=NOW, **settings)


def test_a_view_that_nobody_opened_is_shown_as_0(make_engine: MakeEngine) -> None:
    engine = engine_of(make_engine)
    engine.send(opened(NOW - MINUTE, "map"), opened(NOW - 3 * DAY, "sums"))

    assert shown(engine) == {"funnel": 0, "map": 1, "sums": 0}
    assert engine.value("views").breakdowns == engine.value_at("views", NOW).breakdowns


def test_of_a_silent_source_nobody_knows_that_there_were_none(make_engine: MakeEngine) -> None:
    engine = engine_of(make_engine)
    engine.send(opened(NOW - HOUR, "map"))

    assert engine.value("views").state is State.STALE
    assert shown(engine) == {"map": 1}


def test_a_value_that_may_be_among_the_others_is_no_0(make_engine: MakeEngine) -> None:
    engine = engine_of(make_engine, label_cap=2)
    engine.send(opened(NOW - 2 * MINUTE, "map"), opened(NOW - 2 * MINUTE, "x"))
    engine.send(opened(NOW - MINUTE, "sums"))

    assert shown(engine) == {"map": 1, "x": 1, "__other__": 1}
