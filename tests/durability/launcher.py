"""The real `loopgauge` command with one addition: it kills itself at a chosen point.

A point between two commits is a fraction of a millisecond wide, so nobody outside can
aim at it. Run as `python -m tests.durability.launcher serve …`; PROOF_KILL names the
point, PROOF_SEED decides at which of its visits.
"""

import os
import random
import signal
from collections.abc import Callable
from typing import Any

from loopgauge_cli.main import main
from loopgauge_collector import folding
from loopgauge_collector.partials.fold import FoldPlan
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.storage.commit import Committer

#: How often a point is passed before the kill, at most.
VISITS = {"unanswered": 80, "unfolded": 5, "folding": 5, "merging": 3}
MERGE_EVERY_SECONDS = 0.3


def arm(kind: str, seed: int) -> None:
    """Put the kill in place.

    Args:
        kind: a key of `VISITS`, see `rounds.KINDS`.
        seed: decides at which visit.
    """
    visits = random.Random(seed).randint(1, VISITS[kind])

    def visit() -> None:
        nonlocal visits
        visits -= 1
        if visits == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    match kind:
        case "unanswered":
            _after(Committer, "commit", visit)
        case "unfolded":
            _before_fold(visit)
        case "folding":
            # `run` has appended the partials; the caller commits them with the position.
            _after(FoldPlan, "run", visit)
        case "merging":
            _inside_merge(visit)


def _after(owner: type, name: str, visit: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def wrapped(*args: Any, **named: Any) -> Any:
        result = original(*args, **named)
        visit()
        return result

    setattr(owner, name, wrapped)


def _before_fold(visit: Callable[[], None]) -> None:
    original = Folder.fold

    def wrapped(self: Folder, committed: int) -> bool:
        if committed > self.position:
            visit()
        return original(self, committed)

    setattr(Folder, "fold", wrapped)  # noqa: B010  # mypy refuses to assign to a method


def _inside_merge(visit: Callable[[], None]) -> None:
    """The merge tells readers last of all, before it commits: that is the point."""
    merge, announce = Folder.merge, Folder._new_generation
    merging = False

    def wrapped_merge(self: Folder) -> None:
        nonlocal merging
        merging = True
        merge(self)
        merging = False

    def wrapped_announce(self: Folder) -> None:
        announce(self)
        if merging:
            visit()

    setattr(Folder, "merge", wrapped_merge)  # noqa: B010
    setattr(Folder, "_new_generation", wrapped_announce)  # noqa: B010
    setattr(folding, "_MERGE_EVERY", MERGE_EVERY_SECONDS)  # noqa: B010


if __name__ == "__main__":
    arm(os.environ["PROOF_KILL"], int(os.environ["PROOF_SEED"]))
    main()
