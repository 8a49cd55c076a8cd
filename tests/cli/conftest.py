"""Servers for the command line to talk to: none at all, a foreign one, a real collector."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CATALOG = """
product: shop
title: Web shop
services: [shop-api]
tables:
  main:
    title: Main
    kpis:
      orders: {row: S1, title: Orders placed, kind: count, event: order.placed, window: 7d,
               once_per: order.id, target: {at_least: 1}}
      deployments: {row: S2, title: Deployments, kind: count, event: deploy.finished, window: 7d,
                    where: {outcome: ok}}
      up: {row: S3, title: Share up, kind: ratio, event: probe.checked, matching: {outcome: ok},
           window: 1h}
      refunds: {row: S4, title: Refunds, kind: count, event: refund.paid, window: 7d}
events:
  order.placed:
    attributes: {order.id: {required: true}, amount: {type: number}, paid: {type: boolean}}
  deploy.started: {source: batch}
  deploy.finished: {source: batch, attributes: {outcome: {allowed: [ok, failed]}}}
  probe.checked: {attributes: {outcome: {allowed: [ok, failed]}}}
  refund.paid: {}
"""


class Server:
    """A real `loopgauge serve`, as a child process.

    Attributes:
        url: where it says that it is.
        said: what it printed before it was ready.
    """

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.folder = folder
        self._errors = (folder / "stderr").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loopgauge_cli.main", "serve", "--port", str(port), *arguments],
            cwd=folder,
            env={**os.environ, "LOOPGAUGE_EVALUATION_INTERVAL_SECONDS": "0.1"},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Ctrl-C"):
                break
        found = re.search(r"http://\S+:\d+", self.said)
        if found is None:
            self.close()
            pytest.fail(f"the collector did not start:\n{self.errors}")
        self.url = found[0]

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return (self.folder / "stderr").read_text()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(timeout=60)

    def wait_for_line(self, pattern: str) -> None:
        """Wait until it has logged this."""
        deadline = time.monotonic() + 30
        while not re.search(pattern, self.errors):
            assert time.monotonic() < deadline, self.errors
            time.sleep(0.02)

    def close(self) -> None:
        """End it, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        self.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts real collectors in a folder of their own."""
    started: list[Server] = []

    def start(*arguments: str, **given: int) -> Server:
        started.append(Server(tmp_path, *arguments, **given))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real collector of the test's own catalog for all tests of a file."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "shop.yaml").write_text(CATALOG)
    server = Server(folder, "--catalog", "shop.yaml")
    yield server
    server.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody answers on: bound for the time of the test, never listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


@pytest.fixture
def web() -> Iterator[Callable[[int, bytes], str]]:
    """Starts a web server that answers every request with this status and body."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes = b"hello") -> str:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
