"""`loopgauge run`: the command comes first, whatever the collector does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loopgauge_cli.app import app
from typer.testing import CliRunner, Result

RUN = [sys.executable, "-m", "loopgauge_cli.main", "run", "--as", "deploy"]


def _run(port: int, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, "--url", f"http://127.0.0.1:{port}", "--", *command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _here(port: int, *command: str) -> Result:
    """The same in this process, where only the words and the exit code matter."""
    url = f"http://127.0.0.1:{port}"
    return CliRunner().invoke(app, ["run", "--as", "deploy", "--url", url, "--", *command])


def _starts(*command: str, url: str) -> "subprocess.Popen[str]":
    """Start a command in a process group of its own, as a shell does."""
    return subprocess.Popen(
        [*RUN, "--url", url, "--", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_is_the_commands_own(closed_port: int, code: int) -> None:
    assert _here(closed_port, "sh", "-c", f"exit {code}").exit_code == code


def test_the_streams_are_the_commands_own(closed_port: int) -> None:
    done = _run(closed_port, "sh", "-c", "cat; echo err >&2", stdin="in\n")

    assert done.stdout == "in\n"
    assert done.stderr.startswith("err\n")


def test_options_after_the_command_belong_to_the_command(closed_port: int) -> None:
    done = _run(closed_port, "echo", "--as", "x", "--url", "y", "--", "-n")

    assert done.stdout == "--as x --url y -- -n\n"


def test_an_absent_collector_costs_one_line(closed_port: int) -> None:
    done = _here(closed_port, "true")

    assert done.exit_code == 0
    assert done.stderr == (
        f"loopgauge: events were not sent: no collector at http://127.0.0.1:{closed_port}; "
        "start one with `loopgauge serve`, or name another with --url\n"
    )


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (200, b"{}"), (200, b"[]"), (404, b"no"), (500, b"{}")]
)
def test_a_stranger_on_the_port_costs_a_line_too(
    web: Callable[[int, bytes], str], status: int, body: bytes
) -> None:
    port = int(web(status, body).rpartition(":")[2])

    done = _here(port, "sh", "-c", "exit 4")

    assert done.exit_code == 4
    assert done.stderr.startswith("loopgauge: ")


def test_a_command_that_is_not_there_is_127(closed_port: int) -> None:
    done = _here(closed_port, "/nowhere/at-all")

    assert done.exit_code == 127
    assert "/nowhere/at-all: command not found" in done.stderr


def test_a_file_that_is_no_command_is_126(closed_port: int, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("x")

    assert _here(closed_port, str(tmp_path / "note")).exit_code == 126


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_goes_through_to_the_command(closed_port: int, number: signal.Signals) -> None:
    script = f"trap 'echo got; exit 9' {int(number)}; echo ready; while :; do sleep 0.05; done"
    process = _starts("sh", "-c", script, url=f"http://127.0.0.1:{closed_port}")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    os.kill(process.pid, number)

    out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == ("got\n", 9)


def test_death_by_a_signal_is_what_a_shell_says(closed_port: int) -> None:
    done = _here(closed_port, "sh", "-c", "kill -KILL $$")

    assert done.exit_code == 128 + signal.SIGKILL


def test_what_is_ignored_stays_ignored_for_the_command(closed_port: int) -> None:
    script = "import signal, sys; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"

    done = subprocess.run(
        ["nohup", *RUN, "--url", f"http://127.0.0.1:{closed_port}", "--", sys.executable, "-c",
         script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )  # fmt: skip

    assert done.stdout == "True\n"


def test_a_collector_that_hangs_does_not_hold_the_command_up(tmp_path: Path) -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        begun = time.monotonic()
        process = _starts(
            "touch", str(tmp_path / "done"), url=f"http://127.0.0.1:{deaf.getsockname()[1]}"
        )
        while not (tmp_path / "done").exists() and time.monotonic() - begun < 20:
            time.sleep(0.01)
        ran_after = time.monotonic() - begun
        _, errors = process.communicate(timeout=60)

    assert ran_after < 20
    assert process.returncode == 0
    assert "does not answer" in errors


@pytest.mark.parametrize("name", ["Deploy", "deploy!", ".deploy", "deploy..x", "1deploy", ""])
def test_a_name_that_gives_no_event_is_refused_before_anything_runs(
    name: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["run", "--as", name, "--", "touch", str(tmp_path / "ran")])

    assert done.exit_code == 2
    assert not (tmp_path / "ran").exists()
