"""The reference for ingest: DuckDB alone, appending ready Arrow batches and committing each.

Same columns and compression as the collector's `events`, no HTTP, no decoding, no
admission, no dedupe, no KPIs: what the disk and the engine allow on this machine today.
"""

import argparse
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
from loopgauge_catalog.loader import samples

from benchmarks import mix
from benchmarks.bodies import maker

DDL = """create table events (
    seq bigint, id uuid, received timestamp, name varchar, time timestamp, product varchar,
    service varchar, environment varchar, producer varchar, sequence bigint,
    attributes varchar using compression zstd)"""


class Append(msgspec.Struct):
    """Appending in commits of `rows`."""

    rows: int
    events_per_second: float
    bytes_per_event: float


def _table(body: bytes, commit: int) -> pa.Table:
    """A JSON body as the columns of the table; ids as the 16 bytes that a UUID is."""
    events = msgspec.json.decode(body)["events"]
    moment = datetime.now(UTC).replace(tzinfo=None)
    names = ("name", "product", "service", "environment", "producer", "sequence")
    return pa.table(
        {
            "seq": [commit] * len(events),
            "id": pa.array([uuid.UUID(e["id"]).bytes for e in events], pa.uuid()),
            "received": [moment] * len(events),
            "time": [datetime.fromisoformat(e["time"]).replace(tzinfo=None) for e in events],
            **{name: [e[name] for e in events] for name in names},
            "attributes": [msgspec.json.encode(e["attributes"]).decode() for e in events],
        }
    )


def measure(batches: list[pa.Table], rows: int) -> Append:
    """Append all batches, `rows` events in one commit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.duckdb"
        connection = duckdb.connect(
            str(path), config={"threads": 1, "checkpoint_threshold": "64MiB"}
        )
        connection.execute(DDL)
        step = max(1, rows // batches[0].num_rows)
        groups = [pa.concat_tables(batches[at : at + step]) for at in range(0, len(batches), step)]
        began = time.perf_counter()
        for group in groups:
            connection.register("batch", group)
            connection.execute("insert into events by name select * from batch")
            connection.unregister("batch")
        seconds = time.perf_counter() - began
        connection.close()
        events = sum(group.num_rows for group in groups)
        return Append(rows, events / seconds, path.stat().st_size / events)


def main() -> None:
    """Print one line of JSON: a measurement for each commit size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, required=True)
    arguments = parser.parse_args()
    build = maker("json", mix.senders(samples()), seed=1)
    batches = [_table(build.make(500), n) for n in range(arguments.events // 500)]
    results = [measure(batches[: arguments.events // 2000], 500), measure(batches, 20_000)]
    print(msgspec.json.encode(results).decode(), flush=True)


if __name__ == "__main__":
    main()
