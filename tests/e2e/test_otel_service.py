"""The example on the stock OpenTelemetry SDK feeds the same KPIs, with its defaults."""

import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.video_tally import VideoTally
from tests.support.collector import Json, RunningCollector, serving
from tests.support.program import Program
from tests.support.servers import free_port

CLIPS = 80
#: What a service that only cuts and uploads can feed.
FED = ("videos_generated", "api_success", "api_attempts", "pipeline_errors", "uploads",
       "quality_score")  # fmt: skip


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    with serving(tmp_path_factory.mktemp("otel")) as running:
        yield running


@pytest.fixture(scope="module")
def tally(
    collector: RunningCollector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VideoTally]:
    """The service's answers, added up; its events have arrived."""
    port = free_port()
    service = Program(
        [
            *(sys.executable, "-m", "uvicorn", "--factory", "--port", str(port)),
            "examples.otel_service.app:create_app",
        ],
        tmp_path_factory.mktemp("service") / "service.log",
        {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
    )
    try:
        service.wait_for(f"http://127.0.0.1:{port}/openapi.json")
        tally = VideoTally()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            for number in range(CLIPS):
                clip = {"channel": f"c{number % 2}", "title": f"Clip {number}"}
                answer = client.post("/shorts", json=clip)
                add(tally, answer.status_code, answer.json())
        service.ask_to_end()
        collector.settled()
        yield tally
    finally:
        service.end()


def add(tally: VideoTally, status: int, answer: Json) -> None:
    """One clip is made and, unless the cut failed, uploaded by the same request."""
    tally.made(status, answer)
    if any(call["worked"] for call in answer["calls"]):
        tally.uploaded.add(answer["video"]["id"])


@pytest.mark.parametrize("key", FED)
def test_a_kpi_is_what_the_answers_say(
    collector: RunningCollector, tally: VideoTally, key: str
) -> None:
    kpi = collector.get(f"/api/v1/kpis/ytempire/{key}")
    expected = tally.expected()[key]

    assert kpi["value"] == pytest.approx(expected.value, rel=1e-9)
    assert (kpi["samples"], kpi["state"]) == (expected.samples, expected.state)


def test_the_run_saw_failures(tally: VideoTally) -> None:
    assert {201, 500} == set(tally.statuses)
    assert 0 < len(tally.uploaded) < len(tally.completed) < CLIPS


def test_what_the_service_cannot_feed_has_no_value(collector: RunningCollector) -> None:
    assert collector.kpis()["ytempire.cost_avoided"]["state"] == "no_data"


def test_every_event_is_stored(collector: RunningCollector, tally: VideoTally) -> None:
    events = collector.get("/api/v1/status")["pipeline"]["events"]
    attempts = sum(len(call["attempts"]) for call in tally.calls)
    expected = len(tally.stages) + 2 * len(tally.completed) + attempts + len(tally.uploaded)

    assert events == {"stored": expected, "received": expected}
