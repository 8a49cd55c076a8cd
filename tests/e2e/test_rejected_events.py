"""B17 of a real collector: what was quarantined and refused of what came in, and nothing else."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopgauge_cli._findings import diagnose

from tests.collector.conftest import EventMaker
from tests.support.running import JSON, PROTOBUF, Json, Running

ROW = "ytempire.rejected_events"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Running]]:
    """Starts a collector of the shipped catalogs, on the data of the one before, which ends."""
    running: list[Running] = []

    def anew() -> Running:
        if running:
            running[-1].stop()
        running.append(Running(tmp_path))
        return running[-1]

    yield anew
    if running:
        running[-1].stop()


@pytest.fixture
def film() -> Callable[..., dict[str, Any]]:
    """Makes events of the video pipeline."""
    make = EventMaker()
    return lambda **fields: make(
        **{"name": "video.completed", "product": "ytempire", "service": "pipeline",
           "attributes": {"video.id": "v1"}} | fields
    )  # fmt: skip


def kpi(running: Running, wanted: Callable[[Json], bool]) -> Json:
    """The row, as soon as something holds for it."""
    deadline = time.monotonic() + 60
    while True:
        found: Json = next(
            one for one in running.get("/api/v1/kpis?product=ytempire")["kpis"] if one["id"] == ROW
        )
        if wanted(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_the_row_is_what_became_of_all_that_was_sent(
    start: Callable[[], Running], film: Callable[..., dict[str, Any]]
) -> None:
    running = start()
    assert kpi(running, lambda _: True)["state"] == "no_data"
    events = [film() for _ in range(40)]
    assert running.send(*events).json()["accepted"] == 40
    assert running.send(*events[:5]).json()["duplicates"] == 5
    bad = [film(id=...), film(id="x", service="uploader"), film(time="yesterday")]
    assert len(running.send(*bad).json()["quarantined"]) == 3
    assert running.post("/v1/events", b"{").status == 400
    assert running.post("/v1/logs", b"\xff", PROTOBUF).status == 400
    assert running.post("/v1/events", b"[]", "text/plain").status == 415
    # Nothing is lost of these: they are no events, or another product's.
    assert running.post("/v1/metrics", b"\xff", PROTOBUF).status == 400
    assert running.send(film(product="elsewhere")).json()["accepted"] == 1

    running = start()

    found = kpi(running, lambda one: one["state"] != "no_data")
    assert (found["value"], found["samples"], found["state"]) == (6 / 51, 51, "breach")
    detail = running.get(f"/api/v1/kpis/ytempire/{ROW.partition('.')[2]}")
    parts = {
        label: {name: part["samples"] for name, part in parts.items()}
        for label, parts in detail["breakdowns"].items()
    }
    assert parts["service.name"] == {"pipeline": 47, "uploader": 1, "__none__": 3}
    assert set(parts["loop.reason"]) == {
        "missing_id", "invalid_id", "invalid_time", "malformed_json", "malformed_protobuf",
        "media_type",
    }  # fmt: skip

    # Mended and replayed, they were rejected all the same when they came.
    numbers = [one["number"] for one in running.get("/api/v1/quarantine")["events"]]
    running.post("/api/v1/quarantine/replay", json.dumps({"numbers": numbers}).encode(), JSON)
    running = start()
    found = kpi(running, lambda one: one["state"] != "no_data")
    assert (found["value"], found["samples"]) == (6 / 51, 51)


def test_the_doctor_takes_what_the_collector_tells_for_no_sender(
    start: Callable[[], Running], film: Callable[..., dict[str, Any]]
) -> None:
    running = start()
    running.send(film())
    running.post("/v1/events", b"{")
    running = start()
    kpi(running, lambda one: one["state"] != "no_data")

    status = running.get("/api/v1/status")
    sources = running.get("/api/v1/sources")["sources"]
    findings = diagnose(status, running.get("/api/v1/kpis")["kpis"], sources)

    assert [(one["service"], one["event"]) for one in sources] == [("pipeline", "video.completed")]
    assert status["pipeline"]["events"]["received"] == 1
    by_code = {finding.code: finding for finding in findings}
    assert not {"unassigned", "unknown_events", "stale"} & by_code.keys()
    # A request that anybody may have sent makes no product one that sends.
    assert any(line.startswith("campaigns ") for line in by_code["never_sent"].lines)
