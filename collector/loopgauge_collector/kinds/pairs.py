"""What duration and conversion have in common: subjects that begin, and may end in several ways."""

from typing import Any

import numpy as np
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.kinds.base import step_rules
from loopgauge_collector.kinds.cell import Ints, SubjectRows
from loopgauge_collector.kinds.rules import PairRule, Rule
from loopgauge_collector.windows import HOUR, MINUTE, MINUTES_KEPT, QUARTER, Window

#: Outcomes of a subject, as the reduction stores them.
STILL_OPEN, DONE, FAILED, EXCLUDED, LATE = range(5)

#: What a bound may lie before the exact one: the oldest are snapped to a local midnight.
MARGIN = 25 * HOUR


def pair_rules(kpi: Any, catalog: Catalog, **fields: Any) -> tuple[Rule, ...]:
    """Start, end, failures and exclusions."""
    steps = ((kpi.from_,), kpi.to, kpi.fails, kpi.excludes)
    return step_rules(PairRule, kpi, catalog, steps, limit=kpi.expires, **fields)


def maturity(limit: int, window: Window) -> int:
    """How long before E a subject must have begun to have had its full chance (R12).

    Args:
        limit: its chance in microseconds.
        window: of the KPI; its length as defined decides the grain.
    """
    length = window.length or window.end - window.start
    grain = MINUTE if length <= MINUTES_KEPT else QUARTER
    return -(-limit // grain) * grain


def outcome_at(rows: SubjectRows, end: int) -> Ints:
    """What had become of subjects before a minute: who closes later is still open."""
    closed = (rows.closed < end) & (rows.outcome != LATE)
    return np.where(closed, rows.outcome, STILL_OPEN)


def late(rows: SubjectRows, window: Window, limit: int | None) -> int:
    """Of those who began so long ago that their limit is over, who ended after it (R11)."""
    if limit is None:
        return 0
    matured = window.before(maturity(limit, window))
    rows = rows.begun(matured.start_bucket, matured.end_bucket)
    return int(rows.n[(rows.outcome == LATE) & (rows.closed < window.end_bucket)].sum())


def tally_chance(rows: SubjectRows, matured: Window, end: int) -> dict[str, int]:
    """How subjects ended who began in a window: done, failed, expired; the excluded left out."""
    rows = rows.begun(matured.start_bucket, matured.end_bucket)
    outcome = outcome_at(rows, end)
    return {
        name: int(rows.n[outcome == which].sum())
        for name, which in (("done", DONE), ("failed", FAILED), ("expired", STILL_OPEN))
    }


def pending(rows: SubjectRows, limit: int | None, end: int) -> int:
    """Who began before E, has not ended, and still can."""
    rows = not_expired(rows, limit, end)
    return int(rows.n[outcome_at(rows, end) == STILL_OPEN].sum())


def not_expired(rows: SubjectRows, limit: int | None, end: int) -> SubjectRows:
    """Who began before a minute, and not longer ago than the limit."""
    return rows.begun(0 if limit is None else end - -(-limit // MINUTE), end)
