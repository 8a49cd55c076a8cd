"""The example in one command: a collector, the video service and its users. Ctrl-C ends all.

python -m examples.video_service.demo
"""

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import loopgauge_catalog

from examples.video_service.load import load

_READY_SECONDS = 60.0
_END_SECONDS = 60.0
_SAMPLES = Path(loopgauge_catalog.__file__).parent / "tables"


class NotReady(Exception):
    """A part of the demo did not start; what it wrote says why."""


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.video_service.demo")
    parser.add_argument("--collector-port", type=int, default=4318)
    parser.add_argument("--service-port", type=int, default=8000)
    parser.add_argument("--per-second", type=float, default=5.0, help="users that come")
    parser.add_argument("--seconds", type=float, help="end after so long")
    parser.add_argument("--data-dir", type=Path, help="keep the store here; else it is deleted")
    options = parser.parse_args()
    # A supervisor's SIGTERM ends the demo the same way as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    collector = f"http://127.0.0.1:{options.collector_port}"
    service = f"http://127.0.0.1:{options.service_port}"
    try:
        with contextlib.ExitStack() as stack:
            data = options.data_dir or stack.enter_context(tempfile.TemporaryDirectory())
            serve = ["loopgauge_cli.main", "serve", "--catalog", str(_SAMPLES)]
            serve += ["--data-dir", str(data), "--port", str(options.collector_port)]
            stack.enter_context(_running(serve, f"{collector}/readyz", collector))
            videos = ["examples.video_service", "--port", str(options.service_port), "--quiet"]
            stack.enter_context(_running(videos, f"{service}/openapi.json", collector))
            print(
                f"\nThe video service runs on {service}; {options.per_second:g} users a second.\n"
                f"  {collector}/         all KPIs\n"
                f"  {collector}/metrics  for Prometheus\n"
                f"  loopgauge kpis --product ytempire --url {collector}\n"
                "Ctrl-C ends it.",
                flush=True,
            )
            asyncio.run(load(service, per_second=options.per_second, seconds=options.seconds))
    except KeyboardInterrupt:
        return 0
    except NotReady as error:
        print(error, file=sys.stderr)
        return 2
    return 0


@contextlib.contextmanager
def _running(module: Sequence[str], url: str, collector: str) -> Iterator[None]:
    """A Python module as a program, from when its URL answers; ended by its pid."""
    child = subprocess.Popen(
        [sys.executable, "-m", *module],
        env=os.environ | {"LOOPGAUGE_ENDPOINT": collector},
        # Ctrl-C reaches this process alone, which then ends the others in order.
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + _READY_SECONDS
        with httpx.Client(timeout=5) as client:
            while not _answers(client, url):
                if child.poll() is not None or time.monotonic() > deadline:
                    raise NotReady(f"{module[0]} did not start; see above")
                time.sleep(0.1)
        yield
    finally:
        child.terminate()
        try:
            child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()


def _answers(client: httpx.Client, url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get(url).status_code == 200
    return False


if __name__ == "__main__":
    sys.exit(main())
