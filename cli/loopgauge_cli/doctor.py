"""`loopgauge doctor`: what is fed, what is not and what to instrument, what is lost."""

import sys
from typing import Any

import typer

from loopgauge_cli._client import EXIT_NEGATIVE, Client, Url
from loopgauge_cli._findings import Finding, diagnose
from loopgauge_cli._output import AsJson, console, plain, print_json

#: Lines of one finding; the rest is counted.
SHOWN = 20


def doctor(*, as_json: AsJson = False, url: Url = None) -> None:
    """Say what is fed, what is not, and what is lost.

    Asks a running collector. Exit code 1 when events are lost, late, silent or unknown; what
    was never instrumented is listed and is not wrong.
    """
    with Client(url) as client:
        status = client.get("/api/v1/status")
        kpis = client.get("/api/v1/kpis")["kpis"] if status["snapshot"] is not None else []
        sources = client.get("/api/v1/sources")["sources"]
    findings = diagnose(status, kpis, sources)
    is_wrong = any(finding.wrong for finding in findings)
    if as_json:
        print_json(
            {
                "ok": not is_wrong,
                "findings": [
                    {
                        "code": one.code,
                        "wrong": one.wrong,
                        "text": one.text,
                        "advice": one.advice,
                        "about": one.lines,
                    }
                    for one in findings
                ],
                "status": status,
            }
        )
    else:
        _print(client.url, status, kpis, findings)
    if is_wrong:
        raise typer.Exit(EXIT_NEGATIVE)


def _print(url: str, status: Any, kpis: list[Any], findings: list[Finding]) -> None:
    from loopgauge_collector.web.humanise import duration, size
    from rich.padding import Padding
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
        if replayed := sum(pipeline["replayed"].values()):
            out.print(Text(f"replayed  {replayed:,} of those that were quarantined"))
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
        mark, style = ("✗", "bold red") if finding.wrong else ("○", "bold")
        out.print(Text(f"\n{mark} {plain(finding.text)}", style=style))
        for line in finding.lines[:SHOWN]:
            out.print(Padding.indent(Text(plain(line)), 4))
        if len(finding.lines) > SHOWN:
            rest = f"and {len(finding.lines) - SHOWN} more (--json has all)"
            out.print(Padding.indent(Text(rest), 4))
        out.print(Padding.indent(Text(f"→ {finding.advice}", style="dim"), 2))
    if not findings:
        out.print(Text("\n✓ everything is fed and nothing is lost", style="green"))
    elif not any(finding.wrong for finding in findings):
        out.print(Text("\n✓ nothing is lost, late or unknown", style="green"))
    sys.stdout.flush()
