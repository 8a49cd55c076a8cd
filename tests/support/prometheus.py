"""A real Prometheus on a free loopback port, with a configuration that the test writes."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.program import Program
from tests.support.servers import free_port, require_program

Labels = dict[str, str]

_CONFIG = """\
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: loopgauge
    static_configs:
      - targets: ["{target}"]
"""


class Prometheus:
    """Scrapes one target every second.

    Args:
        folder: takes configuration, storage and log.
        target: host and port of what has /metrics.
    """

    def __init__(self, folder: Path, target: str) -> None:
        program = require_program("prometheus")
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG.format(target=target))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.program = Program(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            folder / "prometheus.log",
        )
        self.client = httpx.Client(base_url=self.url, timeout=10)

    def query(self, expression: str, at: float | None = None) -> list[tuple[Labels, float]]:
        """The instant vector of an expression: labels and value of every series.

        Args:
            expression: PromQL.
            at: seconds since the epoch; now, if not given.
        """
        asked: dict[str, Any] = {"query": expression} | ({} if at is None else {"time": at})
        answer = self.client.get("/api/v1/query", params=asked)
        answer.raise_for_status()
        data = answer.json()["data"]
        assert data["resultType"] == "vector", data
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def number(self, expression: str, at: float | None = None) -> float | None:
        """The value of the one series that an expression has; None without a series."""
        found = self.query(expression, at)
        assert len(found) <= 1, f"{expression} is {len(found)} series: {found}"
        return found[0][1] if found else None


@contextlib.contextmanager
def scraping(folder: Path, target: str) -> Iterator[Prometheus]:
    """A Prometheus while the block runs; the arguments are those of `Prometheus`."""
    with contextlib.ExitStack() as stack:
        prometheus = Prometheus(folder, target)
        stack.callback(prometheus.program.end)
        stack.enter_context(prometheus.client)
        prometheus.program.wait_for(f"{prometheus.url}/-/ready")
        yield prometheus


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool; the caller looks at the exit code and what it said."""
    return subprocess.run(
        [require_program("promtool"), *arguments], capture_output=True, text=True, check=False
    )
