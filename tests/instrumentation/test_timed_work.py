"""Timing of work that ends well, badly, or never where one expects it."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

import pytest
from loopgauge import Emitter
from loopgauge.testing import CapturedEvent, capture_events


@pytest.fixture
def events(emit: Emitter) -> Iterator[list[CapturedEvent]]:
    with capture_events(emit) as captured:
        yield captured


def untimed(event: CapturedEvent) -> dict[str, object]:
    """The attributes without the duration, which must be one."""
    rest: dict[str, object] = dict(event.attributes)
    duration = rest.pop("duration")
    assert isinstance(duration, float)
    assert duration >= 0
    return rest


def test_a_block_emits_one_event_with_duration_and_outcome(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    before = perf_counter()
    with emit.timed("render.finished", {"video.id": "v1"}):
        inside = perf_counter()
        while perf_counter() == inside:
            pass
        done = perf_counter()
    after = perf_counter()
    (event,) = events
    assert event.name == "render.finished"
    assert done - inside <= event.attributes["duration"] <= after - before  # type: ignore[operator]
    assert untimed(event) == {"video.id": "v1", "outcome": "ok"}


def test_an_exception_passes_unchanged_and_is_named(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    class Failed(Exception):
        pass

    error = Failed("secret")
    with pytest.raises(Failed) as raised, emit.timed("render.finished"):
        raise error
    assert raised.value is error
    assert untimed(events[0]) == {
        "outcome": "error",
        "error.type": f"{__name__}.{Failed.__qualname__}",
    }
    with pytest.raises(ZeroDivisionError), emit.timed("render.finished"):
        _ = 1 / 0
    assert untimed(events[1]) == {"outcome": "error", "error.type": "ZeroDivisionError"}


def test_the_body_adds_attributes_and_may_say_that_it_failed(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    with emit.timed("render.finished", {"video.id": "v1", "stage": "cut"}) as timing:
        timing.set_attribute("stage", "upload")
        more: dict[str, str | int | float | bool | None] = {"frames": 24, "outcome": "error"}
        timing.set_attributes(more)
        more["frames"] = 0
    assert untimed(events[0]) == {
        "video.id": "v1",
        "stage": "upload",
        "frames": 24,
        "outcome": "error",
    }


def test_an_exception_outweighs_what_the_body_said(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    def work() -> None:
        with emit.timed("render.finished") as timing:
            timing.set_attribute("outcome", "ok")
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert untimed(events[0]) == {"outcome": "error", "error.type": "KeyError"}


def test_a_decorated_function_behaves_as_before_and_emits_per_call(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    @emit.timed("sum.made", {"kind": "plain"})
    def add(first: int, second: int = 2) -> int:
        """Adds."""
        if first < 0:
            raise ValueError("below 0")
        return first + second

    assert (add(1), add(1, second=5), add.__name__, add.__doc__) == (3, 6, "add", "Adds.")
    with pytest.raises(ValueError, match="below 0"):
        add(-1)
    assert [untimed(event) for event in events] == [
        {"kind": "plain", "outcome": "ok"},
        {"kind": "plain", "outcome": "ok"},
        {"kind": "plain", "outcome": "error", "error.type": "ValueError"},
    ]


def test_calls_of_one_decorated_function_may_overlap(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    @emit.timed("depth.reached")
    def descend(depth: int) -> None:
        if depth:
            descend(depth - 1)

    descend(3)
    durations = [event.attributes["duration"] for event in events]
    assert durations == sorted(durations, key=float)  # the innermost ends first
    assert len(durations) == 4


def test_methods_and_partials_can_be_measured(emit: Emitter, events: list[CapturedEvent]) -> None:
    class Job:
        @emit.timed("job.done")
        def run(self) -> "Job":
            return self

    job = Job()
    assert job.run() is job
    double = emit.timed("sum.made")(functools.partial(pow, 2))
    assert double(3) == 8
    assert [event.name for event in events] == ["job.done", "sum.made"]


def test_a_coroutine_function_is_measured_until_it_ends(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    @emit.timed("call.done")
    async def call(release: asyncio.Event) -> str:
        await release.wait()
        return "answer"

    async def main() -> str:
        release = asyncio.Event()
        task = asyncio.create_task(call(release))
        await asyncio.sleep(0)
        assert not events
        release.set()
        return await task

    assert inspect.iscoroutinefunction(call)
    assert asyncio.run(main()) == "answer"
    assert untimed(events[0]) == {"outcome": "ok"}


def test_async_with_measures_its_body_and_a_cancelled_one_is_no_success(
    emit: Emitter, events: list[CapturedEvent]
) -> None:
    async def work() -> None:
        async with emit.timed("call.done") as timing:
            timing.set_attribute("provider", "acme")
            await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert untimed(events[0]) == {
        "provider": "acme",
        "outcome": "error",
        "error.type": "asyncio.exceptions.CancelledError",
    }


def test_a_generator_is_left_alone_and_the_log_says_what_to_write(
    emit: Emitter, caplog: pytest.LogCaptureFixture
) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def more() -> AsyncIterator[int]:
        yield 1

    assert emit.timed("step.done")(numbers) is numbers
    assert emit.timed("step.done")(more) is more
    (record,) = caplog.records
    assert "does not measure generators" in record.getMessage()
    assert "test_timed_work.py" in record.getMessage()


def test_wrong_arguments_do_not_disturb_the_work(
    emit: Emitter, caplog: pytest.LogCaptureFixture
) -> None:
    with emit.timed("Wrong") as timing:
        timing.set_attribute([], 1)  # type: ignore[arg-type]  # that is what is tested
    with emit.timed("a.b", "text") as timing:  # type: ignore[arg-type]
        timing.set_attributes(7)  # type: ignore[arg-type]
    with emit.timed("a.b") as timing:
        timing.set_attribute("x", [])  # type: ignore[arg-type]
    assert emit.stats().dropped == {"invalid": 3}
    assert len(caplog.records) == 1
