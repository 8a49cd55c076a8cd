"""Fixtures for everybody who shows numbers: hand-made Snapshots of a small catalog."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from loopgauge_catalog.catalog import Catalog, ProductCatalog
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.states import State
from loopgauge_catalog.values import (
    AccountingRow,
    KpiValue,
    PipelineHealth,
    Reading,
    Snapshot,
)

# `make test` with LOOPGAUGE_ENDPOINT set reports this repository's own coverage and suite time.
pytest_plugins = ["tests.support.self_report"]

NOW = datetime(2026, 11, 21, 10, 30, 0, tzinfo=UTC)

CAMPAIGNS: dict[str, Any] = {
    "product": "campaigns",
    "title": "Podcast sponsor attribution",
    "services": ["campaign-api"],
    "teams": {"growth": {"slack": "#growth"}},
    "tables": {
        "activity": {
            "title": "Activity",
            "kpis": {
                "new_campaigns": {
                    "row": "C7",
                    "title": "Campaigns created",
                    "means": "How many campaigns were made.",
                    "kind": "count",
                    "event": "campaign.created",
                    "window": "24h",
                    "labels": ["signup.channel"],
                },
            },
        },
        "api": {
            "title": "API",
            "kpis": {
                "api_latency": {
                    "row": "C10",
                    "title": "API latency",
                    "means": "How long a request takes.\nUsers feel it.",
                    "decides": "Is the API fast enough?",
                    "try": ["Look at the slowest routes"],
                    "kind": "quantile",
                    "event": "api.request",
                    "value": "http.server.request.duration",
                    "quantile": 0.95,
                    "window": "1h",
                    "labels": ["http.route"],
                    "target": {"below": "2s", "share": "95%"},
                    "alert": {"severity": "ticket", "team": "growth"},
                },
                "api_errors": {
                    "row": "C9a",
                    "title": "API error rate",
                    "means": "Share of requests that fail on our side.",
                    "kind": "ratio",
                    "event": "api.request",
                    "matching": {"http.response.status_code": {"at_least": 500}},
                    "window": "1h",
                    "target": {"below": "1%"},
                    "alert": {"severity": "page", "team": "growth"},
                },
                "beta_score": {
                    "row": "C17",
                    "title": "Beta score",
                    "kind": "mean",
                    "event": "beta.scored",
                    "value": "score",
                    "window": "28d",
                    "target": {"at_least": 4.5},
                },
            },
        },
        "quality": {
            "title": "Quality",
            "kpis": {
                "coverage": {
                    "row": "C13",
                    "title": "Coverage of critical paths",
                    "kind": "latest",
                    "event": "ci.coverage_reported",
                    "value": "coverage",
                    "target": {"above": "60%", "stretch": "80%"},
                    "assumed": ["target"],
                },
            },
        },
    },
    "events": {
        "api.request": {
            "attributes": {"http.server.request.duration": {"type": "number", "unit": "s"}}
        },
        "ci.coverage_reported": {
            "source": "batch",
            "attributes": {"coverage": {"type": "number", "unit": "share"}},
        },
    },
}

YTEMPIRE: dict[str, Any] = {
    "product": "ytempire",
    "title": "Automated video production",
    "services": ["video-service"],
    "tables": {
        "cost": {
            "title": "Cost",
            "kpis": {
                "spend": {
                    "row": "B10",
                    "title": "Spend",
                    "kind": "sum",
                    "event": "cost.incurred",
                    "value": "cost.amount",
                    "window": "24h",
                },
            },
        },
    },
    "events": {
        "cost.incurred": {"attributes": {"cost.amount": {"type": "money", "unit": "usd"}}},
    },
}


class SnapshotBuilder:
    """Makes KPI values and Snapshots by hand, each field open to change."""

    now = NOW

    def __init__(self) -> None:
        self.catalog = Catalog(
            tuple(ProductCatalog.model_validate(raw) for raw in (CAMPAIGNS, YTEMPIRE))
        )

    def reading(self, value: float | None, samples: int = 0, **changes: Any) -> Reading:
        """A reading of the last hour."""
        reading = Reading(start=NOW - timedelta(hours=1), end=NOW, value=value, samples=samples)
        return replace(reading, **changes)

    def value(self, kpi_id: str, value: float | None = None, **changes: Any) -> KpiValue:
        """A KPI value that is `ok`, or `no_data` when it has no number."""
        kpi = self.catalog.kpi(kpi_id)
        assert kpi is not None, kpi_id
        fed = value is not None
        made = KpiValue(
            kpi=kpi,
            unit=self.catalog.unit(kpi),
            state=State.OK if fed else State.NO_DATA,
            sure=False,
            state_since=NOW - timedelta(minutes=42),
            reading=self.reading(value, samples=100 if fed else 0),
            windows={},
            breakdowns={},
            needs=() if fed else (f"{kpi.product} never sent {kpi.events[0]}",),
            last_event=NOW - timedelta(seconds=3) if fed else None,
            age_seconds=3.0 if fed else None,
            revision="0123456789ab",
        )
        return replace(made, **changes)

    def values(self) -> tuple[KpiValue, ...]:
        """One value of every KPI; between them every shape that a reader has to show."""
        read = self.reading
        return (
            self.value(
                "campaigns.new_campaigns",
                12.0,
                windows={"1h": read(0.0), "24h": read(12.0, 12), "7d": read(80.0, 80)},
                breakdowns={"signup.channel": {"ads": read(9.0, 9), "__none__": read(3.0, 3)}},
            ),
            self.value(
                "campaigns.api_latency",
                0.25,
                reading=read(0.25, 1000, stats={"p50": 0.08, "p95": 0.25, "p99": 1.5}, share=0.991),
                windows={"24h": read(0.3, 9000, stats={"p50": 0.1}, share=0.98)},
                breakdowns={"http.route": {'/a"b\\c\n': read(0.5, 10, share=0.9)}},
                attainment=1.0,
            ),
            self.value(
                "campaigns.api_errors",
                0.034,
                state=State.BREACH,
                sure=True,
                reading=read(0.034, 500, interval=(0.021, 0.054)),
                attainment=0.294,
            ),
            self.value("campaigns.beta_score"),
            self.value(
                "campaigns.coverage",
                0.71,
                state=State.STALE,
                reading=read(0.71, 1, start=None),
                attainment=1.183,
            ),
            self.value("ytempire.spend", None, state=State.TOO_FEW, pending=2, needs=()),
        )

    def health(self, **changes: Any) -> PipelineHealth:
        """A pipeline at work, with a little of everything."""
        health = PipelineHealth(
            accounting=(
                AccountingRow("campaigns", "campaign-api", "stored", "", 1500),
                AccountingRow("campaigns", "campaign-api", "quarantined", "missing_id", 7),
                AccountingRow("campaigns", "campaign-api", "quarantined", "in_future", 1),
                AccountingRow("nobody", "who-knows", "stored", "", 4),
                AccountingRow("", "stranger", "stored", "", 3),
            ),
            refused={"too_large": 2},
            refused_bytes={"too_large": 40_000_000},
            position=41,
            committed=42,
            lag_seconds=0.25,
            commit_seconds=0.012,
            fold_seconds=0.03,
            evaluation_seconds=0.018,
            commits=42,
            folds=20,
            wal_bytes=4096,
            database_bytes=1_060_864,
            free_bytes=50_000_000_000,
            waiting_events=5,
            quarantined=8,
            series_overflow={"campaigns.api_latency": 3},
            rebuilding={"ytempire.spend": 0.5},
        )
        return replace(health, **changes)

    def snapshot(
        self, *values: KpiValue, number: int = 7, health: PipelineHealth | None = None
    ) -> Snapshot:
        """A Snapshot of these values, or of `values()`."""
        return Snapshot(
            number=number,
            as_of=NOW,
            end=NOW,
            catalog=self.catalog,
            kpis=values or self.values(),
            health=health if health is not None else self.health(),
        )


class FakeCollector:
    """A collector that shows hand-made Snapshots, and keeps what it was asked."""

    def __init__(self, build: SnapshotBuilder) -> None:
        # Imported here because the catalog's and the library's tests need no server.
        from loopgauge_collector.evaluation.snapshots import Snapshots
        from loopgauge_collector.settings import Settings
        from loopgauge_collector.storage.sql import SqlResult

        self.build = build
        self.catalog = build.catalog
        self.settings = Settings.model_validate({})
        self.refusals: Counter[str] = Counter()
        self.refused_bytes: Counter[str] = Counter()
        self.quarantine: object = None
        self.snapshots = Snapshots()
        self.reasons: list[str] = []
        self.asked: list[tuple[object, ...]] = []
        self.rows = SqlResult(["n"], [(1,)], truncated=False)
        self.failure: Exception | None = None
        self.found: list[object] = []

    def not_ready(self) -> list[str]:
        return self.reasons

    def value_at(self, kpi_id: str, window: int | None, at: datetime) -> KpiValue:
        self._note("value_at", kpi_id, window, at)
        return self._past_value(kpi_id, window, at)

    def history(
        self, kpi_id: str, start: datetime, end: datetime, step: int, window: int | None = None
    ) -> list[KpiValue]:
        self._note("history", kpi_id, start, end, step, window)
        points = (end - start) // timedelta(microseconds=step) + 1
        return [
            self._past_value(kpi_id, window, start + n * timedelta(microseconds=step))
            for n in range(points)
        ]

    def sql(self, query: str) -> object:
        self._note("sql", query)
        return self.rows

    def sources(self) -> list[object]:
        return self.found

    async def rebuild(self, kpi_ids: list[str] | None = None) -> None:
        self._note("rebuild", kpi_ids)

    async def reload(self) -> str:
        self._note("reload")
        return "6 KPIs, 0 of them are being rebuilt"

    def _note(self, *asked: object) -> None:
        self.asked.append(asked)
        if self.failure is not None:
            raise self.failure

    def _past_value(self, kpi_id: str, window: int | None, at: datetime) -> KpiValue:
        read = self.build.reading
        windows = {} if window is None else {format_duration(window): read(0.5, 50, end=at)}
        return self.build.value(kpi_id, 0.25, reading=read(0.25, 25, end=at), windows=windows)


class Site:
    """The routes of a collector, asked over HTTP without a socket."""

    def __init__(
        self,
        collector: Any,
        client: str = "127.0.0.1",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        from fastapi import FastAPI
        from loopgauge_collector.app import create_app
        from loopgauge_collector.web import pages

        app = create_app(collector)
        if now is not None:
            app = FastAPI()
            app.include_router(pages.router(collector, now))
        self._transport = httpx.ASGITransport(app, client=(client, 50_000))

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._send("GET", path, headers=headers)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self._send("POST", path, **given)

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://127.0.0.1:4318"
            ) as client:
                return await client.request(method, path, **given)

        return asyncio.run(send())


@pytest.fixture
def collector(build: SnapshotBuilder) -> FakeCollector:
    """A collector that has not evaluated yet."""
    return FakeCollector(build)


@pytest.fixture
def make_site(collector: FakeCollector) -> Callable[..., Site]:
    """The routes of the collector; takes what `Site` takes."""
    return lambda **given: Site(collector, **given)


@pytest.fixture
def site(collector: FakeCollector, build: SnapshotBuilder) -> Site:
    """The routes of a collector whose newest Snapshot is number 7, asked from loopback."""
    collector.snapshots.publish(build.snapshot())
    return Site(collector)


@pytest.fixture
def site_from(collector: FakeCollector) -> Callable[[str], Site]:
    """The same, asked from another address."""
    return lambda client: Site(collector, client)


@pytest.fixture
def build() -> SnapshotBuilder:
    """Hand-made Snapshots."""
    return SnapshotBuilder()


@pytest.fixture
def promtool() -> str:
    """The real promtool; without it the test is skipped, or fails where servers are required."""
    found = shutil.which("promtool")
    if found is None:
        message = "promtool is not installed (apt-get install prometheus)"
        if os.environ.get("LOOPGAUGE_REQUIRE_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found
