"""A real collector as its users run it: `loopgauge serve` on a free port and its own data."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.program import Program
from tests.support.servers import free_port

Json = dict[str, Any]


class RunningCollector:
    """A collector that answers.

    Attributes:
        address: host and port.
        url: where to send and to ask.
        program: the process.
        client: for requests beside those below.
    """

    def __init__(self, folder: Path, catalogs: Sequence[Path], settings: Mapping[str, str]) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        named = [part for path in catalogs for part in ("--catalog", str(path))]
        self.program = Program(
            [
                *(sys.executable, "-m", "loopgauge_cli.main", "serve"),
                *("--data-dir", str(folder / "data"), "--port", str(port), *named),
            ],
            folder / "collector.log",
            settings,
        )
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def get(self, path: str) -> Json:
        """A JSON answer of the API."""
        answer = self.client.get(path)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def send(self, events: Sequence[Json]) -> Json:
        """POST events as JSON; the answer says what became of them."""
        answer = self.client.post("/v1/events", json={"events": list(events)})
        answer.raise_for_status()
        verdict: Json = answer.json()
        return verdict

    def kpis(self) -> dict[str, Json]:
        """Every KPI of the newest Snapshot, by id."""
        return {kpi["id"]: kpi for kpi in self.get("/api/v1/kpis")["kpis"]}

    def settled(self) -> int:
        """Wait until all that was acknowledged is in a Snapshot; the Snapshot's number."""
        # The evaluation that runs now may have read the store before; the one after has not.
        wanted = self.get("/api/v1/status")["snapshot"] + 2
        seen: Json = {}

        def is_settled() -> bool:
            seen.update(self.get("/api/v1/status"))
            pipeline = seen["pipeline"]
            nothing_waits = pipeline["waiting_events"] == 0 and not pipeline["rebuilding"]
            return bool(
                seen["snapshot"] >= wanted
                and pipeline["position"] == pipeline["committed"]
                and nothing_waits
            )

        self.program.wait_until(is_settled, "all events in a Snapshot")
        return int(seen["snapshot"])


@contextlib.contextmanager
def serving(folder: Path, *catalogs: Path, **settings: str) -> Iterator[RunningCollector]:
    """A collector while the block runs.

    Args:
        folder: takes data and log.
        catalogs: files or folders; none means the shipped samples.
        settings: `LOOPGAUGE_…` variables.
    """
    with contextlib.ExitStack() as stack:
        collector = RunningCollector(folder, catalogs, settings)
        stack.callback(collector.program.end)
        stack.enter_context(collector.client)
        collector.program.wait_for(f"{collector.url}/readyz")
        yield collector
