"""A real collector as a child process: started, watched, killed by its own pid."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

READY_SECONDS = 60.0


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def serve_command(
    data_dir: Path, port: int, catalog: Path, launcher: Sequence[str] = ("-m", "loopgauge_cli.main")
) -> list[str]:
    """The command line of `loopgauge serve`, or of a launcher that takes the same arguments."""
    return [
        sys.executable,
        *launcher,
        "serve",
        "--data-dir",
        str(data_dir),
        "--port",
        str(port),
        "--catalog",
        str(catalog),
    ]


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used in user and system mode, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class DiedError(Exception):
    """The collector ended by itself; the message holds its exit code and last lines."""


class CollectorProcess:
    """One start of the collector.

    Args:
        command: what to run, see `serve_command`.
        port: where it will listen, on 127.0.0.1.
        log: file that takes its output; appended to.
        settings: further `LOOPGAUGE_…` variables.
    """

    def __init__(
        self, command: Sequence[str], port: int, log: Path, settings: Mapping[str, str]
    ) -> None:
        self.port = port
        self._log = log
        started = time.monotonic()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LOOPGAUGE_")}
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**environment, **settings}
            )
        self._started = started
        self.ready_seconds = 0.0

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when `/readyz` answers 200; `ready_seconds` says how long it took.

        Raises:
            DiedError: the process ended, or was not ready in time.
        """
        while time.monotonic() - self._started < seconds:
            if self.exit_code is not None:
                raise DiedError(f"exit code {self.exit_code} before it was ready\n{self.tail()}")
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5)
                if answer.status_code == 200:
                    self.ready_seconds = time.monotonic() - self._started
                    return
            time.sleep(0.02)
        self.kill()
        raise DiedError(f"not ready after {seconds:.0f} s\n{self.tail()}")

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._child.poll()

    def kill(self) -> int:
        """SIGKILL, and the exit code: something else than -9 if it had ended before."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGKILL)
        return self._child.wait()

    def terminate(self, seconds: float = 60.0) -> int:
        """SIGTERM, and the exit code.

        Raises:
            DiedError: it did not end in time and was killed.
        """
        self._child.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """The exit code once it ended.

        Raises:
            DiedError: it did not end in time and was killed.
        """
        if not self.ends_within(seconds):
            self.kill()
            raise DiedError(f"still running after {seconds:.0f} s\n{self.tail()}")
        return self._child.wait()

    def ends_within(self, seconds: float) -> bool:
        """Wait so long at most; whether it ended."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def cpu_seconds(self) -> float:
        """Processor time that the process has used, from /proc."""
        return cpu_seconds(self.pid)

    def resident_bytes(self) -> int:
        """Memory that the process holds, from /proc."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def tail(self, lines: int = 30) -> str:
        """The last lines that it wrote."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
