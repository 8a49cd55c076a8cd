"""Events through the application's own OpenTelemetry SDK."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from loopgauge import Emitter
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    InMemoryLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.resources import Resource

if TYPE_CHECKING:
    from tests.instrumentation.conftest import StandIn

Provided = tuple[LoggerProvider, InMemoryLogRecordExporter]


@pytest.fixture
def in_memory() -> Iterator[Provided]:
    """A provider whose records stay in memory, as soon as they are emitted."""
    provider = LoggerProvider(resource=Resource({"service.name": "other", "host.name": "h1"}))
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK's
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


@pytest.fixture
def over_http(stand_in: StandIn) -> Iterator[LoggerProvider]:
    """A provider as applications have it: batches, protobuf, HTTP."""
    provider = LoggerProvider(resource=Resource({"service.name": "other", "host.name": "h1"}))
    exporter = OTLPLogExporter(endpoint=f"{stand_in.endpoint}/v1/logs")
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    yield provider
    provider.shutdown()


def send_everything(emit: Emitter) -> None:
    day = datetime(2026, 3, 1, 12, tzinfo=UTC)
    emit.event(
        "campaign.created",
        {"campaign.id": "c1", "seats": 3, "share": 0.25, "trial": True, "note": "né", "none": None},
        time=day,
    )
    emit.event("Wrong")
    emit.cost(provider="acme", operation="render", quantity=2, unit="second")
    assert emit.flush()


def test_the_same_events_leave_through_the_sdk_as_through_our_own_transport(
    stand_in: StandIn, make_emitter: Callable[..., Emitter], over_http: LoggerProvider
) -> None:
    own = make_emitter(environment="staging")
    send_everything(own)
    ours = list(stand_in.taken)
    bridged = make_emitter(environment="staging", logger_provider=over_http)
    send_everything(bridged)
    theirs = stand_in.taken[len(ours) :]

    assert [(e.name, e.attributes, e.sequence) for e in ours] == [
        (e.name, e.attributes, e.sequence) for e in theirs
    ]
    assert ours[0].nanoseconds == theirs[0].nanoseconds
    # The emitter's product and service hold; what else the application says of itself stays.
    assert {**ours[0].resource, "host.name": "h1"} == theirs[0].resource
    assert len({event.id for event in ours + theirs}) == 4
    assert len({event.producer for event in ours + theirs}) == 2
    assert own.stats().dropped == bridged.stats().dropped == {"invalid": 1}
    assert own.stats().sent == bridged.stats().sent == 2


def test_the_heartbeat_goes_through_the_sdk_too(
    make_emitter: Callable[..., Emitter], in_memory: Provided
) -> None:
    provider, exporter = in_memory
    emit = make_emitter(logger_provider=provider, heartbeat_interval=0.02)
    emit.event("step.done")
    emit.event("Wrong")

    def reports() -> list[dict[str, object]]:
        return [
            dict(item.log_record.attributes or {})
            for item in exporter.get_finished_logs()
            if item.log_record.event_name == "loop.producer_reported"
        ]

    while len(reports()) < 2:
        pass
    emit.close()

    last = reports()[-1]
    assert "loopgauge.sequence" not in last
    assert {key: value for key, value in last.items() if key.startswith("loop.")} == {
        "loop.sequence.high": 2,
        "loop.events.sent": 1,
        "loop.events.dropped": 1,
        "loop.dropped.invalid": 1,
    }
    count = len(reports())
    emit.event("step.done")
    assert emit.stats().dropped == {"exit": 1, "invalid": 1}
    assert len(reports()) == count


def test_no_thread_of_ours_sends(make_emitter: Callable[..., Emitter], in_memory: Provided) -> None:
    provider, exporter = in_memory
    emit = make_emitter(logger_provider=provider)
    emit.event("step.done")
    # Already there, in the call: nothing of ours stands between.
    (item,) = exporter.get_finished_logs()
    assert item.log_record.event_name == "step.done"
    assert emit.flush()


def test_many_threads_are_numbered_without_a_gap(
    make_emitter: Callable[..., Emitter], in_memory: Provided
) -> None:
    provider, exporter = in_memory
    emit = make_emitter(logger_provider=provider)

    def send() -> None:
        for _ in range(200):
            emit.event("step.done")

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [
        (item.log_record.attributes or {})["loopgauge.sequence"]
        for item in exporter.get_finished_logs()
    ]
    assert sorted(numbers, key=str) == sorted(range(1, 801), key=str)
    assert emit.stats().sent == 800


def test_a_processor_that_raises_does_not_reach_the_host(
    make_emitter: Callable[..., Emitter], in_memory: Provided, hidden_faults: None
) -> None:
    class Broken(SimpleLogRecordProcessor):
        def on_emit(self, log_record: object) -> None:
            raise RuntimeError("broken")

    provider, exporter = in_memory
    provider.add_log_record_processor(Broken(exporter))
    emit = make_emitter(logger_provider=provider)
    emit.event("step.done")
    assert emit.stats().dropped == {"fault": 1}


def test_a_provider_without_an_sdk_is_no_error_but_is_told(
    make_emitter: Callable[..., Emitter], caplog: pytest.LogCaptureFixture
) -> None:
    emit = make_emitter(logger_provider=NoOpLoggerProvider())
    emit.event("step.done")
    assert not emit.flush()
    assert "set the SDK up before the Emitter" in caplog.text


def test_without_the_extra_the_error_names_the_command() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
            import sys
            sys.modules["opentelemetry"] = None
            from loopgauge import Emitter
            try:
                Emitter(product="campaigns", service="api", logger_provider=object())
            except ImportError as error:
                print(error)
            """),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pip install 'loopgauge[otel]'" in done.stdout


def test_a_program_that_ends_reports_before_its_sdk_shuts_down(stand_in: StandIn) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
            import os, sys
            from loopgauge import Emitter
            from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
            from opentelemetry.sdk._logs import LoggerProvider
            from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
            provider = LoggerProvider()
            exporter = OTLPLogExporter(endpoint=sys.argv[1] + "/v1/logs")
            provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
            emit = Emitter(product="campaigns", service="job", logger_provider=provider)
            emit.event("step.done", {"who": "parent"})
            if os.fork() == 0:
                emit.event("step.done", {"who": "child"})
                sys.exit(0)
            os.wait()
            """),
            stand_in.endpoint,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(event.attributes["who"] for event in stand_in.taken) == ["child", "parent"]
    assert {event.sequence for event in stand_in.taken} == {1}
    assert {event.producer for event in stand_in.taken} == {
        report.producer for report in stand_in.reports
    }
    assert len(stand_in.reports) == 2
