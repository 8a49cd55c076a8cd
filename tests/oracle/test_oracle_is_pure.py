"""R1 of the oracle itself: a value follows from the set of events before E, and from nothing else."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.harness import catalog
from tests.oracle.engine import read_file
from tests.oracle.oracle import Oracle
from tests.oracle.streams import FILES, products, streams


@pytest.mark.parametrize("kind", sorted(FILES))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_an_answer_depends_on_no_order_and_on_nothing_later(kind: str, data: st.DataObject) -> None:
    rows, stream = catalog(*map(read_file, products(kind))), data.draw(streams(kind))
    whole = Oracle(stream.events, rows)
    shuffled = random.Random(1).sample(stream.events, len(stream.events))
    for kpi in rows.kpis():
        for at in (stream.now, *stream.moments):
            answer = whole.answer(kpi.product, kpi.key, at, stream.now)
            assert answer == Oracle(shuffled, rows).answer(kpi.product, kpi.key, at, stream.now)
            # A level is that of a moment, which may be E itself.
            known = [event for event in stream.events if event.time <= answer.end]
            then = Oracle(known, rows).answer(kpi.product, kpi.key, at, stream.now)
            for each in (answer, then):
                each.maybe_pending, each.breakdowns = 0, {}
            assert answer == then
