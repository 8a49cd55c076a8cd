"""The measurements of `make bench`, each a function that gives rows of the report."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import changes, freshness, history, ingest
from benchmarks.bodies import Format
from benchmarks.children import Child
from benchmarks.library import CallTimes
from benchmarks.reference import Append
from benchmarks.report import Row, percentile
from benchmarks.server import Server

Say = Callable[[str], None]
UNREACHABLE = "http://127.0.0.1:9"
BATCH = 500


def library(say: Say, scale: float) -> list[Row]:
    """`emit.event()` on the caller's thread, the collector up and down."""
    calls = int(30_000 * scale)
    rows: list[Row] = []
    for state in ("up", "down"):
        with Server() as server:
            endpoint = server.endpoint if state == "up" else UNREACHABLE
            times: dict[str, CallTimes] = {}
            for which in ("otel", "loopgauge"):
                say(f"{which}, collector {state}")
                with Child(
                    "library", ["--which", which, "--endpoint", endpoint, "--calls", calls]
                ) as child:
                    times[which] = child.result(CallTimes)
        mine, other = times["loopgauge"], times["otel"]
        sdk = "OpenTelemetry SDK's log emit"
        rows += [
            Row("library", f"event(), collector {state}, median", mine.median, "µs",
                budget=3, reference=other.median, beside=sdk),
            Row("library", f"event(), collector {state}, p99", mine.p99, "µs",
                budget=100, reference=other.p99, beside=sdk),
        ]  # fmt: skip
    return rows


def throughput(say: Say, scale: float) -> list[Row]:
    """Durable ingest with the shipped catalogs, beside DuckDB alone."""
    say("bare DuckDB append")
    with Child("reference", ["--events", int(800_000 * scale)]) as child:
        small, large = child.result(list[Append])
    bare = f"DuckDB append, commits of {large.rows:,}"
    rows = [
        Row("reference", f"DuckDB alone, Arrow append, commits of {append.rows:,}",
            append.events_per_second, "events/s",
            beside=f"{append.bytes_per_event:.0f} bytes per event")
        for append in (small, large)
    ]  # fmt: skip
    formats: tuple[tuple[Format, str, int, float], ...] = (
        ("json", "JSON", 1_200_000, 130_000),
        ("otlp", "OTLP protobuf", 900_000, 90_000),
    )
    for wire_format, name, events, budget in formats:
        say(f"{events * scale:,.0f} events by {name}")
        with Server() as server:
            # More in flight than one group holds, so that the next is decoded meanwhile.
            run = ingest.run(
                server, wire_format, events=int(events * scale), batch=BATCH, connections=64
            )
        assert run.bytes_per_event is not None
        part = f"ingest by {name}, batches of {BATCH}"
        cost = run.collector_cpu * run.load.seconds / run.load.events
        rows += [
            Row(part, "durable events", run.rate, "events/s", budget=budget, at_least=True,
                reference=large.events_per_second, beside=bare),
            Row(part, "stored bytes per event, partials included", run.bytes_per_event, "bytes",
                budget=60, reference=large.bytes_per_event, beside=bare),
            Row(part, "processor time per event", cost * 1e6, "µs",
                beside=f"{run.collector_cpu:.2f} cores collector, {run.load_cpu:.2f} load"),
            Row(part, "requests answered 503 and sent again", float(run.load.refusals), ""),
            Row(part, "partials behind the events at the end", run.lag_seconds, "s"),
            Row(part, "memory of the collector", run.peak_bytes / 1024**2, "MiB"),
        ]  # fmt: skip
    return rows


def acknowledgement(say: Say, scale: float) -> list[Row]:
    """Time to the acknowledgement at a steady rate, counted from when a request was due."""
    rate = 10_000
    say(f"{rate:,} events/s in batches of 100")
    with Server() as server:
        run = ingest.run(
            server,
            "json",
            events=int(20 * rate * scale),
            batch=100,
            connections=32,
            rate=rate,
            stop=False,
        )
    latencies = run.load.latencies
    used = f"{run.collector_cpu:.2f} cores collector"
    return [
        Row("acknowledgement", "p50 at 10,000 events/s", percentile(latencies, 0.5) * 1000, "ms",
            beside=used),
        Row("acknowledgement", "p99 at 10,000 events/s", percentile(latencies, 0.99) * 1000, "ms",
            budget=50),
        Row("acknowledgement", "worst", max(latencies) * 1000, "ms"),
        Row("evaluation", "one, after that load", run.evaluation_seconds * 1000, "ms", budget=50),
    ]  # fmt: skip


