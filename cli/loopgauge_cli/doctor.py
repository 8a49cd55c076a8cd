"""`loopgauge doctor`: what is fed, what is not and what to instrument, what is lost."""

import sys
from dataclasses import dataclass, field
from typing import Any

import typer

from loopgauge_cli._client import EXIT_NEGATIVE, Client, Url
from loopgauge_cli._output import AsJson, console, plain, print_json

#: Seconds of lag and bytes of free disk that are worth a word.
LAG_SECONDS = 30.0
FREE_BYTES = 1 << 30

#: Lines of one finding; the rest is counted.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what to do about it."""

    code: str
    text: str
    advice: str
    lines: list[str] = field(default_factory=list)


def doctor(*, as_json: AsJson = False, url: Url = None) -> None:
    """Say what is fed, what is not, and what is lost.

    Asks a running collector; exit code 1 when something is wrong.
    """
    with Client(url) as client:
        status = client.get("/api/v1/status")
        kpis = client.get("/api/v1/kpis")["kpis"] if status["snapshot"] is not None else []
        sources = client.get("/api/v1/sources")["sources"]
    findings = diagnose(status, kpis, sources)
    if as_json:
        print_json(
            {
                "ok": not findings,
                "findings": [
                    {"code": one.code, "text": one.text, "advice": one.advice, "about": one.lines}
                    for one in findings
                ],
                "status": status,
            }
        )
    else:
        _print(client.url, status, kpis, findings)
    if findings:
        raise typer.Exit(EXIT_NEGATIVE)


def diagnose(status: Any, kpis: list[Any], sources: list[Any]) -> list[Finding]:
    """Everything that is wrong, the worst first: the collector, losses, silence, strangers."""
    return [*_of_the_process(status), *_of_the_events(status), *_of_the_kpis(kpis),
            *_of_the_sources(sources, status)]  # fmt: skip


def _of_the_process(status: Any) -> list[Finding]:
    found = [
        Finding("not_ready", reason, "see the collector's log") for reason in status["not_ready"]
    ]
    pipeline = status["pipeline"]
    if pipeline is None:
        return found
    if pipeline["evaluation_errors"]:
        found.append(
            Finding(
                "evaluation_errors",
                f"{pipeline['evaluation_errors']} evaluations failed",
                "the collector's log has each with its cause",
            )
        )
    if pipeline["lag_seconds"] > LAG_SECONDS:
        found.append(
            Finding(
                "lag",
                f"the KPIs are {pipeline['lag_seconds']:.0f} s behind the events",
                "a rebuild passes; without one, more arrives than one process takes",
            )
        )
    if 0 < pipeline["free_bytes"] < FREE_BYTES:
        found.append(
            Finding(
                "disk",
                f"{pipeline['free_bytes'] // (1 << 20)} MiB of disk are free",
                "make room: below LOOPGAUGE_MIN_FREE_MIB events are refused",
            )
        )
    return found


def _of_the_events(status: Any) -> list[Finding]:
    pipeline = status["pipeline"]
    if pipeline is None:
        return []
    found = []
    if pipeline["quarantined"]:
        rejected = [row for row in pipeline["accounting"] if row["outcome"] == "quarantined"]
        found.append(
            Finding(
                "quarantine",
                f"{_count(pipeline['quarantined'], 'event waits', 'events wait')} in quarantine",
                "`loopgauge quarantine list` shows them; mend the cause, then `quarantine replay`",
                _by_reason(rejected),
            )
        )
    if pipeline["refused"]:
        found.append(
            Finding(
                "refused",
                f"{_count(sum(pipeline['refused'].values()), 'request was', 'requests were')} "
                "turned away since the start",
                "the senders were told why; what can be sent again, they send again",
                [f"{reason}: {count}" for reason, count in sorted(pipeline["refused"].items())],
            )
        )
    return found


def _by_reason(rows: list[Any]) -> list[str]:
    """Quarantined ever, by reason and sender, most first."""
    return [
        f"{row['reason']}: {row['events']} ever from {row['service'] or 'no service'}"
        f" ({row['product'] or 'no product'})"
        for row in sorted(rows, key=lambda row: -row["events"])
    ]


