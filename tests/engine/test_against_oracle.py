"""The engine against a brute-force oracle: any stream, any order, any moment, one answer."""

import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from loopgauge_catalog.values import KpiValue, Reading

from tests.engine.harness import Engine, as_datetime
from tests.engine.oracle import Answer, Oracle
from tests.engine.streams import PRODUCTS, Stream, streams

#: Label values that get a series: fewer than streams have, so that some share `__other__`.
CAP = 3
ALL = [
    (raw["product"], key) for raw in PRODUCTS for key in raw["tables"]["table"]["kpis"]
]


def close(found: float | None, expected: Any) -> bool:
    """Equal up to the last digits of a double."""
    if found is None or expected is None:
        return found is None and expected is None
    return math.isclose(found, float(expected), rel_tol=1e-11, abs_tol=1e-12)


def differences(reading: Reading, answer: Answer) -> list[str]:
    """Where a reading is not what the oracle says."""
    pairs = {
        "end": (reading.end, as_datetime(answer.end)),
        "samples": (reading.samples, answer.samples),
        "ineligible": (reading.ineligible, answer.ineligible),
        "stats": (set(reading.stats), set(answer.stats)),
        "start": (reading.start, None if answer.start is None else as_datetime(answer.start)),
        "interval": (reading.interval is None, answer.interval is None),
    }
    found = [f"{name}: {a} is not {b}" for name, (a, b) in pairs.items() if a != b]
    numbers = {
        "value": (reading.value, answer.value),
        "share": (reading.share, answer.share),
        **{name: (reading.stats.get(name), value) for name, value in answer.stats.items()},
    }
    if reading.interval is not None and answer.interval is not None:
        for side, a, b in zip(("low", "high"), reading.interval, answer.interval, strict=True):
            # A difference of two near numbers loses digits; a mean's interval is shown only.
            if not math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7):
                found.append(f"{side}: {a} is not {b}")
    found += [f"{name}: {a} is not {b}" for name, (a, b) in numbers.items() if not close(a, b)]
    return found


def assert_agrees(value: KpiValue, answer: Answer) -> None:
    """The engine's value is what the oracle says, breakdowns included."""
    found = differences(value.reading, answer)
    if (value.state.value, value.sure) != (answer.state, answer.sure):
        found.append(f"state: {value.state, value.sure} is not {answer.state, answer.sure}")
    if {k: set(v) for k, v in value.breakdowns.items()} != {
        k: set(v) for k, v in answer.breakdowns.items()
    }:
        found.append(f"breakdowns: {dict(value.breakdowns)} is not {answer.breakdowns}")
    else:
        for label, parts in answer.breakdowns.items():
            for name, part in parts.items():
                found += [
                    f"{label}={name}: {each}"
                    for each in differences(value.breakdowns[label][name], part)
                ]
    assert not found, f"{value.kpi.id}: {'; '.join(found)}"


def admitted(engine: Engine) -> dict[tuple[str, str], set[str]]:
    """The stored registry: which label values have a series of their own."""
    registry: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kpi, label, value in engine.rows(
        "select kpi, label, value from rules join series using (rule) where label <> ''"
    ):
        registry[kpi, label].add(value)
    assert all(len(values - {"__other__"}) <= CAP for values in registry.values())
    return registry


@pytest.fixture(scope="module")
def folders() -> Iterator[Path]:
    """Where the stores of all examples stand."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def play(engine: Engine, stream: Stream) -> None:
    """Send the stream, in its order, with its commits, folds and merges; look now and then."""
    waiting, sent = [], []
    for number, (event, then) in enumerate(zip(stream.events, stream.then, strict=True), start=1):
        waiting.append(event)
        if then >= 1:
            engine.commit(*waiting)
            sent += waiting
            waiting = []
        if then >= 2:
            engine.fold()
        if then >= 3:
            engine.merge()
        if number in stream.looks:
            engine.fold()
            engine.now = stream.now - 90_000_000 * (len(stream.events) - number)
            compare_all(engine, sent, engine.now)
    engine.commit(*waiting)
    engine.fold()
    engine.now = stream.now


def compare_all(engine: Engine, sent: list[Any], *moments: int) -> dict[Any, Any]:
    """Every KPI now, by the evaluator, and at the moments, by history; returns all values."""
    oracle = Oracle({event.id: event for event in sent}.values(), PRODUCTS, admitted(engine))
    found: dict[Any, Any] = {}
    snapshot = engine.snapshot()
    for product, key in ALL:
        value = snapshot.by_id[f"{product}.{key}"]
        assert_agrees(value, oracle.answer(product, key, engine.now, engine.now))
        found[product, key] = plain(value)
        for at in moments:
            past = engine.value_at(key, at, product)
            assert_agrees(past, oracle.answer(product, key, at, engine.now))
            found[product, key, at] = plain(past)
            if at == engine.now:
                assert found[product, key, at] == found[product, key]
    return found


def plain(value: KpiValue) -> Any:
    """All that a rebuild, or the other way to read, must reproduce to the bit."""
    return (value.state, value.sure, value.reading, value.breakdowns, value.last_event)


@given(stream=streams())
def test_engine_and_oracle_agree_at_any_moment_and_a_rebuild_changes_nothing(
    folders: Path, stream: Stream
) -> None:
    with tempfile.TemporaryDirectory(dir=folders) as folder:
        engine = Engine(
            Path(folder), *PRODUCTS, now=stream.now, label_cap=CAP, chunk=stream.chunk
        )
        try:
            play(engine, stream)
            moments = (stream.now, *stream.moments)
            found = compare_all(engine, list(stream.events), *moments)

            engine.rebuild()
            assert compare_all(engine, list(stream.events), *moments) == found

            engine.close()
            engine = Engine(
                Path(folder), *PRODUCTS, now=stream.now, label_cap=CAP, chunk=stream.chunk
            )
            assert compare_all(engine, list(stream.events), *moments) == found
        finally:
            engine.close()
