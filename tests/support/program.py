"""A program as a child process: started with a clean environment, watched, ended by its pid."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]


class ProgramDied(Exception):
    """The program ended by itself, or did not get ready; the message holds its last lines."""


class Program:
    """One running program.

    Args:
        command: what to run.
        log: file that takes its output; appended to.
        environment: variables beside this process's own; LOOPGAUGE_… ones are not inherited.
        cwd: where it runs; by default the repository.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        self._log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("LOOPGAUGE_")}
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=inherited | dict(environment or {}),
                cwd=cwd,
            )

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._child.poll()

    def wait_for(self, url: str, seconds: float = 60.0) -> None:
        """Return when the URL answers 200.

        Raises:
            ProgramDied: the program ended, or did not answer in time.
        """
        with httpx.Client(timeout=5) as client:
            self.wait_until(lambda: client.get(url).status_code == 200, url, seconds)

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Return when something holds; transport errors mean not yet.

        Raises:
            ProgramDied: the program ended, or it did not hold in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.exit_code is not None:
                raise ProgramDied(f"exit code {self.exit_code}\n{self.tail()}")
            with contextlib.suppress(httpx.TransportError):
                if holds():
                    return
            time.sleep(0.05)
        raise ProgramDied(f"after {seconds:.0f} s still not: {what}\n{self.tail()}")

    def ask_to_end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Send a signal and wait for the exit code.

        Raises:
            ProgramDied: it did not end in time and was killed.
        """
        self._child.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """The exit code once it ended.

        Raises:
            ProgramDied: it did not end in time and was killed.
        """
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProgramDied(f"still running after {seconds:.0f} s\n{self.tail()}") from None

    def end(self) -> None:
        """Leave no process behind: asked first, so that it can write what it has."""
        if self.exit_code is None:
            with contextlib.suppress(ProgramDied):
                self.ask_to_end()

    def kill(self) -> None:
        """Leave no process behind, at once."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        self._child.wait()

    def tail(self, lines: int = 30) -> str:
        """The last lines that it wrote."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
