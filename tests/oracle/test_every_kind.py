"""Every kind of the engine against the oracle: any stream, any order, any moment, one answer.

`LOOPGAUGE_ORACLE_EXAMPLES=2000 pytest tests/oracle/test_every_kind.py -k duration` looks long;
with `LOOPGAUGE_ORACLE_SHRINK=1` it also makes what it finds small.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.loader import loads
from loopgauge_catalog.values import KpiValue

from tests.engine.harness import Engine, catalog
from tests.oracle.comparing import (
    assert_agrees,
    assert_trend_agrees,
    assert_windows_agree,
    oracle_of,
    plain,
)
from tests.oracle.engine import read_file
from tests.oracle.events import Event
from tests.oracle.streams import FILES, Stream, products, streams

#: Label values that get a series: fewer than streams have, so that some share `__other__`.
CAP = 2
LOOK = os.environ.get("LOOPGAUGE_ORACLE_EXAMPLES")
SHRINK = "LOOPGAUGE_ORACLE_SHRINK" in os.environ


def play(engine: Engine, stream: Stream) -> None:
    """Send the stream, in its order, with its commits, folds, merges and upkeep."""
    waiting: list[Event] = []
    for event, then in zip(stream.events, stream.then, strict=True):
        waiting.append(event)
        if then >= 1:
            engine.commit(*waiting)
            waiting = []
        if then >= 2:
            engine.fold()
        if then >= 3:
            engine.merge()
        if then >= 4:
            engine.keep_up()
    engine.commit(*waiting)
    engine.fold()


def read(
    engine: Engine, rows: Catalog, moments: Sequence[int]
) -> dict[tuple[str, int | None], KpiValue]:
    """Every KPI now (None), by the evaluator, and at the moments, by history."""
    found: dict[tuple[str, int | None], KpiValue] = {
        (value.kpi.id, None): value for value in engine.snapshot().kpis
    }
    for kpi in rows.kpis():
        values = engine.history(kpi.key, moments, kpi.product)
        found |= {(kpi.id, at): value for at, value in zip(moments, values, strict=True)}
    return found


@pytest.mark.parametrize("kind", sorted(FILES))
def test_the_catalogs_of_the_oracle_are_right(kind: str) -> None:
    for text in products(kind):
        assert any(kpi.kind == kind for kpi in loads(text).kpis())


@pytest.mark.parametrize("kind", sorted(FILES))
@settings(
    max_examples=int(LOOK or 3),
    # The same few for everybody; who looks long looks at others.
    derandomize=LOOK is None,
    deadline=None,  # each example opens a real store
    # Shrinking opens hundreds of stores, so it is asked for.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if SHRINK else [])],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_engine_and_oracle_agree_at_any_moment_and_a_rebuild_changes_no_bit(
    kind: str, data: st.DataObject
) -> None:
    files = [read_file(text) for text in products(kind)]
    rows = catalog(*files)
    stream = data.draw(streams(kind))
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(
            Path(folder), *files, now=stream.now, label_cap=CAP, chunk=stream.chunk,
            events_keep_days=400,
        )  # fmt: skip
        try:
            play(engine, stream)
            moments = (stream.now, *stream.moments)
            found = read(engine, rows, moments)
            oracle = oracle_of(engine, rows, stream.events, CAP)
            for (kpi, at), value in found.items():
                moment = stream.now if at is None else at
                product, key = kpi.split(".")
                assert_agrees(value, oracle.answer(product, key, moment, stream.now))
                if at is None:
                    assert_windows_agree(value, oracle, moment, stream.now)
                    assert plain(value) == plain(found[kpi, stream.now])
            for value in engine.compare().kpis:
                assert_trend_agrees(value, oracle, stream.now)
            before = {asked: plain(value) for asked, value in found.items()}

            engine.rebuild()
            assert {a: plain(v) for a, v in read(engine, rows, moments).items()} == before
        finally:
            engine.close()
