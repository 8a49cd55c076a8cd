"""A client that sends, resends until it is answered, and keeps the ledger true."""

import asyncio
import json
import random
from collections import deque
from typing import Literal
from uuid import UUID

import httpx

from tests.durability import identity, wire
from tests.durability.ledger import Batch, Ledger
from tests.durability.proxy import Reply

Format = Literal["json", "otlp"]

#: A refusal with these words does not say whether the request was stored (StorageError).
_UNKNOWN_FATE = ("could not be stored", "storage failed", "the collector failed")


def team(
    count: int, ledger: Ledger, rng: random.Random, events_per_second: float
) -> "list[Client]":
    """Clients that share a pace, every other one on OTLP."""
    return [
        Client(
            number,
            ("json", "otlp")[number % 2],
            ledger,
            random.Random(rng.getrandbits(32)),
            events_per_second / count,
        )
        for number in range(count)
    ]


class Client:
    """One producer with its own numbering.

    Args:
        number: below 256, part of every id it makes.
        wire_format: what it speaks.
        ledger: shared by all clients.
        rng: decides batch sizes and what goes wrong on purpose.
        events_per_second: its pace while all goes well.
    """

    def __init__(
        self,
        number: int,
        wire_format: Format,
        ledger: Ledger,
        rng: random.Random,
        events_per_second: float,
    ) -> None:
        self._number = number
        self._format: Format = wire_format
        self._ledger = ledger
        self._rng = rng
        self._pace = events_per_second
        self._sequence = 0
        self._requests = 0
        self._outbox: deque[Batch] = deque()
        self._recent: deque[UUID] = deque(maxlen=200)
        self._swallowed: dict[str, Reply] = {}

    def swallowed(self, tag: str, reply: Reply) -> None:
        """The proxy kept this answer; the collector has committed the request."""
        self._swallowed[tag] = reply

    async def run(self, port: int, stop: asyncio.Event) -> None:
        """Send until told to stop, then until everything issued is acknowledged.

        Args:
            port: where to send, on 127.0.0.1.
            stop: set when nothing new is to be issued.
        """
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            while not stop.is_set() or self._outbox:
                batch = self._next(fresh=not stop.is_set())
                if await self._send(http, batch):
                    await asyncio.sleep(len(batch) / self._pace)
                else:
                    self._outbox.append(batch)
                    # Gentle, or the resending would take the processor from the restart.
                    await asyncio.sleep(0.15 + 0.15 * self._rng.random())

    def _next(self, *, fresh: bool) -> Batch:
        """What to send now: something unanswered first, sometimes with new events in it."""
        if self._outbox:
            batch = self._outbox.popleft()
            if fresh and len(batch) < 300 and self._rng.random() < 0.3:
                batch.ids.extend(self._issue(self._rng.randint(1, 20)))
            return batch
        batch = Batch(self._issue(self._rng.randint(1, 200)))
        if self._format == "otlp":
            batch.log_lines = self._rng.randint(0, 2)
        elif self._recent and self._rng.random() < 0.05:
            batch.forged = self._rng.choice(self._recent)
            self._ledger.forged += 1
        return batch

    def _issue(self, count: int) -> list[UUID]:
        ids = []
        for _ in range(count):
            self._sequence += 1
            ids.append(self._ledger.issue(self._number, self._sequence, self._rng))
        return ids

    async def _send(self, http: httpx.AsyncClient, batch: Batch) -> bool:
        """Send once; True when the client saw the answer that all is committed."""
        self._requests += 1
        self._ledger.requests += 1
        tag = f"{self._number}-{self._requests}"
        if self._format == "json":
            path, kind, body = wire.JSON_PATH, "application/json", wire.as_json(batch)
        else:
            path, kind, body = wire.OTLP_PATH, "application/x-protobuf", wire.as_otlp(batch)
        body, encoding = wire.packed(body, self._rng)
        headers = {"Content-Type": kind, "X-Request": tag, **encoding}
        try:
            response = await http.post(path, content=body, headers=headers)
        except httpx.ConnectError:
            self._ledger.refused += 1
            return False
        except httpx.TransportError:
            self._note_silence(tag, batch)
            return False
        if response.status_code in (502, 503):
            self._ledger.refused += 1
            if response.status_code == 503 and "Retry-After" not in response.headers:
                self._ledger.wrong_answers.append(f"503 without Retry-After: {response.text}")
            if any(words in response.text for words in _UNKNOWN_FATE):
                self._ledger.note_silence(batch)
            return False
        if response.status_code != 200:
            self._ledger.wrong_answers.append(
                f"status {response.status_code}: {response.text[:200]}"
            )
            return False
        self._note_answer(batch, response.content)
        self._ledger.acknowledge(batch.ids)
        self._recent.extend(i for i in batch.ids[:5] if not identity.payload(i).flawed)
        return True

    def _note_silence(self, tag: str, batch: Batch) -> None:
        reply = self._swallowed.pop(tag, None)
        if reply is None:
            self._ledger.note_silence(batch)
        else:
            self._ledger.swallowed += 1
            self._note_answer(batch, reply.body)

    def _note_answer(self, batch: Batch, body: bytes) -> None:
        """Enter a committed request; OTLP answers do not tell new events from old ones."""
        self._ledger.note_answer(batch, json.loads(body) if self._format == "json" else None)