def visibility(say: Say, scale: float) -> list[Row]:
    """From an event to `/metrics`, while other events come at 2,000 a second."""
    count, rate = max(10, int(30 * scale)), 2000
    say(f"{count} marked events")
    with Server() as server:
        arguments = ["--port", server.port, "--format", "json", "--batch", 100, "--rate", rate]
        with Child("load", [*arguments, "--events", rate * count * 3 // 2]) as load:
            load.line()
            load.go()
            seen = freshness.measure(server, count)
    first, later = percentile(seen.first_scrapes, 0.5), percentile(seen.later_scrapes, 0.5)
    return [
        Row("freshness", "event to /metrics, p50", percentile(seen.delays, 0.5), "s"),
        Row("freshness", "event to /metrics, p99", percentile(seen.delays, 0.99), "s", budget=1.5),
        Row("/metrics", "rendering, per 3,000 series",
            (first - later) * 1000 * 3000 / seen.series, "ms", budget=20,
            beside=f"first scrape of a Snapshot less a later one; {seen.series:,} series"),
        Row("/metrics", "scrape of a rendered page", later * 1000, "ms"),
    ]  # fmt: skip


def stored_history(say: Say, scale: float) -> list[Row]:
    """The same load over one million stored events and over a hundred, a million subjects each."""
    rows: list[Row] = []
    stored = 500_000
    first: tuple[float, float] | None = None
    with Server() as server:
        say("the original")
        ingest.run(server, "json", events=stored, batch=BATCH, connections=16)
        for wanted in (1_000_000, int(100_000_000 * scale)):
            copies = wanted // stored - 1
            # The first copies double the subjects; later ones are more of their past.
            stored = history.copy_back(server.database, copies, say, subjects=first is None)
            say(f"{stored:,} stored events")
            server.restart()
            run = ingest.run(server, "json", events=100_000, batch=100, connections=32, rate=10_000)
            figures = (
                run.evaluation_seconds * 1000,
                percentile(run.load.latencies, 0.99) * 1000,
            )
            before = first or (None, None)
            beside = "the first size" if first else ""
            part = f"{stored / 1e6:.0f} million stored events"
            rows += [
                Row(part, "ready after the start", server.process.ready_seconds, "s"),
                Row(part, "one evaluation", figures[0], "ms", budget=50, reference=before[0],
                    beside=beside),
                Row(part, "acknowledgement p99 at 10,000 events/s", figures[1], "ms", budget=50,
                    reference=before[1], beside=beside),
                Row(part, "partials behind the events at the end", run.lag_seconds, "s"),
                Row(part, "memory of the collector", run.peak_bytes / 1024**2, "MiB"),
            ]  # fmt: skip
            stored += run.load.events
            first = first or figures
    return rows


def catalog_changes(say: Say, scale: float) -> list[Row]:
    """A changed catalog over a million events: until its KPIs have their history again."""
    events = int(1_000_000 * scale)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="loopgauge-bench-") as folder:
        catalog = changes.copy_catalog(Path(folder) / "tables")
        with Server(catalog) as server:
            say(f"{events:,} events")
            ingest.run(
                server, "json", events=events, batch=BATCH, connections=16, rate=20_000, stop=False
            )
            for change in changes.CHANGES:
                say(change.what)
                took = changes.apply(server, catalog, change)
                rows += [
                    Row("catalog changes", change.what, took.seconds, "s",
                        beside=f"{took.kpis} KPIs rebuilt over {events:,} events"),
                    Row("catalog changes", "acknowledgement p99 meanwhile",
                        took.acknowledged_p99 * 1000, "ms"),
                ]  # fmt: skip
    return rows


#: What `make bench-full` measures besides.
LONG_PARTS: dict[str, Callable[[Say, float], list[Row]]] = {
    "history": stored_history,
    "changes": catalog_changes,
}
PARTS: dict[str, Callable[[Say, float], list[Row]]] = {
    "library": library,
    "ingest": throughput,
    "acknowledgement": acknowledgement,
    "freshness": visibility,
}
