"""What a KPI's number is once it is computed: values, readings and the Snapshot.

The collector makes them, everything that shows a number reads them. All immutable,
so that a page, a scrape and an API call that read the same Snapshot cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.states import State

#: What can become of a parsed event when it comes. Accounting has one of these for each.
OUTCOMES: Final = ("stored", "duplicate", "quarantined", "ignored")
#: The outcome of accounting rows of a replay; their reason is one of `REPLAY_OUTCOMES`.
REPLAYED: Final = "replayed"
REPLAY_OUTCOMES: Final = ("stored", "duplicate")

_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a KPI over one window, as of the window's end.

    Attributes:
        start: where the window begins (inclusive); None for kinds without a window.
        end: where it ends (exclusive).
        value: in the KPI's base unit; None when undefined.
        samples: events (or subjects) that the value rests on.
        stats: further numbers in the same unit, by their `stat` label (``p50``, ``p99``).
        share: for kinds that judge single events, the share that fulfils the target.
        interval: 95 % interval of the deciding number.
        ineligible: events that lacked an attribute which the KPI needs.
        pending: subjects whose chance is still open; None for kinds without subjects.
        steps: for funnels, the share of those who began that reached each step.
        late: subjects that ended after their limit; they count as not done.
        unpriced: costs that nobody could price; with any, the value is a lower bound.
        gaps: for funnels, the median seconds from the step before, by step.
        worst_step: the step that most of those who reached the one before did not reach; None
            where all did.
    """

    start: datetime | None
    end: datetime
    value: float | None
    samples: int
    stats: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    share: float | None = None
    interval: tuple[float, float] | None = None
    ineligible: int = 0
    pending: int | None = None
    steps: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    late: int = 0
    unpriced: int = 0
    gaps: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    worst_step: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same number earlier.

    Attributes:
        end: where the earlier window ends.
        value: what it was; None where it was undefined.
        delta: the difference to it, in the KPI's base unit; None unless both are defined.
        samples: what the earlier value rests on.
    """

    end: datetime
    value: float | None
    delta: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a KPI is going, against the same window some weeks earlier (KPI_SEMANTICS 5).

    Attributes:
        arrow: ``up``, ``down``, ``flat``, or None where one of the two says nothing.
        good: whether it moves to the target's side; None where no side is better.
        z: the test's statistic; None for kinds without a test.
        against: what it is compared with.
    """

    arrow: Literal["up", "down", "flat"] | None
    good: bool | None
    z: float | None
    against: Comparison


@dataclass(frozen=True, slots=True)
class KpiValue:
    """A KPI with its state: never just a number.

    Attributes:
        kpi: the catalog row.
        unit: how its metric's name ends (``seconds``, ``ratio``, ``usd`` or empty).
        state: what is known, see `State`.
        sure: whether a breach is beyond chance.
        state_since: when this state began, as far as this process has seen.
        reading: the number over the KPI's own window; its value is None in `no_data`.
        windows: the same over the standard windows, by name (``1h``, ``24h``, ``7d``, ``28d``).
        breakdowns: label -> label value -> reading over the KPI's own window.
        needs: what is missing before the KPI can have a value, in words.
        last_event: time of the newest event that feeds it.
        age_seconds: time since then, at the Snapshot's `as_of`.
        attainment: how much of the target is reached, 1 being all of it; None without a target
            or value.
        revision: changes with the KPI's definition.
        pending: subjects whose chance is still open; None for kinds without subjects.
        enough: samples that a judgement needs, where the state is `too_few` for want of them.
        worst: the label and its value that decide the state; None where the total does.
        escalated: whether the graver threshold is surely missed too.
        trend: None until it was computed.
        comparisons: the same number 1, 7 and 28 days ago, by ``1d``, ``7d`` and ``28d``.
    """

    kpi: Kpi
    unit: str
    state: State
    sure: bool
    state_since: datetime
    reading: Reading
    windows: Mapping[str, Reading]
    breakdowns: Mapping[str, Mapping[str, Reading]]
    needs: tuple[str, ...]
    last_event: datetime | None
    age_seconds: float | None
    revision: str
    attainment: float | None = None
    pending: int | None = None
    enough: int | None = None
    worst: tuple[str, str] | None = None
    escalated: bool = False
    trend: Trend | None = None
    comparisons: Mapping[str, Comparison] = field(default_factory=lambda: MappingProxyType({}))

    def measured(self, reading: Reading) -> bool:
        """Whether somebody measured the reading: the 0 of a silent source nobody did."""
        return self.state is not State.STALE or reading.samples > 0


@dataclass(frozen=True, slots=True)
class AccountingRow:
    """How many parsed events ended how.

    The rows of the four `OUTCOMES` add up to what was received, and never go down. An event
    that a replay took out of quarantine later stays counted there, and once more in a row
    whose outcome is `REPLAYED`.
    """

    product: str
    service: str
    outcome: str
    reason: str
    events: int


@dataclass(frozen=True, slots=True)
class PipelineHealth:
    """The collector's own numbers, taken with the Snapshot.

    Attributes:
        accounting: totals since the store began.
        refused: requests that were turned away whole, by reason, since the process began.
        refused_bytes: their bytes, as announced, else as far as they were read.
        position: number of the newest commit whose events are in the partials.
        committed: number of the newest commit.
        lag_seconds: age of the oldest committed event that is not in the partials yet.
        commit_seconds, fold_seconds: duration of the newest commit and fold.
        evaluation_seconds: duration of the evaluation that made this Snapshot.
        commits: commits since the process began; folds and evaluation_errors likewise.
        wal_bytes, database_bytes, free_bytes: sizes on disk.
        waiting_events: accepted into the queue, not committed yet.
        quarantined: events that wait in quarantine now.
        series_overflow: events that were put into ``__other__``, by KPI id, since the
            process began.
        rebuilding: KPI id -> share of stored events already done.
    """

    accounting: tuple[AccountingRow, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_bytes: Mapping[str, int] = field(default_factory=dict)
    position: int = 0
    committed: int = 0
    lag_seconds: float = 0.0
    commit_seconds: float = 0.0
    fold_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    commits: int = 0
    folds: int = 0
    evaluation_errors: int = 0
    wal_bytes: int = 0
    database_bytes: int = 0
    free_bytes: int = 0
    waiting_events: int = 0
    quarantined: int = 0
    series_overflow: Mapping[str, int] = field(default_factory=dict)
    rebuilding: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every KPI value at one moment. Numbered; never changed once published."""

    number: int
    as_of: datetime
    end: datetime
    catalog: Catalog
    kpis: tuple[KpiValue, ...]
    health: PipelineHealth
    by_id: Mapping[str, KpiValue] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the values by KPI id."""
        object.__setattr__(self, "by_id", {value.kpi.id: value for value in self.kpis})
