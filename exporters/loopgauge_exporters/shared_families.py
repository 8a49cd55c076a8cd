"""The families that do not depend on a KPI's name: about every KPI, and about the pipeline.

One table, so that the exporter, `docs/metrics.md` and its test read the same rows.
"""

from loopgauge_catalog import names

from loopgauge_exporters.families import Family

_KPI = (names.LABEL_PRODUCT, names.LABEL_KPI)

INFO = Family(
    names.INFO,
    "info",
    (*_KPI, "row", "title", "kind", "unit", "team", "severity", names.LABEL_WINDOW),
    "What a KPI is: its row in the document, kind, unit, window and whom it alerts.",
)
STATE = Family(
    names.STATE,
    "gauge",
    (*_KPI, names.LABEL_STATE),
    "1 for the state that the KPI is in, 0 for every other one.",
)
STATE_SINCE = Family(
    names.STATE_SINCE, "gauge", _KPI, "When the KPI's state began, as far as this process has seen."
)
SURE = Family(names.SURE, "gauge", _KPI, "1 while a breach is beyond chance, else 0.")
ESCALATED = Family(
    names.ESCALATED,
    "gauge",
    _KPI,
    "1 while the graver of two thresholds is surely missed too; only rows that have one.",
)
TARGET = Family(
    names.TARGET,
    "gauge",
    (*_KPI, names.LABEL_COMPARATOR),
    "The target's threshold, in the KPI's unit.",
)
ATTAINMENT = Family(
    names.ATTAINMENT, "gauge", _KPI, "How much of the target is reached; 1 is all of it."
)
SAMPLES = Family(
    names.SAMPLES, "gauge", _KPI, "Events or subjects that the KPI's value rests on, own window."
)
PENDING = Family(names.PENDING, "gauge", _KPI, "Subjects whose chance is still open.")
LAST_EVENT = Family(names.LAST_EVENT, "gauge", _KPI, "Time of the newest event that feeds the KPI.")

KPI_FAMILIES = (
    INFO, STATE, STATE_SINCE, SURE, ESCALATED, TARGET, ATTAINMENT, SAMPLES, PENDING, LAST_EVENT,
)  # fmt: skip

EVENTS = Family(
    names.EVENTS,
    "counter",
    (names.LABEL_PRODUCT, names.LABEL_OUTCOME),
    "Parsed events by what became of them when they came: stored, duplicate, quarantined or "
    "ignored.",
)
REPLAYED = Family(
    names.REPLAYED,
    "counter",
    (names.LABEL_PRODUCT, names.LABEL_OUTCOME),
    "Events that left the quarantine by a replay, which found them good (stored) or stored "
    "already (duplicate).",
)
REFUSED = Family(
    names.REFUSED,
    "counter",
    (names.LABEL_REASON,),
    "Requests that were turned away whole, by reason.",
)
REFUSED_BYTES = Family(
    names.REFUSED_BYTES,
    "counter",
    (names.LABEL_REASON,),
    "Bytes of the requests that were turned away: as announced, else as far as they were read.",
)
COMMITS = Family(names.COMMITS, "counter", (), "Commits of events since the process began.")
FOLDS = Family(names.FOLDS, "counter", (), "Folds of events into partials since the process began.")
EVALUATION_ERRORS = Family(
    names.EVALUATION_ERRORS, "counter", (), "Evaluations that failed; the last Snapshot stayed."
)
COMMIT_SECONDS = Family(names.COMMIT_SECONDS, "gauge", (), "Duration of the newest commit.")
FOLD_SECONDS = Family(names.FOLD_SECONDS, "gauge", (), "Duration of the newest fold.")
EVALUATION_SECONDS = Family(
    names.EVALUATION_SECONDS, "gauge", (), "Duration of the evaluation behind these numbers."
)
LAG = Family(
    names.LAG, "gauge", (), "Age of the oldest committed event that no KPI value counts yet."
)
WAL_BYTES = Family(names.WAL_BYTES, "gauge", (), "Size of the database's write-ahead log.")
DATABASE_BYTES = Family(names.DATABASE_BYTES, "gauge", (), "Size of the database file.")
FREE_BYTES = Family(names.FREE_BYTES, "gauge", (), "Free space on the disk of the data directory.")
WAITING = Family(names.WAITING, "gauge", (), "Events taken in and not committed yet.")
QUARANTINED = Family(names.QUARANTINED, "gauge", (), "Events that wait in quarantine now.")
OVERFLOW = Family(
    names.OVERFLOW,
    "counter",
    _KPI,
    "Events whose label value was beyond the cap, so that they were counted as __other__.",
)
REBUILDING = Family(
    names.REBUILDING, "gauge", _KPI, "Share of stored events that a running rebuild has read."
)
SNAPSHOT_NUMBER = Family(
    names.SNAPSHOT_NUMBER, "gauge", (), "Number of the Snapshot that these numbers are from."
)
SNAPSHOT_TIME = Family(
    names.SNAPSHOT_TIME, "gauge", (), "When the Snapshot behind these numbers was made."
)

PIPELINE_FAMILIES = (
    EVENTS, REPLAYED, REFUSED, REFUSED_BYTES, COMMITS, FOLDS, EVALUATION_ERRORS, COMMIT_SECONDS,
    FOLD_SECONDS, EVALUATION_SECONDS, LAG, WAL_BYTES, DATABASE_BYTES, FREE_BYTES, WAITING,
    QUARANTINED, OVERFLOW, REBUILDING, SNAPSHOT_NUMBER, SNAPSHOT_TIME,
)  # fmt: skip
