"""A collector of its own for a measurement: fresh data directory, shipped catalogs."""

import re
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.durability.process import CollectorProcess, free_port


class Server:
    """`loopgauge serve` on loopback while the block runs; stopped by SIGTERM at its end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loopgauge-bench-")
        self.port = free_port()
        folder = Path(self._folder.name)
        self._data = folder / "data"
        command = [
            sys.executable, "-m", "loopgauge_cli.main", "serve",
            "--data-dir", str(self._data), "--port", str(self.port),
        ]  # fmt: skip
        self.process = CollectorProcess(command, self.port, folder / "log", {})

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def page(self) -> str:
        """What `/metrics` shows now."""
        return httpx.get(f"{self.endpoint}/metrics", timeout=30).text

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
