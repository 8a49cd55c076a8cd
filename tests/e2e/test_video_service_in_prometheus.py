"""The whole way on real input: a service under load, a collector, a Prometheus that scrapes it.

The KPIs that Prometheus has must equal the test's own tally of the service's HTTP answers.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from loopgauge_catalog.loader import samples

from tests.e2e.video_tally import Expected, VideoTally
from tests.support.collector import Json, RunningCollector, serving
from tests.support.program import Program
from tests.support.prometheus import Prometheus, scraping
from tests.support.servers import free_port, require_program

#: Kinds that read one event at a time; those of subjects are not fed by this service alone.
SIMPLE_KINDS = {"count", "sum", "rate", "mean", "ratio", "quantile", "latest"}
#: The collector feeds it, about all that comes in; no answer of the service tells of it.
OF_THE_COLLECTOR = {"rejected_events"}
SIMPLE_KPIS = [
    kpi.key
    for kpi in samples().kpis()
    if kpi.product == "ytempire" and kpi.kind in SIMPLE_KINDS and kpi.key not in OF_THE_COLLECTOR
]
VIDEOS = 150
AT_ONCE = 8


@dataclass
class Run:
    """What one run of the service left behind.

    Attributes:
        expected: KPIs by key, from the HTTP answers.
        statuses: every HTTP status that was answered.
        at: when Prometheus scraped it, in seconds since the epoch.
        shown: what the API shows of the Snapshot that Prometheus had then, by KPI.
    """

    collector: RunningCollector
    prometheus: Prometheus
    expected: dict[str, Expected]
    statuses: list[int]
    at: float
    shown: dict[str, Json]

    def number(self, expression: str) -> float | None:
        """One series in Prometheus at the moment of the run."""
        return self.prometheus.number(expression, self.at)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Drive the service once; every test looks at the same numbers."""
    require_program("prometheus")
    folder = tmp_path_factory.mktemp("video")
    with contextlib.ExitStack() as stack:
        collector = stack.enter_context(serving(folder))
        prometheus = stack.enter_context(scraping(folder, collector.address))
        port = free_port()
        service = Program(
            [
                *(sys.executable, "-m", "uvicorn", "--factory", "--port", str(port)),
                "examples.video_service.app:create_app",
            ],
            folder / "service.log",
            {"LOOPGAUGE_ENDPOINT": collector.url, "VIDEO_SERVICE_SEED": "11"},
        )
        stack.callback(service.end)
        service.wait_for(f"http://127.0.0.1:{port}/openapi.json")

        tally = asyncio.run(drive(f"http://127.0.0.1:{port}"))
        report_coverage(collector, tally)
        service.ask_to_end()
        assert "Finished server process" in service.tail(), service.tail()

        at, shown = scraped(collector, prometheus)
        yield Run(collector, prometheus, tally.expected(), tally.statuses, at, shown)


async def drive(url: str) -> VideoTally:
    """Requests as users make them: many at once, some twice, some wrong."""
    tally = VideoTally()
    gate = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def post(path: str, body: Json | None = None) -> tuple[int, Json]:
            async with gate:
                answer = await client.post(path, json=body)
            return answer.status_code, answer.json()

        async def make(number: int) -> None:
            status, answer = await post(
                "/videos",
                {
                    "channel": f"channel-{number % 3}",
                    # Every tenth request repeats the title before: the same video once more.
                    "title": f"Video {number - (number % 10 == 9) * 3}",
                    "topic": f"topic-{number % 40}",
                },
            )
            tally.made(status, answer)
            for _ in range(2 if number % 7 == 0 else 1):
                tally.upload(*await post(f"/videos/{answer['video']['id']}/upload"))
            async with gate:
                shown = await client.get(f"/videos/{answer['video']['id']}")
            tally.statuses.append(shown.status_code)

        await asyncio.gather(*(make(number) for number in range(VIDEOS)))
        tally.work(*await post("/videos", {"channel": "No Such Channel!", "title": ""}))
        tally.work(*await post(f"/videos/{uuid4()}/upload"))
        for _ in range(5):
            tally.statistics(*await post("/channels/statistics"))
    return tally


