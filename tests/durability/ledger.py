"""The oracle's book: what was issued, what was acknowledged, what the collector answered.

It lives outside the collector and is never killed.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.durability import identity


@dataclass(slots=True)
class Batch:
    """What one request carries.

    Attributes:
        ids: issued events, flawed ones among them.
        forged: an id that was acknowledged before, now with other attributes.
        log_lines: OTLP records without a name, which are no events.
    """

    ids: list[UUID]
    forged: UUID | None = None
    log_lines: int = 0

    def __len__(self) -> int:
        return len(self.ids) + (self.forged is not None) + self.log_lines


@dataclass(slots=True)
class Ledger:
    """Issued and acknowledged ids, and the counts that the accounting must agree with.

    Attributes:
        answered: outcomes that answers of the collector stated, swallowed ones included.
        unknown: records of requests that never got an answer; each is counted or not.
        unknown_outcomes: how many of `unknown` must be quarantined or ignored, if counted.
        swallowed: answers that the proxy kept for itself after the commit.
        wrong_answers: answers that contradict what was sent, in words.
    """

    issued: set[int] = field(default_factory=set)
    flawed: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    answered: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    unknown_outcomes: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    refused: int = 0
    swallowed: int = 0
    forged: int = 0
    wrong_answers: list[str] = field(default_factory=list)

    def issue(self, client: int, sequence: int, rng: random.Random) -> UUID:
        """Mint an id and note it before anybody else sees it."""
        flawed = rng.random() < 0.004
        event_id = identity.mint(client, sequence, time.time_ns() // 1_000_000, rng, flawed=flawed)
        (self.flawed if flawed else self.issued).add(event_id.int)
        return event_id

    def acknowledge(self, ids: Sequence[UUID]) -> None:
        """The collector answered 200 for these and the client saw it."""
        self.acknowledged.update(event_id.int for event_id in ids)

    def note_answer(self, batch: Batch, answer: dict[str, Any] | None) -> None:
        """Enter a request that was committed, and check that its answer says what it must.

        Args:
            batch: what it carried.
            answer: the body of `/v1/events`; None where the format does not say as much.
        """
        flawed = _flawed(batch)
        self.answered["received"] += len(batch)
        self.answered["ignored"] += batch.log_lines
        self.answered["quarantined"] += len(flawed)
        if answer is None:
            return
        quarantined = {item["index"] for item in answer["quarantined"]}
        self.answered["stored"] += answer["accepted"]
        self.answered["duplicate"] += answer["duplicates"]
        if quarantined != flawed:
            self.wrong_answers.append(
                f"quarantined {sorted(quarantined)} of a batch whose flawed are {sorted(flawed)}"
            )
        if answer["accepted"] + answer["duplicates"] + len(quarantined) != len(batch):
            self.wrong_answers.append(f"a batch of {len(batch)} was answered with {answer}")

    def note_silence(self, batch: Batch) -> None:
        """Enter a request that got no answer: it was committed whole, or not at all."""
        self.unknown += len(batch)
        self.unknown_outcomes["ignored"] += batch.log_lines
        self.unknown_outcomes["quarantined"] += len(_flawed(batch))

    @property
    def open(self) -> int:
        """Issued events, flawed ones included, that nobody acknowledged yet."""
        return len(self.issued) + len(self.flawed) - len(self.acknowledged)


def _flawed(batch: Batch) -> set[int]:
    """Positions of what must end in quarantine."""
    flawed = {
        index for index, event_id in enumerate(batch.ids) if identity.payload(event_id).flawed
    }
    return flawed if batch.forged is None else flawed | {len(batch.ids)}
