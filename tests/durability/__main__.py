"""`python -m tests.durability`: the kill test for as many rounds as wanted."""

import argparse
import asyncio
import random
import tempfile
from pathlib import Path

from tests.durability.rounds import Plan, run


def main() -> int:
    """Print a line per round and a summary; 1 when something was lost or the run was weak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, help="kept; a temporary one without")
    arguments = parser.parse_args()
    seed = random.SystemRandom().getrandbits(32) if arguments.seed is None else arguments.seed
    plan = Plan(arguments.rounds, seed, alive=(0.2, 3.0))
    with tempfile.TemporaryDirectory(prefix="loopgauge-proof-") as temporary:
        folder = arguments.folder or Path(temporary)
        outcome = asyncio.run(run(plan, folder, lambda line: print(line, flush=True)))
    for sentence in outcome.faults:
        print(f"FAULT: {sentence}")
    for sentence in outcome.weaknesses:
        print(f"TOO WEAK: {sentence}")
    print(outcome.summary())
    return int(bool(outcome.faults or outcome.weaknesses))


if __name__ == "__main__":
    raise SystemExit(main())
