"""The kill test: clients send, the collector is killed again and again, and the books are compared.

`python -m tests.durability --rounds 200` runs it for as long as you like.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from tests.durability import reading, tally
from tests.durability.ledger import Ledger
from tests.durability.process import CollectorProcess, DiedError, free_port, serve_command
from tests.durability.proxy import Reply, SwallowingProxy
from tests.durability.traffic import Client, team
from tests.durability.verdict import Floor, faults, weaknesses

Kind = Literal["random", "checkpoint", "unanswered", "unfolded", "folding", "merging"]

#: Share of the rounds by where the kill lands. `random`: anywhere, sometimes in a rebuild.
#: `checkpoint`: while DuckDB writes the database file. `unanswered`: events committed and
#: the answer not sent. `unfolded`: between the events' commit and the fold. `folding`:
#: right before the partials' commit. `merging`: right before the recent partials' merge
#: is committed.
KINDS: dict[Kind, float] = {
    "random": 0.30,
    "checkpoint": 0.20,
    "unanswered": 0.15,
    "unfolded": 0.10,
    "folding": 0.15,
    "merging": 0.10,
}
CATALOG = Path(__file__).with_name("catalog.yaml")
LAUNCHER = ("-m", "tests.durability.launcher")
SETTINGS = {"LOOPGAUGE_CHECKPOINT_THRESHOLD_MIB": "1"}
#: How long a round waits for its kill point before it kills anyway.
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard a run tries.

    Attributes:
        rounds: number of kills.
        seed: of everything random.
        alive: seconds from ready to a random kill, least and most.
        events_per_second: of all clients together, while all goes well.
    """

    rounds: int
    seed: int
    alive: tuple[float, float]
    events_per_second: float = 6000.0

    def kinds(self) -> list[Kind]:
        """The rounds' kinds in the order in which they come."""
        kinds: list[Kind] = []
        for kind, share in KINDS.items():
            kinds += [kind] * max(1, round(share * self.rounds))
        kinds += ["random"] * (self.rounds - len(kinds))
        random.Random(self.seed).shuffle(kinds)
        return kinds[: self.rounds]

    def floor(self) -> Floor:
        """What the run must reach to mean anything."""
        planned = Counter(self.kinds())
        return Floor(
            acknowledged=500 * self.rounds,
            replays=2 * self.rounds,
            # A kill aimed at a checkpoint may miss it; most must not.
            kills={kind: max(1, count // 2) for kind, count in planned.items()},
        )


@dataclass(slots=True)
class Outcome:
    """How a run went."""

    plan: Plan
    ledger: Ledger
    kills: Counter[str]
    faults: list[str] = field(default_factory=list)
    weaknesses: list[str] = field(default_factory=list)
    ready_seconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    lost: int = 0
    doubled: int = 0
    replays: int = 0

    def summary(self) -> str:
        """One line for people."""
        kinds = ", ".join(f"{kind} {self.kills[kind]}" for kind in KINDS)
        slowest = max(self.ready_seconds, default=0.0)
        return (
            f"kill test, seed {self.plan.seed}: {self.kills.total()} kills ({kinds}); "
            f"{len(self.ledger.acknowledged)} acknowledged, {self.replays} replayed, "
            f"{self.ledger.swallowed} answers swallowed, {self.lost} lost, {self.doubled} doubled; "
            f"slowest start {slowest:.1f} s; {self.seconds:.0f} s"
        )


async def run(plan: Plan, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Run all rounds and judge.

    Args:
        plan: how hard to try.
        folder: for the data directory and the logs; kept for who has to look at a failure.
        say: takes a line after every round.
    """
    began = time.monotonic()
    rng = random.Random(plan.seed)
    ledger, kills = Ledger(), Counter[str]()
    outcome = Outcome(plan, ledger, kills)
    target = _Target(folder, free_port(), rng)
    clients = team(4, ledger, rng, plan.events_per_second)
    proxy = SwallowingProxy(target.port, 0.05, rng, lambda tag, reply: _tell(clients, tag, reply))
    port, stop = await proxy.start(), asyncio.Event()
    traffic = [asyncio.create_task(client.run(port, stop)) for client in clients]
    try:
        for number, kind in enumerate(plan.kinds(), start=1):
            landed, alive, ready = await target.round(kind, rng.uniform(*plan.alive))
            kills[landed] += 1
            outcome.ready_seconds.append(ready)
            say(
                f"round {number}/{plan.rounds} {landed:<10} ready {ready:.1f} s, "
                f"alive {alive:.1f} s, {len(ledger.acknowledged)} acknowledged, "
                f"{ledger.swallowed} answers swallowed"
            )
        collector = await target.start()
        stop.set()
        await asyncio.wait_for(asyncio.gather(*traffic), timeout=120)
        found = await asyncio.to_thread(reading.everything, target.port)
        if collector.terminate() != 0:
            outcome.faults.append(f"SIGTERM did not end well:\n{collector.tail()}")
    except (DiedError, TimeoutError) as error:
        outcome.faults.append(f"{type(error).__name__}: {error}")
        return outcome
    finally:
        for task in traffic:
            task.cancel()
        await asyncio.gather(*traffic, return_exceptions=True)
        await proxy.stop()
        target.end()
    outcome.faults += faults(ledger, found, tally.expected(ledger.issued))
    outcome.weaknesses = weaknesses(ledger, found, kills, plan.floor())
    outcome.lost = len((ledger.acknowledged & ledger.issued) - set(found.stored))
    outcome.doubled = sum(times - 1 for times in found.stored.values())
    outcome.replays = found.accounting.get("duplicate", 0)
    outcome.seconds = time.monotonic() - began
    return outcome


def _tell(clients: Sequence[Client], tag: str, reply: Reply) -> None:
    clients[int(tag.partition("-")[0])].swallowed(tag, reply)


class _Target:
    """The one data directory, and the collector that runs on it now."""

    def __init__(self, folder: Path, port: int, rng: random.Random) -> None:
        self.port = port
        self._folder = folder
        self._data = folder / "data"
        self._rng = rng
        self._running: CollectorProcess | None = None

    async def start(self, kind: Kind = "random") -> CollectorProcess:
        """Start a collector and wait until it is ready."""
        settings, launcher = dict(SETTINGS), ("-m", "loopgauge_cli.main")
        if kind not in ("random", "checkpoint"):
            launcher = LAUNCHER
            settings |= {"PROOF_KILL": kind, "PROOF_SEED": str(self._rng.getrandbits(32))}
        command = serve_command(self._data, self.port, CATALOG, launcher)
        log = self._folder / "collector.log"
        self._running = CollectorProcess(command, self.port, log, settings)
        try:
            await asyncio.to_thread(self._running.wait_ready)
        except DiedError:
            # Senders do not wait for /readyz: a kill point may be reached before we see it.
            if launcher is not LAUNCHER or self._running.exit_code != -9:
                raise
        return self._running

    async def round(self, kind: Kind, seconds: float) -> tuple[Kind, float, float]:
        """Start, let it work, kill it.

        Args:
            kind: where the kill is meant to land.
            seconds: how long a random kill waits.

        Returns:
            Where it did land, seconds alive and seconds to become ready.

        Raises:
            DiedError: the collector ended for another reason than our kill.
        """
        collector = await self.start(kind)
        ready = time.monotonic()
        landed = kind
        if kind == "random":
            await asyncio.sleep(seconds / 2)
            if self._rng.random() < 0.3:
                await self._rebuild()
            await asyncio.sleep(seconds / 2)
            code = collector.kill()
        elif kind == "checkpoint":
            code = await self._shoot(collector)
            landed = "checkpoint" if self._wal_stands() else "random"
        else:
            if not await asyncio.to_thread(collector.ends_within, PATIENCE_SECONDS):
                landed = "random"
            code = collector.kill()
        if code != -9:
            raise DiedError(f"the collector ended by itself with {code}\n{collector.tail()}")
        return landed, time.monotonic() - ready, collector.ready_seconds

    async def _rebuild(self) -> None:
        """Ask for a rebuild, so that the kill may land in the middle of one."""
        async with httpx.AsyncClient(timeout=20) as http:
            url = f"http://127.0.0.1:{self.port}/api/v1/rebuild"
            (await http.post(url, json={})).raise_for_status()

    async def _shoot(self, collector: CollectorProcess) -> int:
        """Kill it inside the next checkpoint, by a watcher of its own."""
        sniper = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("sniper.py")),
            f"--pid={collector.pid}",
            f"--database={self._data / 'loopgauge.duckdb'}",
            f"--seconds={PATIENCE_SECONDS}",
            f"--seed={self._rng.getrandbits(32)}",
            stdout=subprocess.DEVNULL,
        )
        await sniper.wait()
        return collector.kill()

    def _wal_stands(self) -> bool:
        """A checkpoint ends by removing the WAL: while it stands, the kill was inside."""
        return (self._data / "loopgauge.duckdb.wal").exists()

    def end(self) -> None:
        """Leave no process behind."""
        if self._running is not None:
            self._running.kill()