def _of_the_kpis(kpis: list[Any]) -> list[Finding]:
    found = []
    unfed = [kpi for kpi in kpis if kpi["state"] == "no_data"]
    if unfed:
        found.append(
            Finding(
                "no_data",
                f"{len(unfed)} of {_count(len(kpis), 'KPI', 'KPIs')} were never fed",
                "instrument what each needs",
                [f"{kpi['id']}: {'; '.join(kpi['needs']) or 'no event yet'}" for kpi in unfed],
            )
        )
    silent = [kpi for kpi in kpis if kpi["state"] == "stale"]
    if silent:
        from loopgauge_collector.web.humanise import age

        found.append(
            Finding(
                "stale",
                f"the source of {_count(len(silent), 'KPI', 'KPIs')} has gone silent",
                "is the service up, and does it still send?",
                [f"{kpi['id']}: last event {age(kpi['age_seconds'])} ago" for kpi in silent],
            )
        )
    return found


def _of_the_sources(sources: list[Any], status: Any) -> list[Finding]:
    found = []
    known = status["catalog"]["products"]
    strangers = [one for one in sources if one["product"] not in known]
    if strangers:
        found.append(
            Finding(
                "unassigned",
                f"{_count(len(strangers), 'source belongs', 'sources belong')} to no product",
                "set service.namespace (product), or name the service in a catalog's services",
                [_source(one) for one in strangers],
            )
        )
    unknown = [one for one in sources if one["product"] in known and not one["declared"]]
    if unknown:
        found.append(
            Finding(
                "unknown_events",
                f"{_count(len(unknown), 'event name arrives', 'event names arrive')} "
                "that no catalog declares",
                "a typo, or an event to add under `events`",
                [_source(one) for one in unknown],
            )
        )
    return found


def _source(one: Any) -> str:
    product = one["product"] or "no product"
    return f"{one['event']} from {one['service'] or 'no service'} ({product}): {one['events']}"


def _count(number: int, one: str, many: str) -> str:
    """``1 event waits``, ``7 events wait``: the verb changes too."""
    return f"{number:,} {one if number == 1 else many}"


def _print(url: str, status: Any, kpis: list[Any], findings: list[Finding]) -> None:
    from loopgauge_collector.web.humanise import duration, size
    from rich.text import Text

    out = console()
    pipeline = status["pipeline"]
    ready = "not ready" if status["not_ready"] else "ready"
    out.print(Text(f"{url}: {ready}, snapshot {status['snapshot']}"))
    fed = sum(kpi["state"] not in {"no_data", "stale"} for kpi in kpis)
    out.print(Text(f"KPIs      {fed} of {len(kpis)} fed"))
    if pipeline is not None:
        events = pipeline["events"]
        outcomes = " + ".join(
            f"{events.get(name, 0):,} {name}"
            for name in ("stored", "duplicate", "quarantined", "ignored")
        )
        out.print(Text(f"events    {events['received']:,} received = {outcomes}"))
        out.print(
            Text(
                f"pipeline  lag {duration(pipeline['lag_seconds'])}, commit "
                f"{duration(pipeline['commit_seconds'])}, evaluation "
                f"{duration(pipeline['evaluation_seconds'])}"
            )
        )
        out.print(
            Text(
                f"disk      {size(pipeline['database_bytes'])} database, "
                f"{size(pipeline['wal_bytes'])} log, {size(pipeline['free_bytes'])} free"
            )
        )
        for kpi_id, share in pipeline["rebuilding"].items():
            out.print(Text(f"rebuild   {kpi_id} {share:.0%}"))
    for finding in findings:
        out.print(Text(f"\n✗ {plain(finding.text)}", style="bold red"))
        for line in finding.lines[:SHOWN]:
            out.print(Text(f"    {plain(line)}"))
        if len(finding.lines) > SHOWN:
            out.print(Text(f"    and {len(finding.lines) - SHOWN} more (--json has all)"))
        out.print(Text(f"  → {finding.advice}", style="dim"))
    if not findings:
        out.print(Text("\n✓ everything is fed and nothing is lost", style="green"))
    sys.stdout.flush()
