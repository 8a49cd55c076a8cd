"""The routes over a real collector: every surface shows the same number of the same Snapshot."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopgauge._ids import uuid7
from loopgauge_collector.app import create_app
from loopgauge_collector.collector import Collector
from loopgauge_collector.settings import Settings
from prometheus_client.parser import text_string_to_metric_families

CATALOG = """
product: shop
title: Web shop
tables:
  main:
    title: Main
    kpis:
      orders: {row: S1, title: Orders placed, kind: count, event: order.placed, window: 24h,
               labels: [payment.method]}
      checkout: {row: S2, title: Checkout time, kind: quantile, event: order.placed,
                 value: duration, quantile: 0.5, window: 1h, target: {below: 2s, share: 50%}}
      coverage: {row: S3, title: Test coverage, kind: latest, event: ci.coverage_reported,
                 value: coverage}
events:
  order.placed:
    attributes: {payment.method: {}, duration: {type: number, unit: s}}
  ci.coverage_reported:
    source: batch
    attributes: {coverage: {type: number, unit: share}}
"""

Ask = Callable[..., Awaitable[httpx.Response]]


def _event(name: str, moment: datetime, **attributes: Any) -> dict[str, Any]:
    return {
        "id": uuid7(int(moment.timestamp() * 1e6) * 1000),
        "name": name,
        "time": moment.isoformat(),
        "product": "shop",
        "service": "api",
        "attributes": {key.replace("__", "."): value for key, value in attributes.items()},
    }


def _with_collector(folder: Path, use: Callable[[Ask, datetime], Awaitable[None]]) -> None:
    """Start a collector with ten orders in it, five of them in the last hour, and use it."""
    (folder / "shop.yaml").write_text(CATALOG)
    settings = Settings.model_validate(
        {"data_dir": folder / "data", "evaluation_interval_seconds": 0.05}
    )

    async def run() -> None:
        collector = Collector(settings, [folder / "shop.yaml"])
        await collector.start()
        try:
            transport = httpx.ASGITransport(create_app(collector))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:4318"
            ) as client:
                # Whole minutes before now, so that no bound of a window cuts between them.
                now = datetime.now(UTC).replace(second=0, microsecond=0)
                events = [
                    _event("order.placed", now - timedelta(minutes=m), payment__method=how,
                           duration=m / 10)
                    for m, how in [(5, "card"), (15, "card"), (25, "bank"), (35, "card"),
                                   (45, "card"), (95, "card"), (105, "bank"), (115, "card"),
                                   (125, "card"), (135, "bank")]
                ]  # fmt: skip
                events.append(_event("ci.coverage_reported", now, coverage=0.87))
                sent = await client.post("/v1/events", json={"events": events})
                assert sent.json()["accepted"] == 11, sent.text
                await _until_folded(client)
                await use(client.get, now)
        finally:
            await collector.stop()

    asyncio.run(run())


async def _until_folded(client: httpx.AsyncClient) -> None:
    """Wait for the Snapshot after the first one whose health says that all is folded.

    Health is taken at the end of an evaluation, the values at its beginning.
    """
    deadline = time.monotonic() + 30
    folded_at: int | None = None
    while True:
        status = (await client.get("/api/v1/status")).json()
        pipeline, number = status["pipeline"], status["snapshot"]
        if folded_at is None and pipeline["committed"] == pipeline["position"] > 0:
            folded_at = number
        if folded_at is not None and number > folded_at:
            return
        assert time.monotonic() < deadline, pipeline
        await asyncio.sleep(0.02)


def _series(page: str) -> dict[str, float]:
    """``name{label="value",…}`` -> number."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_page_metrics_and_api_show_the_same_numbers(tmp_path: Path) -> None:
    async def use(ask: Ask, _now: datetime) -> None:
        series = _series((await ask("/metrics")).text)
        number = int(series["loopgauge_snapshot_number[]"])
        listed = (await ask(f"/api/v1/kpis?snapshot={number}")).json()
        page = (await ask("/")).text

        kpis = {kpi["id"]: kpi for kpi in listed["kpis"]}
        assert listed["snapshot"] == number
        assert kpis["shop.orders"]["value"] == 10
        assert series["shop_orders[('window', '24h')]"] == 10
        assert series["shop_orders[('window', '1h')]"] == 5
        bank = "shop_orders_by_payment_method[('payment_method', 'bank'), ('window', '24h')]"
        assert series[bank] == 3
        median = kpis["shop.checkout"]
        assert series["shop_checkout_seconds[('stat', 'p50'), ('window', '1h')]"] == median["value"]
        assert median["value"] == pytest.approx(2.5, rel=0.01)
        assert (
            series["shop_checkout_within_target_ratio[('window', '1h')]"] == median["share"] == 0.4
        )
        assert series["shop_coverage_ratio[]"] == kpis["shop.coverage"]["value"] == 0.87
        assert re.search(r">Orders placed</a>.*?<span class=\"amount\">10</span>", page, re.DOTALL)
        assert ">87 %</span>" in page

    _with_collector(tmp_path, use)


def test_other_windows_and_past_moments_are_read_from_the_same_events(tmp_path: Path) -> None:
    async def use(ask: Ask, now: datetime) -> None:
        path = "/api/v1/kpis/shop/orders"
        two_hours = (await ask(f"{path}?window=2h")).json()
        assert (two_hours["value"], two_hours["window"], two_hours["state"]) == (8, "2h", None)

        at = (now - timedelta(minutes=60)).isoformat()
        before = (await ask(path, params={"at": at})).json()
        assert (before["value"], before["window"]) == (5, "24h")
        assert before["state"] is not None

        both = (await ask(path, params={"at": at, "window": "1h"})).json()
        assert (both["value"], both["state"]) == (3, None)

        latest = (await ask("/api/v1/kpis/shop/coverage", params={"at": at})).json()
        assert latest["value"] is None

    _with_collector(tmp_path, use)


def test_a_history_is_the_value_at_each_of_its_moments(tmp_path: Path) -> None:
    async def use(ask: Ask, now: datetime) -> None:
        path = "/api/v1/kpis/shop/orders"
        body = (
            await ask(
                f"{path}/history",
                params={
                    "from": (now - timedelta(minutes=150)).isoformat(),
                    "to": now.isoformat(),
                    "step": "30m",
                    "window": "1h",
                },
            )
        ).json()

        assert len(body["points"]) == 6
        for point in body["points"]:
            one = (await ask(path, params={"at": point["at"], "window": "1h"})).json()
            assert (point["value"], point["samples"]) == (one["value"], one["samples"])
        assert body["points"][-1]["value"] == 5

    _with_collector(tmp_path, use)


def test_the_sources_are_what_was_sent(tmp_path: Path) -> None:
    async def use(ask: Ask, _now: datetime) -> None:
        sources = (await ask("/api/v1/sources")).json()["sources"]
        assert {(one["event"], one["events"], one["declared"]) for one in sources} == {
            ("order.placed", 10, True),
            ("ci.coverage_reported", 1, True),
        }

    _with_collector(tmp_path, use)
