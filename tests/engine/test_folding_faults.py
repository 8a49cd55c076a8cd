"""A fault of ours in what is computed from the events never ends the process."""

import time
from collections.abc import Callable, Iterator

import duckdb
import pytest
from loopgauge_collector import folding
from loopgauge_collector.folding import Folding
from loopgauge_collector.writer import EXIT_STORAGE, Writer

from tests.engine.harness import Engine, Event, moment, product

NOON = moment("2026-11-18 12:00")
CATALOG = product({"seen": {"kind": "count", "event": "page.seen", "window": "1h"}})

MakeEngine = Callable[..., Engine]


class Thread:
    """The folding thread over an engine, and what it took for the end of the process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.failures: list[Exception] = []
        self.folding = Folding(
            engine.store, engine.folder, engine.upkeep, engine.settings, 0, self.failures.append
        )

    def commit(self) -> None:
        """An event, told to the thread."""
        self.engine.commit(Event("page.seen", NOON))
        self.folding.committed(self.engine.committer.committed)


@pytest.fixture
def thread(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Thread]:
    monkeypatch.setattr(folding, "_MERGE_EVERY", 0.01)
    thread = Thread(make_engine(CATALOG, fold_interval_seconds=0.01, min_free_mib=1))
    yield thread
    assert thread.folding.stop()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_merge_that_fails_leaves_the_folds_going(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def fails() -> None:
        tried.append(1)
        raise duckdb.OutOfMemoryException("a statement that asked for too much")

    monkeypatch.setattr(thread.engine.folder, "merge", fails)
    thread.folding.start()
    thread.commit()
    until(lambda: bool(thread.failures) or (len(tried) > 2 and thread.folding.lag == 0))

    assert thread.failures == []


def test_a_fold_that_fails_on_the_way_out_is_left_to_the_next_start(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_committed: int) -> bool:
        raise duckdb.ConversionException("a fault of ours in a definition")

    monkeypatch.setattr(thread.engine.folder, "fold", fails)
    thread.commit()
    thread.folding.start()
    assert thread.folding.stop()

    assert thread.failures == []


def test_a_disk_that_fails_ends_the_process(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_committed: int) -> bool:
        raise duckdb.IOException("no space left on device")

    monkeypatch.setattr(thread.engine.folder, "fold", fails)
    thread.commit()
    thread.folding.start()
    until(lambda: bool(thread.failures))


def test_when_both_threads_meet_the_fault_it_is_told_and_acted_on_once(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine, codes = make_engine(CATALOG), list[int]()
    writer = Writer(
        engine.store, engine.committer, engine.settings, lambda _number: None, lambda: NOON,
        codes.append,
    )  # fmt: skip

    writer.fail(duckdb.FatalException("could not write"))
    writer.fail(duckdb.FatalException("invalidated because of a previous fatal error"))

    assert codes == [EXIT_STORAGE]
    assert [record.message.count("could not write") for record in caplog.records] == [1]
