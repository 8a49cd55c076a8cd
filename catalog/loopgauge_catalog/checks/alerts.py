"""Checks that an alert reaches somebody who can act on it."""

import re
from collections.abc import Iterator

from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.checks.ranges import check_possible
from loopgauge_catalog.checks.targets import check_dimension
from loopgauge_catalog.errors import article, did_you_mean, shown
from loopgauge_catalog.kpis import QuantileKpi, Ratio, Uptime
from loopgauge_catalog.quantities import MICRO, format_duration

#: How often rules are evaluated, in microseconds; a shorter hold waits for nothing.
RULE_INTERVAL = 15 * MICRO

#: The fastest burn that pages: 2 % of a 28-day budget in an hour is close to 14.4 times
#: its even spending (Google SRE Workbook, "Alerting on SLOs").
FASTEST_BURN = 14.4


def check_explained(subject: Subject) -> Iterator[Finding]:
    """An alert that does not say what it means and what to try."""
    if subject.kpi.alert is None:
        return
    lacking = [
        name
        for name, given in (
            ("means", (subject.kpi.means or "").strip()),
            ("try", [step for step in subject.kpi.try_ if step.strip()]),
        )
        if not given
    ]
    if lacking:
        yield Finding(
            subject.at("alert"),
            f"{subject.kpi.id} alerts without {' and '.join(lacking)}, "
            "so whoever is called does not know what to do",
            f"add {' and '.join(lacking)}",
        )


def check_has_target(subject: Subject) -> Iterator[Finding]:
    """An alert on nothing."""
    if subject.kpi.alert is not None and subject.kpi.target is None:
        yield Finding(
            subject.at("alert"),
            f"{subject.kpi.id} has an alert but no target, so it can never fire",
            "add a target, or delete the alert",
        )


def check_team(subject: Subject) -> Iterator[Finding]:
    """An alert for a team that nobody knows, or that takes no pages."""
    teams = subject.product.teams
    for path, alert, _ in subject.alerts():
        team = teams.get(alert.team)
        if team is None:
            yield Finding(
                (*path, "team"),
                f"no team is called {alert.team}",
                did_you_mean(alert.team, [*teams], otherwise="declare it under teams"),
            )
        elif alert.severity == "page" and team.pages_per_week == 0:
            yield Finding(
                (*path, "team"),
                f"{alert.team} accepts no pages (pages_per_week: 0), and this is one",
                "write severity: ticket, or raise pages_per_week",
                severity="warning",
            )


def check_hold(subject: Subject) -> Iterator[Finding]:
    """A hold that is over before it is looked at twice."""
    for path, alert, _ in subject.alerts():
        if alert.hold is not None and alert.hold < 2 * RULE_INTERVAL:
            yield Finding(
                (*path, "for"),
                f"a hold of {format_duration(alert.hold)} is shorter than two evaluations, "
                "so a single odd one fires",
                f"write at least {format_duration(2 * RULE_INTERVAL)}",
            )


def check_burn(subject: Subject) -> Iterator[Finding]:
    """A burn rate on what has no budget, or one that is too wide to burn that fast."""
    kpi = subject.kpi
    for path, alert, target in subject.alerts():
        if not alert.burn or target is None:
            continue
        if any(check_dimension(subject)) or any(check_possible(subject)):
            continue  # the budget follows from a target that is wrong itself
        here = (*path, "burn")
        # Whether a subject is bad is known only after its limit, too late to burn.
        is_told_at_once = isinstance(kpi, QuantileKpi | Ratio | Uptime)
        budget = kpi.allowed_bad(target) if is_told_at_once else None
        if budget is None:
            yield Finding(
                here,
                f"{article(kpi.kind)} with this target has no share of bad events that could burn",
                "delete burn",
            )
        elif budget <= 0:
            yield Finding(
                here, "the target allows nothing bad, so there is no budget", "delete burn"
            )
        elif budget * FASTEST_BURN >= 1:
            yield Finding(
                here,
                f"{budget * 100:.3g}% of the events may be bad, and {FASTEST_BURN} times that is "
                "more than all of them, so it can never fire",
                "delete burn; the state alerts",
            )


def check_teams_reachable(product: ProductCatalog) -> Iterator[Finding]:
    """A team without an address, or with one that is none."""
    for key, team in product.teams.items():
        if team.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", team.email):
            yield Finding(
                ("teams", key, "email"),
                f"{shown(team.email)} is no address, so no mail arrives",
                "write it as team@example.org",
            )
        if not team.slack and not team.email:
            yield Finding(
                ("teams", key),
                f"{key} has neither slack nor email, so nobody is told",
                'add slack: "#channel" with the quotes, since # begins a comment',
                severity="warning",
            )


CHECKS = (check_explained, check_has_target, check_team, check_hold, check_burn)
