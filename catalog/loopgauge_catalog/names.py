"""Every metric and label name, once. Exporter, rules and dashboards import it.

Product first, base units, no `_total` or `_count` on a gauge, a breakdown is a family
of its own (DESIGN, "Metrics").
"""

from typing import Final

LABEL_STAT: Final = "stat"
LABEL_WINDOW: Final = "window"
LABEL_KPI: Final = "kpi"
LABEL_PRODUCT: Final = "product"
LABEL_STATE: Final = "state"
LABEL_COMPARATOR: Final = "comparator"
LABEL_OUTCOME: Final = "outcome"
LABEL_REASON: Final = "reason"
LABEL_STEP: Final = "step"

#: Labels that a family of ours or Prometheus itself sets.
_TAKEN: Final = frozenset(
    {LABEL_STAT, LABEL_WINDOW, LABEL_KPI, LABEL_PRODUCT, LABEL_STATE,
     LABEL_STEP, "le", "quantile", "job", "instance"}
)  # fmt: skip

#: How the family of the share within the target ends, in place of the unit.
WITHIN_TARGET: Final = "within_target_ratio"

INFO: Final = "loopgauge_kpi_info"
TARGET: Final = "loopgauge_kpi_target"
ATTAINMENT: Final = "loopgauge_kpi_attainment_ratio"
STATE: Final = "loopgauge_kpi_state"
STATE_SINCE: Final = "loopgauge_kpi_state_since_timestamp_seconds"
SAMPLES: Final = "loopgauge_kpi_samples"
PENDING: Final = "loopgauge_kpi_pending"
LAST_EVENT: Final = "loopgauge_kpi_last_event_timestamp_seconds"
SURE: Final = "loopgauge_kpi_sure"
ESCALATED: Final = "loopgauge_kpi_escalated"

EVENTS: Final = "loopgauge_events_total"
REPLAYED: Final = "loopgauge_replayed_events_total"
REFUSED: Final = "loopgauge_refused_requests_total"
REFUSED_BYTES: Final = "loopgauge_refused_bytes_total"
COMMITS: Final = "loopgauge_commits_total"
FOLDS: Final = "loopgauge_folds_total"
EVALUATION_ERRORS: Final = "loopgauge_evaluation_errors_total"
COMMIT_SECONDS: Final = "loopgauge_last_commit_duration_seconds"
FOLD_SECONDS: Final = "loopgauge_last_fold_duration_seconds"
EVALUATION_SECONDS: Final = "loopgauge_last_evaluation_duration_seconds"
LAG: Final = "loopgauge_partials_lag_seconds"
WAL_BYTES: Final = "loopgauge_wal_bytes"
DATABASE_BYTES: Final = "loopgauge_database_bytes"
FREE_BYTES: Final = "loopgauge_disk_free_bytes"
WAITING: Final = "loopgauge_waiting_events"
QUARANTINED: Final = "loopgauge_quarantined_events"
OVERFLOW: Final = "loopgauge_series_overflow_total"
REBUILDING: Final = "loopgauge_rebuild_done_ratio"
SNAPSHOT_NUMBER: Final = "loopgauge_snapshot_number"
SNAPSHOT_TIME: Final = "loopgauge_snapshot_timestamp_seconds"

#: `stat` of a KPI's own number where further ones stand beside it that are no quantiles.
OWN_STAT: Final = "value"

#: Label value of events whose attribute is missing, and of values beyond the cap.
NONE_VALUE: Final = "__none__"
OTHER_VALUE: Final = "__other__"


def stat_name(quantile: float) -> str:
    """``p95`` for 0.95, ``p99.9`` for 0.999."""
    return f"p{round(quantile * 100, 6):g}"


def label_name(attribute: str) -> str:
    """An attribute as a Prometheus label: ``signup.channel`` -> ``signup_channel``."""
    return attribute.replace(".", "_")


def breakdown_label(attribute: str) -> str:
    """The label of a breakdown by this attribute.

    A name that is taken gets the prefix that Prometheus gives in the same case: two
    labels of one name in a sample would lose the whole scrape.
    """
    name = label_name(attribute)
    return f"exported_{name}" if name in _TAKEN else name


def _family(*parts: str) -> str:
    return "_".join(part for part in parts if part)


def kpi_family(product: str, key: str, unit: str) -> str:
    """``campaigns_ttfv_seconds``: the KPI's value, by window (and stat)."""
    return _family(product, key, unit)


def within_target_family(product: str, key: str) -> str:
    """``campaigns_ttfv_within_target_ratio``: the share that fulfils the target."""
    return _family(product, key, WITHIN_TARGET)


def step_family(product: str, key: str) -> str:
    """``campaigns_campaign_funnel_step_ratio``: the share that reaches each step of a funnel."""
    return _family(product, key, "step_ratio")


def breakdown_family(product: str, key: str, attribute: str, unit: str) -> str:
    """``campaigns_ttfv_by_signup_channel_seconds``: one series per label value."""
    return _family(product, key, "by", label_name(attribute), unit)
