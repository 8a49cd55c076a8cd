"""SIGKILL at random and at chosen moments: 30 rounds here, 200 in `make soak`."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.durability.rounds import Plan, run


@pytest.mark.durability
def test_nothing_acknowledged_is_lost_invented_or_counted_twice_by_kills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = int(os.environ.get("LOOPGAUGE_SOAK_ROUNDS", "30"))
    seed = int(os.environ.get("LOOPGAUGE_SOAK_SEED", random.SystemRandom().getrandbits(32)))
    alive = (0.2, 1.0) if rounds <= 30 else (0.2, 3.0)

    def say(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)

    outcome = asyncio.run(run(Plan(rounds, seed, alive), tmp_path, say))

    say(outcome.summary())
    assert outcome.faults == []
    assert outcome.weaknesses == []
