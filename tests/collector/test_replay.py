"""The quarantine's routes: listed, shown, replayed once the cause is mended, dropped."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loopgauge_collector.admission.reasons import REASONS

from tests.collector import otlp
from tests.collector.conftest import INTAKE, EventMaker
from tests.support.running import PROTOBUF, Answer, Running


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog file that a test may mend."""
    path = tmp_path / "shop.yaml"
    path.write_text(INTAKE.read_text())
    return path


@pytest.fixture
def shop(tmp_path: Path, catalog: Path) -> Iterator[Running]:
    """A collector that runs on that file."""
    running = Running(tmp_path, [catalog])
    yield running
    running.stop()


def act(running: Running, action: str, *numbers: object) -> Answer:
    body = json.dumps({"numbers": numbers}).encode()
    return running.post(f"/api/v1/quarantine/{action}", body)


def listed(running: Running, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.get(f"/api/v1/quarantine{query}")["events"]
    return found


def mend(running: Running, catalog: Path, wrong: str, right: str) -> None:
    text = catalog.read_text()
    assert wrong in text
    catalog.write_text(text.replace(wrong, right))
    asyncio.run_coroutine_threadsafe(running.collector.reload(), running.loop).result(30)


def test_after_the_catalog_is_mended_a_replay_stores_each_event_once(
    shop: Running, catalog: Path, event: EventMaker
) -> None:
    events = [event() for _ in range(1000)]
    bad = [event(attributes={"order.id": str(n), "order.channel": "fax"}) for n in range(6)]
    never = event(attributes={})
    for index, one in zip((5, 50, 500, 700, 800, 999), bad, strict=True):
        events[index] = one
    events[77] = never
    assert shop.send(*events).json()["accepted"] == 993
    numbers = [one["number"] for one in listed(shop)]

    before = act(shop, "replay", *numbers).json()
    mend(shop, catalog, "allowed: [web, shop]", "allowed: [web, shop, fax]")
    after = act(shop, "replay", *numbers).json()
    again = act(shop, "replay", *numbers).json()

    assert (before["accepted"], len(before["quarantined"])) == (0, 7)
    assert (after["accepted"], after["duplicates"]) == (6, 0)
    assert [one["reason"] for one in after["quarantined"]] == ["missing_attribute"]
    assert [one["number"] for one in listed(shop)] == [after["quarantined"][0]["number"]]
    assert (again["accepted"], sorted(again["missing"])) == (
        0,
        sorted(set(numbers) - {again["quarantined"][0]["number"]}),
    )
    assert shop.outcomes() == {
        "stored": 993,
        "quarantined not_allowed": 6,
        "quarantined missing_attribute": 1,
        "replayed stored": 6,
    }
    stored = {str(row["id"]): row for row in shop.stored()}
    assert {one["id"] for one in bad} <= stored.keys()
    assert json.loads(stored[bad[0]["id"]]["attributes"]) == bad[0]["attributes"]


def _counters(running: Running) -> dict[str, float]:
    """The counters of events on /metrics, by their line."""
    page = running.request("GET", "/metrics").body.decode()
    found = re.findall(r"^(loopgauge_\w*events_total{.*}) (\S+)$", page, re.MULTILINE)
    return {series: float(number) for series, number in found if 'product="shop"' in series}


def test_a_replay_lets_no_counter_of_the_metrics_go_down(
    shop: Running, catalog: Path, event: EventMaker
) -> None:
    shop.send(event(), event(attributes={"order.id": "1", "order.items": 500}))
    quarantined = 'loopgauge_events_total{outcome="quarantined",product="shop"}'
    replayed = 'loopgauge_replayed_events_total{outcome="stored",product="shop"}'
    deadline = time.monotonic() + 20
    while (before := _counters(shop))[quarantined] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    mend(shop, catalog, "maximum: 100}", "maximum: 1000}")

    act(shop, "replay", listed(shop)[0]["number"])
    while (after := _counters(shop))[replayed] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert after == before | {replayed: 1.0}
    assert sum(n for name, n in after.items() if name.startswith("loopgauge_events_total")) == 2


def test_a_replay_works_for_otlp_too_and_keeps_every_column(
    shop: Running, catalog: Path, event: EventMaker
) -> None:
    producer = event.id()
    one = event(attributes={"order.id": "1", "order.items": 500}, producer=producer, sequence=8)
    shop.post("/v1/logs", otlp.logs(one).SerializeToString(), PROTOBUF)
    mend(shop, catalog, "maximum: 100}", "maximum: 1000}")

    assert act(shop, "replay", listed(shop)[0]["number"]).json()["accepted"] == 1

    (row,) = shop.stored()
    assert (str(row["id"]), str(row["producer"]), row["sequence"]) == (one["id"], producer, 8)
    assert json.loads(row["attributes"]) == one["attributes"]


def test_an_event_that_was_stored_meanwhile_is_a_duplicate_and_leaves(
    shop: Running, catalog: Path, event: EventMaker
) -> None:
    one = event(attributes={"order.id": "1", "order.items": 500})
    shop.send(one)
    mend(shop, catalog, "maximum: 100}", "maximum: 1000}")
    shop.send(one)

    result = act(shop, "replay", listed(shop)[0]["number"]).json()

    assert (result["accepted"], result["duplicates"], result["quarantined"]) == (0, 1, [])
    assert listed(shop) == []
    assert len(shop.stored()) == 1


def test_a_conflict_stays_a_conflict(shop: Running, event: EventMaker) -> None:
    one = event()
    shop.send(one)
    shop.send(one | {"attributes": {"order.id": "other"}})

    result = act(shop, "replay", listed(shop)[0]["number"]).json()

    assert [one["reason"] for one in result["quarantined"]] == ["id_conflict"]
    assert [one["reason"] for one in listed(shop)] == ["id_conflict"]
    assert shop.outcomes() == {"stored": 1, "quarantined id_conflict": 1}


def test_an_event_of_the_future_can_be_replayed_when_its_time_has_come(
    shop: Running, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    shop.send(event(time=ahead.isoformat()))
    (number,) = (one["number"] for one in listed(shop))

    assert act(shop, "replay", number).json()["quarantined"][0]["reason"] == "in_future"
    monkeypatch.setattr(shop.collector, "clock", lambda: int(ahead.timestamp() * 1e6))
    assert act(shop, "replay", number).json()["accepted"] == 1


def test_what_waits_in_quarantine_does_not_grow_too_old(
    shop: Running, catalog: Path, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime.now(UTC) - timedelta(days=89)
    shop.send(event(time=moment.isoformat(), attributes={"order.id": "1", "order.items": 500}))
    mend(shop, catalog, "maximum: 100}", "maximum: 1000}")
    later = datetime.now(UTC) + timedelta(days=20)
    monkeypatch.setattr(shop.collector, "clock", lambda: int(later.timestamp() * 1e6))

    assert act(shop, "replay", listed(shop)[0]["number"]).json()["accepted"] == 1
    assert [row["time"] for row in shop.stored()] == [moment.replace(tzinfo=None)]


def test_events_are_listed_newest_first_in_pages_and_by_reason_and_product(
    shop: Running, event: EventMaker
) -> None:
    shop.send(*(event(id=None, service=f"till-{n}") for n in range(5)))
    shop.send(event(name="bad", product="elsewhere"))

    everything = listed(shop)
    assert [one["reason"] for one in everything] == ["invalid_name", *["missing_id"] * 5]
    assert [one["service"] for one in everything[1:]] == [f"till-{n}" for n in (4, 3, 2, 1, 0)]
    assert listed(shop, "?limit=2") == everything[:2]
    assert listed(shop, f"?limit=3&before={everything[1]['number']}") == everything[2:5]
    assert listed(shop, "?reason=missing_id") == everything[1:]
    assert listed(shop, "?product=elsewhere") == everything[:1]
    assert listed(shop, "?product=shop&reason=invalid_name") == []
    assert shop.get("/api/v1/quarantine?limit=1")["total"] == 6


def test_one_event_is_shown_as_it_was_sent(shop: Running, event: EventMaker) -> None:
    text = '{"order.id":"1","big":18446744073709551616,"f":1.5,"n":9007199254740993,"x":null}'
    one = event(environment="staging", producer="me", sequence=3, attributes=0)
    body = json.dumps({"events": [one]}).replace('"attributes": 0', f'"attributes": {text}')
    shop.post("/v1/events", body.encode())

    shown = shop.get(f"/api/v1/quarantine/{listed(shop)[0]['number']}")

    assert shown["means"] == REASONS[shown["reason"]]
    assert shown["payload"]["attributes"] == {
        "order.id": "1",
        "big": "18446744073709551616",
        "f": 1.5,
        "n": "9007199254740993",
        "x": None,
    }
    for name in ("id", "name", "time", "product", "service", "environment", "producer", "sequence"):
        assert shown["payload"][name] == one[name]


def test_dropped_events_are_gone_and_stay_counted(shop: Running, event: EventMaker) -> None:
    shop.send(*(event(id=None) for _ in range(3)))
    first, *rest = (one["number"] for one in listed(shop))

    assert act(shop, "drop", first, 999).json() == {"dropped": 1}
    assert [one["number"] for one in listed(shop)] == rest
    assert shop.outcomes() == {"quarantined missing_id": 3}


@pytest.mark.parametrize("action", ["replay", "drop"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[1]", 400),
        (b'{"numbers":[]}', 400),
        (b'{"numbers":1}', 400),
        (b'{"numbers":["1"]}', 400),
        (b'{"numbers":[true]}', 400),
        (b'{"numbers":[0]}', 400),
        (b'{"numbers":[1.5]}', 400),
        (b'{"numbers":[1],"all":true}', 400),
        (b'{"numbers":[9223372036854775808]}', 400),
        (json.dumps({"numbers": list(range(1, 1002))}).encode(), 413),
        (b" " * 70_000, 413),
        (b" " * 2_000_000, 413),
    ],
)
def test_a_request_that_names_no_events_is_refused(
    shop: Running, action: str, body: bytes, status: int
) -> None:
    answer = shop.post(f"/api/v1/quarantine/{action}", body)

    assert answer.status == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("/7", 404),
        ("/x", 400),
        ("/0", 400),
        ("/9223372036854775808", 400),
        ("?limit=0", 400),
        ("?limit=1001", 400),
        ("?limit=x", 400),
        ("?before=-1", 400),
        ("?resaon=missing_id", 400),
    ],
)
def test_a_bad_question_is_refused_with_a_sentence(shop: Running, query: str, status: int) -> None:
    answer = shop.request("GET", f"/api/v1/quarantine{query}")

    assert answer.status == status
    assert answer.json()["detail"]
