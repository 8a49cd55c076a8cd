"""A collector of its own for a measurement: fresh data directory, shipped catalogs."""

import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.durability.process import CollectorProcess, free_port


class Server:
    """`loopgauge serve` on loopback while the block runs; stopped by SIGTERM at its end.

    Args:
        catalog: a folder of files, for those who change them; the shipped ones without.
    """

    def __init__(self, catalog: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loopgauge-bench-")
        self._data = Path(self._folder.name) / "data"
        self._catalog = [] if catalog is None else ["--catalog", str(catalog)]
        self.port = free_port()
        self.process = self._start()

    def _start(self) -> CollectorProcess:
        command = [
            sys.executable, "-m", "loopgauge_cli.main", "serve",
            "--data-dir", str(self._data), "--port", str(self.port), *self._catalog,
        ]  # fmt: skip
        return CollectorProcess(command, self.port, Path(self._folder.name) / "log", {})

    def restart(self) -> None:
        """Start it again on the same data, after `stop`, and wait until it is ready."""
        self.process = self._start()
        self.process.wait_ready()

    @property
    def database(self) -> Path:
        """The database file; only to be opened while the collector is stopped."""
        return self._data / "loopgauge.duckdb"

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def page(self) -> str:
        """What `/metrics` shows now."""
        return httpx.get(f"{self.endpoint}/metrics", timeout=30).text

    def evaluation_seconds(self) -> float:
        """Duration of an evaluation without load: the median of five."""
        seen: dict[float, float] = {}
        while len(seen) < 5:
            page = self.page()
            seen[sample(page, "loopgauge_snapshot_number")] = sample(
                page, "loopgauge_last_evaluation_duration_seconds"
            )
            time.sleep(0.2)
        return statistics.median(seen.values())

    def stop(self) -> int:
        """SIGTERM; the bytes that the closed database has on disk.

        Raises:
            RuntimeError: it did not end well.
        """
        code = self.process.terminate()
        if code != 0:
            raise RuntimeError(f"the collector ended with {code}\n{self.process.tail()}")
        return sum(path.stat().st_size for path in self._data.rglob("*") if path.is_file())

    def __enter__(self) -> Self:
        self.process.wait_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self._folder.cleanup()


def sample(page: str, name: str) -> float:
    """The first value of a metric on a page.

    Raises:
        LookupError: the metric is not there.
    """
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)", page, re.MULTILINE)
    if found is None:
        raise LookupError(f"/metrics shows no {name}")
    return float(found[1])
