"""A disk that fills up while events come: a small tmpfs, filled by the test."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.durability.ledger import Ledger
from tests.durability.station import Station, eventually, judge, traffic

DISK_MIB = 96
MIB = 1024 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of its own. Only root can mount one; the tests are skipped for others."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a small tmpfs has to be mounted to be filled")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode != 0:
        reason = f"a tmpfs cannot be mounted here: {mount.stderr.strip()}"
        if os.environ.get("LOOPGAUGE_REQUIRE_SERVERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Filler:
    """A file that takes the room on a disk."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._path = disk / "filler"

    def leave(self, free: int) -> None:
        """Take all but so many bytes, or as close as one gets while others write."""
        room = os.statvfs(self._disk)
        taken = self._path.stat().st_size if self._path.exists() else 0
        wanted = taken + room.f_bavail * room.f_frsize - free
        with self._path.open("ab") as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, max(wanted, 1))

    def free(self) -> None:
        """Give it all back."""
        self._path.unlink(missing_ok=True)


class Supervisor:
    """Starts the collector again when it ends by itself, as systemd or Docker would."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.restarts = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Supervisor":
        self._collector = await asyncio.to_thread(self.station.ready)
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._collector.kill()

    async def _watch(self) -> None:
        while True:
            if self._collector.exit_code is not None:
                self.restarts += 1
                self._collector = self.station.start()
            await asyncio.sleep(0.2)


async def _stores_more(ledger: Ledger) -> None:
    known = len(ledger.acknowledged)
    await eventually(lambda: len(ledger.acknowledged) > known + 1000, "ingest does not go on")


async def _reads_go_on(base: str) -> None:
    async with httpx.AsyncClient(base_url=base, timeout=30) as http:
        assert (await http.get("/readyz")).status_code == 503
        for path in ("/api/v1/kpis", "/api/v1/status", "/metrics"):
            assert (await http.get(path)).status_code == 200
        query = {"query": "select count(*) from events"}
        assert (await http.post("/api/v1/sql", json=query)).status_code == 200


@pytest.mark.durability
def test_a_disk_that_fills_slowly_is_answered_with_503_and_reads_go_on(
    disk: Path, tmp_path: Path
) -> None:
    station, filler, ledger = Station(tmp_path, data=disk / "data"), Filler(disk), Ledger()
    base = f"http://127.0.0.1:{station.port}"

    async def scenario() -> tuple[list[str], int]:
        async with Supervisor(station) as supervisor:
            async with traffic(station.port, ledger):
                await _stores_more(ledger)
                filler.leave(8 * MIB)
                known = ledger.refused
                await eventually(lambda: ledger.refused > known + 5, "a full disk refuses nothing")
                await _reads_go_on(base)
                filler.free()
                await _stores_more(ledger)
            return await judge(station.port, ledger), supervisor.restarts

    faults, restarts = asyncio.run(scenario())

    assert faults == []
    assert restarts == 0


@pytest.mark.durability
def test_a_disk_that_is_full_at_once_loses_nothing_that_was_acknowledged(
    disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # With the least reserve and frequent checkpoints the disk ends inside a commit, a
    # fold or a checkpoint, not at the gate before them.
    settings = {"LOOPGAUGE_MIN_FREE_MIB": "1", "LOOPGAUGE_CHECKPOINT_THRESHOLD_MIB": "1"}
    station = Station(tmp_path, settings, data=disk / "data")
    filler, ledger = Filler(disk), Ledger()

    async def scenario() -> tuple[list[str], int]:
        async with Supervisor(station) as supervisor:
            async with traffic(station.port, ledger):
                for room in (0, 1.2, 0, 2.0, 0, 1.2, 0):
                    await _stores_more(ledger)
                    filler.leave(int(room * MIB))
                    await asyncio.sleep(1.0)
                    filler.free()
            return await judge(station.port, ledger), supervisor.restarts

    faults, restarts = asyncio.run(scenario())

    with capsys.disabled():
        print(
            f"\nfull disk: {len(ledger.acknowledged)} acknowledged, {ledger.refused} refused, "
            f"{restarts} restarts by the supervisor"
        )
    assert faults == []
    assert ledger.refused > 0
