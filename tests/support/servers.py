"""Real programs that a test starts: found, or the test says which package brings them."""

import os
import shutil
import socket

import pytest

#: Program -> Debian package that has it.
PACKAGES = {
    "curl": "curl",
    "docker-compose": "docker-compose",
    "prometheus": "prometheus",
    "promtool": "prometheus",
}


def require_program(name: str) -> str:
    """The program's path; without it the test is skipped, or fails where servers are required.

    LOOPGAUGE_REQUIRE_SERVERS=1 makes a failure of the skip, so that a run which must test
    everything cannot pass by testing less.
    """
    found = shutil.which(name)
    if found is None:
        message = f"{name} is not installed (apt-get install {PACKAGES[name]})"
        if os.environ.get("LOOPGAUGE_REQUIRE_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
