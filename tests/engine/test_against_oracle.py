"""The engine against a brute-force oracle: any stream, any order, any moment, one answer.

`LOOPGAUGE_ORACLE_EXAMPLES=5000 pytest tests/engine/test_against_oracle.py` for a long look.
"""

import math
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from loopgauge_catalog.values import KpiValue, Reading

from tests.engine.harness import Engine, Event, as_datetime
from tests.engine.oracle import Oracle
from tests.engine.oracle_facts import Answer
from tests.engine.streams import PRODUCTS, Stream, streams

#: Label values that get a series: fewer than streams have, so that some share `__other__`.
CAP = 2
ALL = [(raw["product"], key) for raw in PRODUCTS for key in raw["tables"]["main"]["kpis"]]


#: Product, key, and the moment asked about; None is the present, read by the evaluator.
Reader = tuple[str, str, int | None]


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
            agree(engine, sent, read(engine, ()))
    engine.commit(*waiting)
    engine.fold()
    engine.now = stream.now


def read(engine: Engine, moments: Sequence[int]) -> dict[Reader, KpiValue]:
    """Every KPI now, by the evaluator, and at the moments, by history."""
    snapshot = engine.snapshot()
    found: dict[Reader, KpiValue] = {(p, key, None): snapshot.by_id[f"{p}.{key}"] for p, key in ALL}
    for p, key in ALL if moments else ():
        values = engine.history(key, moments, p)
        found |= {(p, key, at): value for at, value in zip(moments, values, strict=True)}
    return found


def agree(engine: Engine, sent: Sequence[Event], found: Mapping[Reader, KpiValue]) -> None:
    """The oracle, asked the same about the same events, says the same."""
    oracle = Oracle({event.id: event for event in sent}.values(), PRODUCTS, admitted(engine))
    for (owner, key, at), value in found.items():
        moment = engine.now if at is None else at
        assert_agrees(value, oracle.answer(owner, key, moment, engine.now))


def plain(value: KpiValue) -> Any:
    """All that a rebuild, or the other way to read, must reproduce to the bit."""
    return (value.state, value.sure, value.reading, value.breakdowns, value.last_event)


@settings(
    max_examples=int(os.environ.get("LOOPGAUGE_ORACLE_EXAMPLES", "25")),
    deadline=None,  # each example opens real stores
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stream=streams())
def test_engine_and_oracle_agree_and_neither_rebuild_nor_restart_changes_a_bit(
    folders: Path, stream: Stream
) -> None:
    with tempfile.TemporaryDirectory(dir=folders) as folder:

        def opened() -> Engine:
            return Engine(
                Path(folder), *PRODUCTS, now=stream.now, label_cap=CAP, chunk=stream.chunk
            )

        engine = opened()
        try:
            play(engine, stream)
            moments = (stream.now, *stream.moments)
            found = read(engine, moments)
            agree(engine, stream.events, found)
            for owner, key in ALL:
                assert plain(found[owner, key, None]) == plain(found[owner, key, stream.now])
            before = {reader: plain(value) for reader, value in found.items()}

            if stream.ends == "rebuild":
                engine.rebuild()
            else:
                engine.close()
                engine = opened()
            assert {k: plain(v) for k, v in read(engine, moments).items()} == before
        finally:
            engine.close()
