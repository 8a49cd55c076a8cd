"""Events from opentelemetry-sdk alone, from our library, and from both: the same KPI values."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from loopgauge import Emitter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from tests.e2e.shop_stream import Happened, stream, tally
from tests.support.collector import Json, RunningCollector, serving

#: Sends events of a product and environment to a collector, and returns when all are there.
Sender = Callable[[str, str, str | None, Sequence[Happened]], None]


def sdk_provider(url: str, resource: dict[str, str]) -> LoggerProvider:
    """An OpenTelemetry SDK as its documentation sets it up."""
    provider = LoggerProvider(resource=Resource.create(resource))
    exporter = OTLPLogExporter(endpoint=f"{url}/v1/logs")
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_queue_size=10_000))
    return provider


def from_sdk(url: str, product: str, environment: str | None, events: Sequence[Happened]) -> None:
    """With opentelemetry-sdk alone."""
    resource = {"service.namespace": product, "service.name": "shop"}
    if environment is not None:
        resource["deployment.environment.name"] = environment
    provider = sdk_provider(url, resource)
    logger = provider.get_logger("shop")
    for event in events:
        logger.emit(
            event_name=event.name,
            timestamp=nanoseconds(event),
            attributes=event.attributes,
        )
    assert provider.force_flush()
    provider.shutdown()


def from_library(
    url: str, product: str, environment: str | None, events: Sequence[Happened]
) -> None:
    """With our library alone."""
    with Emitter(product=product, service="shop", environment=environment, endpoint=url) as emit:
        send_all(emit, events)


def from_combined(
    url: str, product: str, environment: str | None, events: Sequence[Happened]
) -> None:
    """With our library, through an SDK that the application has set up for itself."""
    provider = sdk_provider(url, {"service.name": "set-by-the-application"})
    with Emitter(
        product=product, service="shop", environment=environment, logger_provider=provider
    ) as emit:
        send_all(emit, events)
    provider.shutdown()


def send_all(emit: Emitter, events: Sequence[Happened]) -> None:
    """Emit, and see to it that nothing was lost on the way."""
    for event in events:
        emit.event(event.name, event.attributes, time=event.time)
    assert emit.flush(30)
    stats = emit.stats()
    assert (stats.sent, stats.quarantined, dict(stats.dropped)) == (len(events), 0, {})


def nanoseconds(event: Happened) -> int:
    """The event's time without the rounding of floats."""
    whole = int(event.time.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + event.time.microsecond * 1000


WAYS: dict[str, Sender] = {"sdk": from_sdk, "library": from_library, "combined": from_combined}
#: Three products that share event names and no event.
STREAMS = {"red": 1, "green": 2, "blue": 3}


@pytest.fixture(scope="module")
def sent() -> dict[str, list[Happened]]:
    """What each product's production sent."""
    same = stream(seed=7, number=900)
    return dict.fromkeys(WAYS, same) | {
        product: stream(seed, number=300 + 50 * seed) for product, seed in STREAMS.items()
    }


@pytest.fixture(scope="module")
def collector(
    sent: dict[str, list[Happened]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningCollector]:
    """A collector that has all of it, and the noise of three stagings."""
    folder = tmp_path_factory.mktemp("shops")
    catalogs = folder / "catalogs"
    catalogs.mkdir()
    text = Path(__file__).with_name("shop.yaml").read_text(encoding="utf-8")
    for product in sent:
        (catalogs / f"{product}.yaml").write_text(text.replace("PRODUCT", product), "utf-8")
    with serving(folder, catalogs) as running:
        for product, send in WAYS.items():
            send(running.url, product, None, sent[product])
        for (product, seed), send in zip(STREAMS.items(), WAYS.values(), strict=True):
            send(running.url, product, "production", sent[product])
            send(running.url, product, "staging", stream(100 + seed, number=200))
        running.settled()
        yield running


def numbers(collector: RunningCollector, product: str) -> dict[str, Json]:
    """All that a KPI says, without what is the product's or the moment's own."""
    own = {"id", "product", "state_since", "age_seconds", "as_of", "snapshot", "revision"}
    kpis = collector.get(f"/api/v1/kpis?product={product}")["kpis"]
    details = [collector.get(f"/api/v1/kpis/{product}/{kpi['id'].split('.')[1]}") for kpi in kpis]
    return {
        detail["id"].split(".")[1]: {k: v for k, v in detail.items() if k not in own}
        for detail in details
    }


@pytest.mark.parametrize("way", ["sdk", "combined"])
def test_every_kpi_says_the_same_whoever_sent_the_events(
    collector: RunningCollector, way: str
) -> None:
    library = numbers(collector, "library")

    assert {kpi["kind"] for kpi in library.values()} == {
        "count", "sum", "rate", "mean", "ratio", "quantile", "latest",
    }  # fmt: skip
    assert all(kpi["value"] is not None for kpi in library.values())
    assert numbers(collector, way) == library


@pytest.mark.parametrize("product", [*WAYS, *STREAMS])
def test_the_values_are_those_of_the_products_own_production(
    collector: RunningCollector, sent: dict[str, list[Happened]], product: str
) -> None:
    kpis = numbers(collector, product)
    values = {key: kpi["value"] for key, kpi in kpis.items()}
    first = min(event.time for event in sent[product] if event.name == "order.paid")
    until = datetime.fromisoformat(kpis["payment_rate"]["to"])
    expected = tally(sent[product])
    expected["payment_rate"] = expected["payments"] / ((until - first) / timedelta(hours=1))

    # The sketch is within 1 % (KPI_SEMANTICS, quantile); all else is exact.
    assert values.pop("latency") == pytest.approx(expected.pop("latency"), rel=0.01)
    assert values == pytest.approx(expected, rel=1e-9)


def test_labels_outside_ascii_arrive_as_they_were_sent(
    collector: RunningCollector,
) -> None:
    for way in WAYS:
        parts = numbers(collector, way)["stock"]["breakdowns"]["shop.id"]
        assert set(parts) == {"berlin", "zürich", "大阪"}


def test_staging_is_stored_and_counts_nowhere(collector: RunningCollector) -> None:
    sources = collector.get("/api/v1/sources")["sources"]
    staging = {
        (s["product"], s["event"]): s["events"] for s in sources if s["environment"] == "staging"
    }

    for product in STREAMS:
        assert sum(staging.get((product, name), 0) for name in ("order.paid", "api.request")) > 100


def test_nothing_was_quarantined_or_ignored(collector: RunningCollector) -> None:
    outcomes = {row["outcome"] for row in collector.get("/api/v1/status")["pipeline"]["accounting"]}

    assert outcomes == {"stored"}
