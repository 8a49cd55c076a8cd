"""`loopgauge demo`: one command brings up everything, and leaves nothing behind."""

import re
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from loopgauge_cli.demo import in_words
from loopgauge_demo.processes import DemoFailed
from loopgauge_demo.run import Demo, Options

from tests.support.program import Program

#: What a shell does for a program in the background.
DEAF = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")


def demo(folder: Path, *arguments: str, through: tuple[str, ...] = ()) -> Program:
    """The command, with its temporary files under `folder`."""
    (folder / "tmp").mkdir()
    return Program(
        [*through, sys.executable, "-m", "loopgauge_cli.main", "demo", *arguments],
        folder / "demo.log",
        {"TMPDIR": str(folder / "tmp")},
    )


def left_behind(folder: Path) -> list[str]:
    """Temporary files, and processes that know of them."""
    found = [str(path) for path in (folder / "tmp").iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            place = str((process / "cwd").readlink())
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
        if str(folder) in command or str(folder) in place:
            found.append(command)
    return found


def test_it_says_where_to_look_and_ends_after_the_asked_time(tmp_path: Path) -> None:
    program = demo(tmp_path, "--days", "1", "--live-seconds", "2")

    code = program.wait(120)

    said = program.tail(60)
    assert code == 0, said
    (url,) = set(re.findall(r"loopgauge kpis --url (http://127\.0\.0\.1:\d+)", said))
    assert f"{url}/metrics" in said
    assert "musicgen.api_latency" in said
    assert re.search(r"After \d+ s everything is stored and computed", said)
    assert re.search(r"musicgen +[\d,]+ events, [\d,]+ of them late, [\d,]+ sent twice", said)
    assert "Traceback" not in said
    assert left_behind(tmp_path) == []


def test_what_became_of_the_events_is_said_and_what_did_not_happen_is_not() -> None:
    account = {"given": 1200, "stored": 1195, "quarantined": 3, "dropped": 2}

    assert in_words({**account, "late": 7, "repeated": 20}) == (
        "  1,200 events, 7 of them late, 20 sent twice, 3 set aside, 2 lost"
    )
    assert in_words({"given": 5, "quarantined": 0, "dropped": 0, "late": 0, "repeated": 0}) == (
        "      5 events, 0 of them late, 0 sent twice"
    )


@pytest.mark.parametrize(
    ("number", "through"),
    [(signal.SIGINT, DEAF), (signal.SIGTERM, ())],
    ids=["ctrl-c", "supervisor"],
)
def test_a_signal_ends_live_traffic_in_order(
    tmp_path: Path, number: signal.Signals, through: tuple[str, ...]
) -> None:
    program = demo(tmp_path, "--days", "1", through=through)
    program.wait_until(lambda: "Ctrl-C ends it" in program.tail(60), "live traffic", 120)
    assert len(left_behind(tmp_path)) > 4

    code = program.ask_to_end(number, 60)

    assert code == 0, program.tail()
    assert "Traceback" not in program.tail(200)
    assert left_behind(tmp_path) == []


def test_ctrl_c_ends_a_history_that_is_not_told_yet(tmp_path: Path) -> None:
    program = demo(tmp_path)
    program.wait_until(lambda: "Three products" in program.tail(), "the history", 60)

    code = program.ask_to_end(signal.SIGINT, 60)

    assert code == 0, program.tail()
    assert "everything is stored" not in program.tail(60)
    assert left_behind(tmp_path) == []


def test_no_process_outlives_a_demo_that_was_killed(tmp_path: Path) -> None:
    program = demo(tmp_path, "--days", "1")
    program.wait_until(lambda: "Three products" in program.tail(), "the history", 60)
    (folder,) = (tmp_path / "tmp").iterdir()

    program.kill()

    # They end by themselves, each after what it was at; the folder stays.
    deadline = time.monotonic() + 60
    while left_behind(tmp_path) != [str(folder)]:
        assert time.monotonic() < deadline, left_behind(tmp_path)
        time.sleep(0.1)


def test_a_disk_without_room_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=300 << 20))

    with (
        pytest.raises(DemoFailed, match=r"300 MiB are free in .*, the demo wants 640"),
        Demo(Options(folder=tmp_path / "kept")),
    ):
        pass

    assert list((tmp_path / "kept").iterdir()) == []


def test_a_folder_keeps_data_and_logs_but_must_be_empty_before(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    program = demo(tmp_path, "--days", "1", "--no-live", "--data-dir", str(kept))
    first, said = program.wait(120), program.tail()
    (tmp_path / "tmp").rmdir()
    second = demo(tmp_path, "--days", "1", "--no-live", "--data-dir", str(kept))

    assert first == 0
    assert f"loopgauge serve --data-dir {kept / 'collector'}" in said
    assert "Look at" not in said
    assert {"collector", "collector.log", "musicgen.log"} <= {path.name for path in kept.iterdir()}
    assert second.wait(60) == 2
    assert "is not empty" in second.tail()


def test_a_taken_port_ends_it_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program = demo(tmp_path, "--port", str(taken.getsockname()[1]))
        code = program.wait(60)

    assert code == 2
    assert "is taken" in program.tail()
    assert left_behind(tmp_path) == []
