"""When a series had its first event: known as soon as its sums are, and no longer than they are."""

from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_collector.partials.fold import FoldPlan

from tests.engine.harness import DAY, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
CATALOG = product({"daily": {"kind": "rate", "event": "page.seen", "window": "28d"}})

MakeEngine = Callable[..., Engine]


def seen(days: int) -> Event:
    return Event("page.seen", NOON - days * DAY)


def test_a_rebuild_from_fewer_events_divides_by_the_days_that_these_cover(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(CATALOG)
    engine.send(*map(seen, range(1, 21)))
    assert engine.value("daily").reading.value == pytest.approx(1)
    # What an erasure of somebody's events does.
    engine.store.folding.execute(f"delete from events where epoch_us(time) < {NOON - 10 * DAY}")

    engine.rebuild()

    assert engine.value("daily").reading.value == pytest.approx(1)
    assert engine.read("daily", NOON) == make_engine(CATALOG, after=engine).read("daily", NOON)


def test_a_fold_that_is_not_committed_says_nothing_of_a_first_event(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(CATALOG)
    engine.send(seen(2))
    known = dict(engine.registry.firsts)
    during: list[dict[int, int]] = []
    run = FoldPlan.run

    def fails(plan: FoldPlan, *asked: Any) -> Any:
        run(plan, *asked)
        during.append(dict(engine.registry.firsts))
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(FoldPlan, "run", fails)
    engine.commit(seen(20))
    with pytest.raises(RuntimeError):
        engine.fold()
    assert [known, dict(engine.registry.firsts)] == [during[0], known]

    monkeypatch.undo()
    engine.fold()

    assert engine.value("daily").reading.value == pytest.approx(2 / 20)
