"""Kills a process while DuckDB is inside a checkpoint.

Between checkpoints DuckDB writes only to the WAL, so the first change of the database
file means that one has begun. It runs as its own process because it must not miss it.
"""

import argparse
import os
import random
import signal
import time
from pathlib import Path

POLL_SECONDS = 0.0001


def main() -> int:
    """Watch and shoot; 0 when it fired, 1 when no checkpoint came in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="how long to wait")
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    delay = random.Random(arguments.seed).uniform(0, 0.004)
    before = arguments.database.stat().st_mtime_ns
    deadline = time.monotonic() + arguments.seconds
    while time.monotonic() < deadline:
        if arguments.database.stat().st_mtime_ns != before:
            time.sleep(delay)
            os.kill(arguments.pid, signal.SIGKILL)
            return 0
        time.sleep(POLL_SECONDS)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
