"""What is wrong with a collector and what waits to be instrumented, from its own answers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

#: Seconds of lag and bytes of free disk that are worth a word.
LAG_SECONDS = 30.0
FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know, and what to do about it.

    Attributes:
        wrong: events are lost, late, silent or unknown; else there is only something left
            to instrument.
    """

    code: str
    text: str
    advice: str
    lines: list[str] = field(default_factory=list)
    wrong: bool = True


def diagnose(status: Any, kpis: list[Any], sources: list[Any]) -> list[Finding]:
    """What is wrong, worst first, and after it what waits to be instrumented.

    Args:
        status: the answer of ``/api/v1/status``.
        kpis: of ``/api/v1/kpis``.
        sources: of ``/api/v1/sources``.
    """
    return [
        *_of_the_process(status),
        *_of_the_events(status),
        *_of_the_silent(kpis),
        *_of_the_sources(sources, status),
        *_of_the_unfed(kpis, sources, status),
    ]


def _of_the_process(status: Any) -> list[Finding]:
    found = [
        Finding("not_ready", reason, "it may pass by itself; if not, see the collector's log")
        for reason in status["not_ready"]
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
        from loopgauge_collector.web.humanise import size

        sizes = pipeline["refused_bytes"]
        found.append(
            Finding(
                "refused",
                f"{_count(sum(pipeline['refused'].values()), 'request was', 'requests were')} "
                "turned away since the start",
                "the senders were told why; what can be sent again, they send again",
                [
                    f"{reason}: {count} ({size(sizes.get(reason, 0))})"
                    for reason, count in sorted(pipeline["refused"].items())
                ],
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


def _of_the_silent(kpis: list[Any]) -> list[Finding]:
    silent = [kpi for kpi in kpis if kpi["state"] == "stale"]
    if not silent:
        return []
    from loopgauge_collector.web.humanise import age

    return [
        Finding(
            "stale",
            f"the source of {_count(len(silent), 'KPI', 'KPIs')} has gone silent",
            "is the service up, and does it still send?",
            [f"{kpi['id']}: last event {age(kpi['age_seconds'])} ago" for kpi in silent],
        )
    ]


def _of_the_unfed(kpis: list[Any], sources: list[Any], status: Any) -> list[Finding]:
    """Products that are not instrumented at all, and what the others still need."""
    titles = status["catalog"]["products"]
    heard = {one["product"] for one in sources}
    heard |= {kpi["product"] for kpi in kpis if kpi["state"] != "no_data"}
    if status["pipeline"] is not None:
        # Whose events are all in quarantine does send.
        heard |= {row["product"] for row in status["pipeline"]["accounting"]}
    found = []
    waiting = Counter(kpi["product"] for kpi in kpis if kpi["product"] not in heard)
    if waiting:
        found.append(
            Finding(
                "never_sent",
                f"{_count(len(waiting), 'product', 'products')} never sent anything",
                "instrument it when its turn comes, or start the collector without its catalog",
                [
                    f"{product} ({titles.get(product, product)}): "
                    f"{_count(number, 'KPI waits', 'KPIs wait')} for it"
                    for product, number in waiting.items()
                ],
                wrong=False,
            )
        )
    sending = [kpi for kpi in kpis if kpi["product"] in heard]
    unfed = [kpi for kpi in sending if kpi["state"] == "no_data"]
    if unfed:
        found.append(
            Finding(
                "no_data",
                f"{len(unfed)} of {_count(len(sending), 'KPI', 'KPIs')} of the products that send "
                f"{'was' if len(unfed) == 1 else 'were'} never fed",
                "instrument what each needs",
                [f"{kpi['id']}: {'; '.join(kpi['needs']) or 'no event yet'}" for kpi in unfed],
                wrong=False,
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
