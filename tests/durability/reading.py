"""What the collector says at the end, through its public API and nothing else."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
from loopgauge_catalog.builtin import BATCH_EVENT

from tests.durability import identity
from tests.durability.tally import Values
from tests.durability.verdict import Found

PAGE = 10_000
PATIENCE_SECONDS = 120.0
COLUMNS = (
    "id::varchar, name, epoch_ms(time), product, service, environment, producer, sequence, "
    "attributes"
)


class Reader:
    """Asks one collector.

    Args:
        port: where it listens, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON behind a path."""
        answer = self._http.get(path)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def sql(self, query: str) -> list[list[Any]]:
        """The rows of one SELECT."""
        answer = self._http.post("/api/v1/sql", json={"query": query})
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code} for {query}: {answer.text[:500]}")
        body = answer.json()
        if body["truncated"]:
            raise RuntimeError(f"more than a page of rows for {query}")
        rows: list[list[Any]] = body["rows"]
        return rows

    def settle(self) -> dict[str, Any]:
        """Wait until a Snapshot holds every committed event; the pipeline's own numbers.

        Raises:
            TimeoutError: the partials did not catch up.
        """
        first = self.get("/api/v1/status")["snapshot"] or 0

        def settled(status: dict[str, Any]) -> bool:
            pipeline = status["pipeline"]
            # The second Snapshot from now began after everything before it was committed.
            return (
                (status["snapshot"] or 0) >= first + 2
                and pipeline["position"] == pipeline["committed"]
                and not pipeline["rebuilding"]
            )

        pipeline: dict[str, Any] = self._until(settled)["pipeline"]
        return pipeline

    def rebuild(self) -> None:
        """Have every KPI computed anew from the stored events, and wait for it."""
        self._http.post("/api/v1/rebuild", json={}).raise_for_status()
        self.settle()

    def values(self) -> Values:
        """KPI key -> (value, samples)."""
        return {
            kpi["id"].partition(".")[2]: (kpi["value"], kpi["samples"])
            for kpi in self.get(f"/api/v1/kpis?product={identity.PRODUCT}")["kpis"]
        }

    def events(self) -> Iterator[list[Any]]:
        """Every event that was sent, in the order of the ids; doubled ids come together."""
        border = "00000000-0000-0000-0000-000000000000"
        while True:
            rows = self.sql(
                f"select {COLUMNS} from events where id > '{border}'::uuid "
                f"and product = '{identity.PRODUCT}' and name <> '{BATCH_EVENT}' "
                f"order by id limit {PAGE - 1}"
            )
            if len(rows) < PAGE - 1:
                yield from rows
                return
            # The last id may go on beyond the page; it is read again with the next.
            last = rows[-1][0]
            yield from (row for row in rows if row[0] != last)
            border = str(UUID(int=UUID(last).int - 1))

    def told(self, accounting: dict[str, int]) -> dict[str, int]:
        """Events by outcome, as the collector's own events have it; they follow in ten seconds."""
        query = f"""select json_extract_string(attributes, '$."loop.outcome"'),
            sum(json_extract_string(attributes, '$."loop.events"')::bigint)::bigint
            from events where name = '{BATCH_EVENT}' group by 1"""
        deadline = time.monotonic() + PATIENCE_SECONDS / 4
        while True:
            told = {outcome: int(events) for outcome, events in self.sql(query)}
            arrived = {outcome: told.get(outcome, 0) for outcome in accounting}
            if arrived == accounting or time.monotonic() > deadline:
                return arrived
            time.sleep(0.5)

    def quarantined(self) -> list[str | None]:
        """The event ids that wait in quarantine, as the producers wrote them."""
        ids: list[str | None] = []
        before = ""
        while True:
            page = self.get(f"/api/v1/quarantine?limit=1000{before}")["events"]
            ids += [event["event_id"] for event in page]
            if len(page) < 1000:
                return ids
            before = f"&before={page[-1]['number']}"

    def _until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            status = self.get("/api/v1/status")
            if wanted(status):
                return status
            if time.monotonic() > deadline:
                raise TimeoutError(f"the collector does not settle: {status['pipeline']}")
            time.sleep(0.1)


def everything(port: int) -> Found:
    """Read all that the verdict needs, a rebuild included."""
    reader = Reader(port)
    try:
        found = Found()
        pipeline = reader.settle()
        found.accounting = {
            outcome: events for outcome, events in pipeline["events"].items()
            if outcome != "received"
        }  # fmt: skip
        found.told = reader.told(found.accounting)
        found.values = reader.values()
        found.stored, found.corrupted = inspect(reader.events())
        found.quarantined = {UUID(text).int for text in reader.quarantined() if text}
        reader.rebuild()
        found.rebuilt = reader.values()
        return found
    finally:
        reader.close()


def inspect(rows: Iterator[list[Any]]) -> tuple[Counter[int], list[int]]:
    """How often each id is stored, and the ids whose content is not what the id demands."""
    stored, corrupted = Counter[int](), []
    for text, name, time_ms, product, service, environment, producer, sequence, attributes in rows:
        event_id = UUID(text)
        stored[event_id.int] += 1
        wanted = identity.payload(event_id)
        got = (name, time_ms, product, service, environment, producer, sequence)
        if (
            got
            != (
                wanted.name,
                wanted.time_ms,
                identity.PRODUCT,
                wanted.service,
                wanted.environment,
                str(wanted.producer),
                wanted.sequence,
            )
            or json.loads(attributes) != wanted.attributes
        ):
            corrupted.append(event_id.int)
    return stored, corrupted
