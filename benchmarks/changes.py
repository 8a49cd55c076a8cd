"""A catalog that changes over a large store: how long until its KPIs have their history again."""

import os
import shutil
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import loopgauge_catalog
from loopgauge._ids import uuid7

from benchmarks.report import percentile
from benchmarks.server import Server

_FILE = "ytempire.yaml"
_GIVE_UP = 600.0
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of the shipped catalog.

    Attributes:
        what: in words.
        before, after: text of the file; it stands there once.
        kpi: a KPI whose definition it changes.
    """

    what: str
    before: str
    after: str
    kpi: str


CHANGES = (
    Change(
        "a new KPI",
        "      api_success:\n",
        "      calls: {row: B99, title: Calls, kind: count, event: api.call, window: 24h}\n"
        "      api_success:\n",
        "ytempire.calls",
    ),
    Change(
        "another target of a duration",
        "target: {below: 10m",
        "target: {below: 11m",
        "ytempire.pipeline_latency",
    ),
    Change(
        "a label less",
        "labels: [provider, operation]\n        each: [provider]",
        "labels: [provider]\n        each: [provider]",
        "ytempire.api_success",
    ),
    Change(
        "another price",
        "unit: token, price: $0.03",
        "unit: token, price: $0.04",
        "ytempire.cost_per_video",
    ),
)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a change took.

    Attributes:
        seconds: from the signal until no KPI is rebuilding any more.
        kpis: how many were.
        acknowledged_p99: of single events that were sent meanwhile, in seconds.
    """

    seconds: float
    kpis: int
    acknowledged_p99: float


def copy_catalog(folder: Path) -> Path:
    """The shipped catalogs, to be edited."""
    shipped = Path(loopgauge_catalog.__file__).parent / "tables"
    return Path(shutil.copytree(shipped, folder))


def apply(server: Server, catalog: Path, change: Change) -> Rebuilt:
    """Edit the file, send SIGHUP, and wait.

    Raises:
        RuntimeError: the text is not there, or it takes too long.
    """
    file = catalog / _FILE
    text = file.read_text()
    if text.count(change.before) != 1:
        raise RuntimeError(f"{change.what}: {change.before!r} does not stand once in {file}")
    with httpx.Client(base_url=server.endpoint, timeout=30) as client:
        old = _states(client).get(change.kpi)
        file.write_text(text.replace(change.before, change.after))
        began = time.monotonic()
        os.kill(server.process.pid, signal.SIGHUP)
        rebuilding: set[str] = set()
        latencies: list[float] = []
        while time.monotonic() - began < _GIVE_UP:
            latencies.append(_send(client))
            states = _states(client)
            now = {kpi for kpi, (state, _) in states.items() if state == "rebuilding"}
            rebuilding |= now
            fresh = states.get(change.kpi)
            if not now and fresh is not None and (old is None or fresh[1] != old[1]):
                seconds = time.monotonic() - began
                return Rebuilt(seconds, len(rebuilding), percentile(latencies, 0.99))
            time.sleep(_PAUSE)
    raise RuntimeError(f"{change.what}: still rebuilding after {_GIVE_UP:.0f} s")


def _states(client: httpx.Client) -> dict[str, tuple[str, str]]:
    """State and definition revision of every KPI."""
    kpis = client.get("/api/v1/kpis").raise_for_status().json()["kpis"]
    return {kpi["id"]: (kpi["state"], kpi["revision"]) for kpi in kpis}


def _send(client: httpx.Client) -> float:
    """Seconds until one event is acknowledged."""
    event = {
        "id": uuid7(time.time_ns()),
        "name": "session.started",
        "time": datetime.now(UTC).isoformat(),
        "product": "ytempire",
        "service": "ytempire-api",
        "attributes": {"user.id": "bench"},
    }
    began = time.monotonic()
    client.post("/v1/events", json={"events": [event]}).raise_for_status()
    return time.monotonic() - began
