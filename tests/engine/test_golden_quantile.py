"""Worked example 4 of the KPI semantics: nearest rank, the sketch, and the exact share."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue

from tests.engine.harness import SECOND, Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
EXAMPLE = [0.012, 0.020, 0.035, 0.050, 0.080, 0.110, 0.150, 0.180, 0.1999, 0.350]

MakeEngine = Callable[..., Engine]


def latency(make_engine: MakeEngine, values: list[Any], unit: str = "s", **more: Any) -> KpiValue:
    kpi = {
        "kind": "quantile", "event": "api.request", "value": "duration", "window": "1h", **more,
    }  # fmt: skip
    declared = {"api.request": {"attributes": {"duration": {"type": "number", "unit": unit}}}}
    engine = make_engine(product({"latency": kpi}, declared), now=NOON)
    engine.send(
        *(Event("api.request", NOON - n - SECOND, {"duration": v}) for n, v in enumerate(values))
    )
    return engine.value("latency")


def test_the_worked_example_shows_the_sketch_and_judges_the_share(make_engine: MakeEngine) -> None:
    value = latency(make_engine, EXAMPLE, target={"below": "200ms", "share": "95%"})

    reading = value.reading
    assert round(reading.stats["p50"], 5) == 0.07966
    assert round(reading.stats["p95"], 5) == 0.34992
    assert reading.value == reading.stats["p95"]
    assert (reading.share, reading.samples) == (0.9, 10)
    # One in ten where one in twenty is allowed: far too few to say so (min_samples is 100).
    assert (value.state, value.sure) == (State.TOO_FEW, False)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "min"])
def test_the_declared_unit_does_not_change_the_number(make_engine: MakeEngine, unit: str) -> None:
    factor = {"s": 1, "ms": 1000, "us": 1_000_000, "min": 1 / 60}[unit]
    written = [round(v * factor, 9) for v in EXAMPLE]

    value = latency(make_engine, written, unit, target={"below": "200ms", "share": "95%"})

    assert value.unit == "seconds"
    assert value.reading.share == 0.9
    assert round(value.reading.stats["p50"], 5) == 0.07966


@pytest.mark.parametrize(
    ("slow", "limit", "state"), [(0.1985, "199ms", State.OK), (0.2015, "201ms", State.BREACH)]
)
def test_a_shown_quantile_never_contradicts_the_share(
    make_engine: MakeEngine, slow: float, limit: str, state: State
) -> None:
    # Both lie in the bucket [0.1979, 0.2019), which is shown as 0.1999: on the wrong side.
    j = math.floor(math.log(slow) / 0.02)
    shown = 2 * math.exp(0.02 * (j + 1)) / (math.exp(0.02) + 1)
    assert (shown < float(limit[:-2]) / 1000) is (state is State.BREACH)
    values = [0.1] * 18 + [slow, 0.35]

    value = latency(make_engine, values, target={"below": limit, "share": "95%"}, min_samples=1)

    assert value.state is state
    assert value.reading.share == (0.95 if state is State.OK else 0.9)
    assert value.reading.value == value.reading.stats["p95"] == float(limit[:-2]) / 1000


def test_a_duration_exactly_at_the_limit_follows_the_comparator(make_engine: MakeEngine) -> None:
    values = [0.2] * 20
    below = latency(make_engine, values, target={"below": "200ms", "share": "95%"})
    within = latency(make_engine, values, target={"within": "200ms", "share": "95%"})

    assert (below.reading.share, within.reading.share) == (0.0, 1.0)


def test_what_is_below_a_thousandth_is_shown_as_zero(make_engine: MakeEngine) -> None:
    value = latency(make_engine, [0, 0.000999, 0.001])

    assert value.reading.stats["p50"] == 0
    assert value.reading.stats["p99"] == pytest.approx(0.001, rel=math.tanh(0.01))


@pytest.mark.parametrize("n", [1, 2, 3, 19, 20, 21, 40, 99, 100, 101, 200])
def test_the_rank_is_the_ceiling_of_the_exact_product(make_engine: MakeEngine, n: int) -> None:
    # Values one and a half buckets apart, so that every rank is told from its neighbours.
    values = [0.01 * math.exp(0.03 * at) for at in range(n)]

    stats = latency(make_engine, [round(v, 6) for v in values]).reading.stats

    for name, percent in (("p50", 50), ("p95", 95), ("p99", 99)):
        exact = values[-(-percent * n // 100) - 1]
        assert stats[name] == pytest.approx(exact, rel=math.tanh(0.01) + 1e-4), name


def test_the_dust_of_doubles_is_no_rank(make_engine: MakeEngine) -> None:
    # 0.55 times 100 is 55.00000000000001 in doubles; the 56th value is the wrong one.
    assert math.ceil(0.55 * 100) == 56
    values = [round(0.01 * math.exp(0.03 * at), 6) for at in range(100)]

    value = latency(make_engine, values, quantile=0.55)

    assert value.reading.value == pytest.approx(values[54], rel=math.tanh(0.01) + 1e-4)
