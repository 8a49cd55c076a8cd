"""One KPI and its state, for the tests of the decision table."""

from collections.abc import Callable
from typing import Any

from loopgauge_catalog.states import State

from tests.engine.harness import Engine, product

MakeEngine = Callable[..., Engine]

COUNT = {"kind": "count", "event": "page.seen", "window": "1h"}
RATIO = {"kind": "ratio", "event": "page.seen", "window": "1h", "matching": {"ok": False}}
MEAN = {"kind": "mean", "event": "page.seen", "window": "1h", "value": "score"}
SUM = {"kind": "sum", "event": "page.seen", "window": "1h", "value": "score"}
BATCH = {"page.seen": {"source": "batch"}}


def one(make_engine: MakeEngine, kpi: dict[str, Any], **more: Any) -> Engine:
    """An engine with one KPI."""
    return make_engine(product({"row": kpi}, more.pop("events", None)), **more)


def seen(engine: Engine, at: int | None = None) -> tuple[State, bool, float | None]:
    """State, sure and value; a look back at this moment has to find the same."""
    present = engine.value("row") if at is None else engine.value_at("row", at)
    if at is None:
        past = engine.value_at("row", engine.now)
        assert (past.state, past.sure, past.reading) == (
            present.state, present.sure, present.reading,
        )  # fmt: skip
    return present.state, present.sure, present.reading.value
