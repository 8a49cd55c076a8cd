"""`loopgauge serve`: it starts, says where to look, and ends in order."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Server

CATALOG = """
product: shop
title: Web shop
tables:
  main:
    title: Main
    kpis:
      orders: {row: S1, title: Orders placed, kind: count, event: order.placed, window: 7d}
events:
  order.placed: {}
"""


def _serve(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `serve` where it cannot start."""
    return subprocess.run(
        [sys.executable, "-m", "loopgauge_cli.main", "serve", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_it_says_where_to_look_keeps_its_data_to_itself_and_ends_in_order(
    serve: "Callable[..., Server]", tmp_path: Path
) -> None:
    server = serve()

    assert "running the three sample products" in server.errors
    for path in ("/", "/metrics", "/api/v1/kpis"):
        assert f"{server.url}{path}\n" in server.said
        with urllib.request.urlopen(server.url + path, timeout=30) as answer:
            assert "server" not in {name.lower() for name in answer.headers}
    assert (tmp_path / "loopgauge-data").stat().st_mode & 0o777 == 0o700

    second = _serve(tmp_path, "--port", "0")
    assert second.returncode == 2
    assert "in use by another collector" in second.stderr
    assert "--data-dir" in second.stderr

    server.signal(signal.SIGINT)
    assert server.wait() == 0
    assert "everything that was acknowledged is stored" in server.errors
    assert "Traceback" not in server.errors
    assert "GET" not in server.errors


def test_an_event_that_was_acknowledged_is_there_after_a_restart(
    serve: "Callable[..., Server]", tmp_path: Path
) -> None:
    (tmp_path / "loopgauge").mkdir()
    (tmp_path / "loopgauge" / "shop.yaml").write_text(CATALOG)
    server = serve()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {
        "id": "01a1fc63-3b9e-7a1a-beb1-6ada4eba407e",
        "name": "order.placed",
        "time": now,
        "product": "shop",
        "service": "api",
    }
    request = urllib.request.Request(
        f"{server.url}/v1/events",
        json.dumps({"events": [event]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["accepted"] == 1
    server.signal(signal.SIGTERM)
    assert server.wait() == 0

    again = serve()

    (kpi,) = json.loads(_get(f"{again.url}/api/v1/kpis"))["kpis"]
    assert (kpi["id"], kpi["value"]) == ("shop.orders", 1.0)
    assert "sample" not in again.errors


def test_a_taken_port_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = _serve(tmp_path, "--port", str(port))

    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "loopgauge-data").exists()


def test_beyond_loopback_it_does_not_start_unasked(tmp_path: Path) -> None:
    done = _serve(tmp_path, "--host", "0.0.0.0", "--port", "0")

    assert done.returncode == 2
    assert "--allow-unauthenticated" in done.stderr
    assert not (tmp_path / "loopgauge-data").exists()


def test_a_bad_catalog_stops_the_start_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CATALOG.replace("window: 7d", "windw: 7d"))

    done = _serve(tmp_path, "--catalog", "shop.yaml", "--port", "0")

    assert done.returncode == 2
    assert "shop.yaml:8:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_that_is_wrong_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPGAUGE_LABEL_CAP", "many")

    done = _serve(tmp_path, "--port", "0")

    assert done.returncode == 2
    assert "LOOPGAUGE_LABEL_CAP: " in done.stderr
    assert "Traceback" not in done.stderr


def test_sighup_takes_a_better_catalog_and_keeps_the_old_one_over_a_worse(
    serve: "Callable[..., Server]", tmp_path: Path
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(CATALOG)
    server = serve("--catalog", str(path))

    path.write_text(CATALOG.replace("window: 7d", "windw: 7d"))
    server.signal(signal.SIGHUP)
    server.wait_for_line("the old one stays")
    assert f"ERROR server: catalog: {path}:8:" in server.errors
    assert "orders" in _get(f"{server.url}/api/v1/kpis")

    path.write_text(CATALOG.replace("orders:", "purchases:"))
    for _ in range(100):
        server.signal(signal.SIGHUP)
    server.wait_for_line("INFO server: catalog: 1 KPIs")
    deadline = time.monotonic() + 30
    while "shop.purchases" not in _get(f"{server.url}/api/v1/kpis"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
