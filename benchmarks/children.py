"""Measurements run in processes of their own; this starts them and reads what they print."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self, TypeVar

import msgspec

ROOT = Path(__file__).resolve().parent.parent

Result = TypeVar("Result")


class Child:
    """`python -m benchmarks.<module>`, which prints lines and ends.

    Args:
        module: name inside this package.
        arguments: its command line.
    """

    def __init__(self, module: str, arguments: Sequence[object]) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def line(self) -> bytes:
        """The next line that it prints.

        Raises:
            RuntimeError: it ended without one.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"benchmarks.{self._module} ended with {self._process.wait()}")
        return line

    def result(self, kind: type[Result]) -> Result:
        """The next line, as JSON of this type."""
        return msgspec.json.decode(self.line(), type=kind)

    def go(self) -> None:
        """Tell it to begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
