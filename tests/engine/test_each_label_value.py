"""`each`: the target also holds for each label value that has enough samples."""

from collections.abc import Callable
from typing import Any

from loopgauge_catalog.states import State

from tests.engine.harness import DAY, MINUTE, Engine, Event, moment, product

MakeEngine = Callable[..., Engine]

NOW = moment("2026-11-18 12:00")
JOBS = {"job.ended": {"attributes": {"plan": {}, "ok": {"type": "boolean"}}}}
PLANS = {"labels": ["plan"], "each": ["plan"], "event": "job.ended"}


def job(at: int, plan: str, *, ok: bool = True) -> Event:
    return Event("job.ended", at, {"plan": plan, "ok": ok})


def engine_of(make_engine: MakeEngine, **kpi: Any) -> Engine:
    engine = make_engine(product({"it": {**PLANS, **kpi}}, JOBS), now=NOW)
    engine.send(job(NOW - 30 * DAY, "a"))  # the source is not young
    return engine


def test_a_floor_is_not_judged_for_values_that_nobody_sends(make_engine: MakeEngine) -> None:
    engine = engine_of(make_engine, kind="count", window="24h", target={"at_least": 3})
    engine.send(*(job(NOW - MINUTE - at, plan) for plan in "ab" for at in range(5)))

    value = engine.value("it")

    assert (value.state, value.worst) == (State.OK, None)


def test_a_value_below_the_floor_breaches_and_is_named(make_engine: MakeEngine) -> None:
    engine = engine_of(make_engine, kind="count", window="24h", target={"at_least": 3})
    engine.send(
        *(job(NOW - MINUTE - at, plan) for plan, n in (("a", 5), ("b", 2)) for at in range(n))
    )

    value = engine.value("it")

    assert (value.state, value.sure, value.worst) == (State.BREACH, True, ("plan", "b"))


def test_no_floor_is_judged_for_a_value_while_the_source_is_young(make_engine: MakeEngine) -> None:
    engine = make_engine(
        product(
            {"it": {**PLANS, "kind": "count", "window": "24h", "target": {"at_least": 3}}}, JOBS
        ),
        now=NOW,
    )
    engine.send(*(job(NOW - MINUTE - at, plan) for plan in "ab" for at in range(2)))

    assert engine.value("it").state is State.OK


def test_a_value_with_too_few_samples_says_nothing_however_bad(make_engine: MakeEngine) -> None:
    share = {"kind": "ratio", "matching": {"ok": False}, "window": "24h", "target": {"below": "5%"}}
    engine = engine_of(make_engine, **share, min_samples=100)
    engine.send(*(job(NOW - MINUTE - at, "a") for at in range(600)))
    engine.send(*(job(NOW - MINUTE - at, "b", ok=False) for at in range(6)))

    assert engine.value("it").state is State.OK


def test_label_sets_are_judged_one_by_one_too(make_engine: MakeEngine) -> None:
    latest = {"kind": "latest", "passing": {"ok": True}, "per": ["plan"], "combine": "max"}
    engine = engine_of(make_engine, **latest, target={"equals": "100%"})
    engine.send(job(NOW - MINUTE, "a"), job(NOW - MINUTE, "b", ok=False))

    value = engine.value("it")

    assert (value.state, value.worst) == (State.BREACH, ("plan", "b"))


def test_a_floor_on_a_calendar_period_is_not_missed_before_it_is_over(
    make_engine: MakeEngine,
) -> None:
    engine = engine_of(
        make_engine, kind="count", window="day", stale_after="2d", target={"at_least": 3}
    )
    engine.send(job(NOW - MINUTE, "a"))

    assert engine.value("it").state is State.TOO_FEW
    assert engine.value_at("it", moment("2026-11-19 00:00")).state is State.BREACH


def test_the_graver_threshold_needs_a_breach(make_engine: MakeEngine) -> None:
    graver = {"target": {"at_least": 3}, "alert": {"severity": "page", "team": "us", "for": "5m"}}
    raw = product(
        {"it": {"event": "job.ended", "kind": "count", "window": "24h", "means": "It.", "try": ["x"],
                "target": {"at_least": 10}, "escalate": graver}},
        JOBS,
    ) | {"teams": {"us": {"slack": "#us"}}}  # fmt: skip
    engine = make_engine(raw, now=NOW)
    engine.send(job(NOW - MINUTE, "a"))

    assert (engine.value("it").state, engine.value("it").escalated) == (State.TOO_FEW, False)

    engine.send(job(NOW - 30 * DAY, "a"))

    assert (engine.value("it").state, engine.value("it").escalated) == (State.BREACH, True)
