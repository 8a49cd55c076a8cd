"""Child processes of the demo: a collector and the products, each ended by its own handle."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

#: A collector stores all that it accepted before it ends.
_END_SECONDS: Final = 60.0
_URL: Final = re.compile(r"http://\S+:\d+(?=/)")


class DemoFailed(Exception):
    """The demo cannot go on; the text says why, with the last lines of who failed."""


class Child:
    """A Python module that runs as a process of its own.

    Its standard input stays open as long as this process lives; the end of it tells the child
    to stop, however this process ended.

    Args:
        module: what `python -m` runs.
        arguments: for it.
        log: takes its standard error.
        cwd: where it runs.
    """

    def __init__(self, module: str, arguments: Sequence[str], log: Path, cwd: Path) -> None:
        self.name = log.stem
        self._log = log
        # A setting that somebody made for another collector must not reach this one.
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LOOPGAUGE_")}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", module, *arguments],
                # A line that waits in a buffer is one that `select` does not see.
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean,
                cwd=cwd,
                # Ctrl-C reaches this process alone, which then ends the others in order.
                start_new_session=True,
            )

    @property
    def output(self) -> int:
        """The descriptor of its standard output."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def readline(self) -> str:
        """The next line that it says; empty at the end."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode()

    def tell(self, word: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{word}\n".encode())
            self._process.stdin.flush()

    def wait(self) -> int:
        """Its exit code, once it has closed its output; killed when it stays all the same."""
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def check(self) -> None:
        """See that it runs.

        Raises:
            DemoFailed: it ended by itself.
        """
        code = self._process.poll()
        if code is not None:
            raise DemoFailed(f"{self.name} ended with exit code {code}\n{self._tail()}")

    def hang_up(self) -> None:
        """End its standard input, without waiting for anything."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def end(self) -> None:
        """Ask it to end and wait; kill it if it does not."""
        self.hang_up()
        self.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _tail(self, lines: int = 12) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])


class CollectorProcess(Child):
    """`loopgauge serve`.

    Args:
        folder: takes the database and the log.
        catalogs: folder with the catalogs.
        port: 0 picks a free one.

    Attributes:
        url: where it answers, once it is ready.
    """

    def __init__(self, folder: Path, catalogs: Path, port: int) -> None:
        arguments = ["loopgauge_cli.main", "serve", "--catalog", str(catalogs)]
        arguments += ["--port", str(port), "--data-dir", str(folder / "collector")]
        super().__init__("loopgauge_demo.tethered", arguments, folder / "collector.log", folder)
        self.url = ""

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            DemoFailed: it did not start; the text has its last lines.
        """
        while not self.url:
            line = self.readline()
            if not line:
                self.wait()
                self.check()
            found = _URL.search(line)
            self.url = found.group() if found else ""

    def wait_until_computed(self, seconds: float = 300.0) -> None:
        """Wait until every stored event is in the numbers that are shown.

        Raises:
            DemoFailed: it ended, or took longer than that.
        """
        # The evaluation that runs now may have read the store before; the one after has not.
        wanted = self.get("/api/v1/status")["snapshot"] + 2
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            status = self.get("/api/v1/status")
            pipeline = status["pipeline"]
            folded = pipeline["position"] == pipeline["committed"]
            if folded and not pipeline["waiting_events"] and status["snapshot"] >= wanted:
                return
            time.sleep(0.2)
        raise DemoFailed(f"the collector has not computed everything after {seconds:.0f} s")

    def get(self, path: str) -> Any:
        """The JSON answer of a route."""
        # A proxy of the environment is for the web, not for a collector next door.
        return httpx.get(self.url + path, timeout=60, trust_env=False).raise_for_status().json()
