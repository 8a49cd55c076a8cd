"""What admission lets in, the fold can read: one event must never stop everybody's KPIs."""

import json
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from loopgauge_collector.admission.admit import admit
from loopgauge_collector.admission.attributes import Limits
from loopgauge_collector.events import Incoming
from loopgauge_collector.settings import Settings

from tests.engine.harness import MINUTE, Engine, Event, catalog, moment, product, uuid7

NOON = moment("2026-11-18 12:00")
LIMITS = Limits.of(Settings())

MakeEngine = Callable[..., Engine]

_ON = {"event": "job.done", "window": "1h"}
#: Reads the same undeclared and declared attributes in every way that there is.
CATALOG = product(
    {
        "count": {**_ON, "kind": "count", "where": {"a": {"not": "x"}}, "labels": ["a", "b"]},
        "once": {**_ON, "kind": "sum", "value": "n", "once_per": "a", "labels": ["b"]},
        "sum": {**_ON, "kind": "sum", "value": "price"},
        "mean": {**_ON, "kind": "mean", "value": "n", "where": {"b": {"not_in": [1, 2]}}},
        "ratio": {**_ON, "kind": "ratio", "matching": {"n": {"above": 0.5}, "a": True}},
        "slow": {**_ON, "kind": "quantile", "value": "time", "target": {"within": "2m", "share": "95%"}},
        "last": {"event": "job.done", "kind": "latest", "value": "n", "per": ["a", "b"]},
    },
    {
        "job.done": {
            "attributes": {
                "n": {"type": "number"}, "time": {"type": "number", "unit": "min"},
                "price": {"type": "money", "unit": "usd"}, "currency": {},
            }
        }
    },
)  # fmt: skip

_scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
    | st.sampled_from(["\x00", "'", '"', "\\", "é", "😀", "-1e5", "1e-7", "12.5"])
)  # fmt: skip
_attributes = st.dictionaries(
    st.sampled_from(["a", "b", "n", "time", "price", "A", "x.y"]), _scalars
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_attributes, st.booleans()), min_size=1, max_size=30))
@example([({"n": 1e12}, True), ({"n": 999_999_999_999}, True), ({"n": 2_000_000}, True)])
@example([({"price": "999999999999.999999"}, True), ({"price": -(2**63)}, True)])
@example([({"time": 9e8}, True), ({"time": 1e8}, True), ({"a": "'\"\\", "b": "😀"}, False)])
@example([({"n": 1e-320, "a": 1e300, "b": -0.0}, True)])
def test_whatever_is_admitted_is_folded_merged_and_read(
    sent: list[tuple[dict[str, Any], bool]],
) -> None:
    incoming = [
        Incoming(
            index, uuid7(NOON - index, index), "job.done", (NOON - index) * 1000,
            json.dumps(attributes, ensure_ascii=ascii_).encode(),
            "shop", "web",
        )
        for index, (attributes, ascii_) in enumerate(sent)
    ]  # fmt: skip
    admitted = admit(incoming, catalog(CATALOG), NOON, LIMITS)
    assert len(admitted.columns) + len(admitted.rejected) == len(sent)

    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), CATALOG, now=NOON)
        engine.commit_group(admitted)
        engine.fold()
        before = engine.snapshot()
        engine.merge()
        after = engine.snapshot()
        engine.close()
    assert [v.reading for v in after.kpis] == [v.reading for v in before.kpis]
    assert before.by_id["shop.last"].state.value in ("ok", "too_few", "no_data")


@pytest.mark.parametrize("value", [999_999.999999, 1_000_000, 9_223_373, 10**9, 999_999_999_999])
def test_great_numbers_are_summed_to_the_millionth(make_engine: MakeEngine, value: float) -> None:
    engine = make_engine(CATALOG)
    engine.send(*(Event("job.done", NOON - n, {"n": value, "a": f"s{n}"}) for n in range(1, 300)))

    total = engine.value("once").reading
    assert total.samples == 299
    assert Fraction(total.value or 0) == Fraction(float(299 * Fraction(str(value))))
    # Their squares would not fit, so no mean has them; it says so.
    mean = engine.value("mean").reading
    assert mean.samples + mean.ineligible == 299


def test_a_mean_of_great_numbers_keeps_its_spread(make_engine: MakeEngine) -> None:
    engine = make_engine(
        product({"mean": {"kind": "mean", "event": "job.done", "value": "n", "window": "1h"}})
    )
    engine.send(*(Event("job.done", NOON - n, {"n": 10**9 - n % 2}) for n in range(1, 301)))
    engine.merge()

    reading = engine.value("mean").reading
    assert reading.value == 10**9 - 0.5
    low, high = reading.interval or (0, 0)
    assert high - low == pytest.approx(2 * 1.96 * (0.25 / 299) ** 0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "written", "seconds"),
    [
        ("h", 1 / 60, 60), ("h", 0.1, 360), ("h", 1.0000000005, 3600.000002), ("h", 2 / 3, 2400),
        ("h", 87_600, 315_360_000), ("min", 1 / 3, 20), ("min", 10_000_000, 600_000_000),
        ("ms", 0.0004, 0), ("ms", 0.0005, 0.000001), ("us", 0.5, 0.000001), ("s", -0.0000005, -0.000001),
    ],
)  # fmt: skip
def test_a_duration_is_exact_to_the_microsecond_in_any_unit(
    make_engine: MakeEngine, unit: str, written: float, seconds: float
) -> None:
    engine = make_engine(
        product(
            {"time": {"kind": "sum", "event": "job.done", "value": "took", "window": "1h"}},
            {"job.done": {"attributes": {"took": {"type": "number", "unit": unit}}}},
        )
    )
    engine.send(Event("job.done", NOON - MINUTE, {"took": written}))

    assert engine.value("time").reading.value == seconds


def test_one_event_of_many_attributes_that_nobody_reads_is_no_trouble(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(CATALOG)
    engine.send(Event("job.done", NOON - 1, {f"k{n}": "x" * 500 for n in range(60)}))

    assert engine.value("count").reading.ineligible == 1