def report_coverage(collector: RunningCollector, tally: VideoTally) -> None:
    """What the product's CI sends, as JSON; an older report must not win."""
    now = datetime.now(UTC)
    for code, coverage, seconds_ago in (
        ("all", 0.5, 60), ("all", 0.8125, 1), ("backend", 0.79, 1),
    ):  # fmt: skip
        tally.coverage[code] = coverage
        event = {
            "id": str(uuid4()),
            "name": "ci.coverage_reported",
            "time": datetime.fromtimestamp(now.timestamp() - seconds_ago, UTC).isoformat(),
            "product": "ytempire",
            "service": "ci",
            "attributes": {"coverage": coverage, "coverage.set": code},
        }
        assert collector.send([event])["accepted"] == 1


def scraped(collector: RunningCollector, prometheus: Prometheus) -> tuple[float, dict[str, Json]]:
    """Wait for a scrape of a Snapshot with everything in it; its time, and the Snapshot."""
    wanted = collector.settled()
    found: list[tuple[float, float]] = []

    def has_it() -> bool:
        now = time.time()
        number = prometheus.number("loopgauge_snapshot_number", now)
        taken = prometheus.number("timestamp(loopgauge_snapshot_number)", now)
        if number is not None and taken is not None and number >= wanted:
            found.append((taken, number))
        return bool(found)

    prometheus.program.wait_until(has_it, f"Snapshot {wanted} in Prometheus")
    at, number = found[0]
    kpis = collector.get(f"/api/v1/kpis?product=ytempire&snapshot={number:.0f}")["kpis"]
    return at, {kpi["id"].removeprefix("ytempire."): kpi for kpi in kpis}


def test_the_run_saw_what_can_happen(run: Run) -> None:
    """Without failures, repeats and savings the comparison would prove little."""
    assert {200, 201, 404, 409, 422, 500, 502} <= set(run.statuses)
    for key in ("api_success", "api_attempts", "pipeline_errors", "cache_hits", "fallbacks"):
        assert 0 < run.expected[key].value < 1, key
    assert 0 < run.expected["uploads"].value < run.expected["videos_generated"].value < VIDEOS
    assert run.expected["cost_avoided"].value > 0
    assert {"ok", "breach"} <= {expected.state for expected in run.expected.values()}


def test_the_tally_has_every_kpi_of_a_simple_kind(run: Run) -> None:
    assert sorted(SIMPLE_KPIS) == sorted(run.expected)


@pytest.mark.parametrize("key", SIMPLE_KPIS)
def test_prometheus_has_the_tallied_value(run: Run, key: str) -> None:
    expected = run.expected[key]

    assert run.number(expected.metric) == pytest.approx(expected.value, rel=1e-9)
    samples = f'loopgauge_kpi_samples{{kpi="ytempire.{key}"}}'
    assert run.number(samples) == expected.samples


@pytest.mark.parametrize("key", SIMPLE_KPIS)
def test_prometheus_has_the_tallied_breakdowns(run: Run, key: str) -> None:
    parts = run.expected[key].parts

    for metric, value in parts.items():
        assert run.number(metric) == pytest.approx(value, rel=1e-9), metric
    # And no others: what was not seen has no series.
    series = run.prometheus.query(f'{{__name__=~"ytempire_{key}_by_.+"}}', run.at)
    assert len(series) == len(parts)


@pytest.mark.parametrize("key", SIMPLE_KPIS)
def test_prometheus_has_the_state_that_the_tally_means(run: Run, key: str) -> None:
    active = run.prometheus.query(f'loopgauge_kpi_state{{kpi="ytempire.{key}"}} == 1', run.at)

    assert [labels["state"] for labels, _ in active] == [run.expected[key].state]


@pytest.mark.parametrize("key", SIMPLE_KPIS)
def test_the_api_and_prometheus_agree_on_a_snapshot(run: Run, key: str) -> None:
    assert run.number(run.expected[key].metric) == run.shown[key]["value"]
    assert run.shown[key]["state"] == run.expected[key].state


def test_nothing_of_the_service_was_turned_away(run: Run) -> None:
    quarantined = run.prometheus.query(
        'loopgauge_events_total{outcome=~"quarantined|ignored|duplicate"} > 0', run.at
    )

    assert quarantined == []
    assert run.prometheus.query("loopgauge_refused_requests_total > 0", run.at) == []
    stored = run.number('loopgauge_events_total{product="ytempire",outcome="stored"}')
    assert stored is not None
    assert stored > 5 * VIDEOS


def test_products_that_nobody_feeds_have_no_number(run: Run) -> None:
    assert run.prometheus.query('{__name__=~"(musicgen|campaigns)_.+"}', run.at) == []
    unfed = run.prometheus.query(
        'loopgauge_kpi_state{product=~"musicgen|campaigns",state="no_data"} == 0', run.at
    )
    assert unfed == []
