"""The video service's own demo: one command brings up all of it, Ctrl-C takes all of it down."""

import signal
import socket
import sys
from pathlib import Path

import httpx

from tests.support.program import Program
from tests.support.servers import free_port


def test_the_demo_feeds_kpis_and_leaves_nothing_behind(tmp_path: Path) -> None:
    collector, service = free_port(), free_port()
    demo = Program(
        [
            *(sys.executable, "-m", "examples.video_service.demo", "--per-second", "20"),
            *("--collector-port", str(collector), "--service-port", str(service)),
            *("--data-dir", str(tmp_path / "data")),
        ],
        tmp_path / "demo.log",
    )
    url = f"http://127.0.0.1:{collector}/api/v1/kpis/ytempire/uploads"
    try:
        with httpx.Client(timeout=5) as client:
            demo.wait_until(lambda: (client.get(url).json()["value"] or 0) >= 3, "three uploads")
    finally:
        code = demo.ask_to_end(signal.SIGINT)

    assert code == 0, demo.tail()
    assert "Traceback" not in demo.tail(200)
    assert not answers(collector)
    assert not answers(service)


def test_a_taken_port_ends_the_demo_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        demo = Program(
            [
                *(sys.executable, "-m", "examples.video_service.demo"),
                *("--collector-port", str(taken.getsockname()[1])),
            ],
            tmp_path / "demo.log",
        )
        code = demo.wait(60)

    assert code == 2
    assert "is taken" in demo.tail()


def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx.ConnectError:
        return False
    return True
