"""The engine against a brute-force oracle: any stream, any order, any moment, one answer.

`LOOPGAUGE_ORACLE_EXAMPLES=5000 pytest tests/engine/test_against_oracle.py` for a long look.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from loopgauge_catalog.values import KpiValue

from tests.engine.harness import Engine, Event, catalog
from tests.engine.streams import PRODUCTS, Stream, streams
from tests.oracle.comparing import assert_agrees, oracle_of, plain

#: Label values that get a series: fewer than streams have, so that some share `__other__`.
CAP = 2
ROWS = catalog(*PRODUCTS)
ALL = [(raw["product"], key) for raw in PRODUCTS for key in raw["tables"]["main"]["kpis"]]


#: Product, key, and the moment asked about; None is the present, read by the evaluator.
Reader = tuple[str, str, int | None]


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
    oracle = oracle_of(engine, ROWS, sent, CAP)
    for (owner, key, at), value in found.items():
        moment = engine.now if at is None else at
        assert_agrees(value, oracle.answer(owner, key, moment, engine.now))


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
