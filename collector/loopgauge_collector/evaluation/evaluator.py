"""Once a second: read, evaluate, publish. In a thread of its own, never in the writer's."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from loopgauge_catalog.states import State
from loopgauge_catalog.values import KpiValue, PipelineHealth, Snapshot

from loopgauge_collector.evaluation.baselines import Baselines
from loopgauge_collector.evaluation.cells import levels_since
from loopgauge_collector.evaluation.definitions import Definition, Moment, all_windows, define
from loopgauge_collector.evaluation.faults import Faults
from loopgauge_collector.evaluation.judge import Sources
from loopgauge_collector.evaluation.scores import members_of
from loopgauge_collector.evaluation.snapshots import Snapshots
from loopgauge_collector.evaluation.values import evaluate
from loopgauge_collector.partials.activity import Activity
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.partials.reading.present import PresentReader, Wanted
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.storage.store import Store
from loopgauge_collector.windows import Window, to_datetime


class Evaluator:
    """Publishes a Snapshot every interval.

    Args:
        store, folder, registry, activity: where values come from.
        snapshots: where they go.
        health: the collector's own numbers.
        baselines: earlier values, for trends.
        interval: seconds between two evaluations.
        clock: microseconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        folder: Folder,
        registry: SeriesRegistry,
        activity: Activity,
        snapshots: Snapshots,
        health: Callable[[], PipelineHealth],
        baselines: Baselines,
        interval: float,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._folder = folder
        self._registry = registry
        self._activity = activity
        self._snapshots = snapshots
        self._health = health
        self._baselines = baselines
        self._interval = interval
        self._clock = clock
        self._reader = PresentReader()
        self._number = 0
        self._states: dict[str, tuple[State, datetime]] = {}
        self._values: Mapping[str, KpiValue] = {}
        self._stopped = threading.Event()
        self.faults = Faults("the evaluation failed; the last Snapshot stays")
        self._thread = threading.Thread(target=self._run, name="loopgauge-evaluator", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End it after the evaluation that runs."""
        self._stopped.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            # Without a new Snapshot the page and /metrics show that it is old; the counter and
            # the log say why.
            with self.faults:
                self.evaluate()
            spent = time.monotonic() - began
            self._stopped.wait(max(0.05, self._interval - spent))

    def evaluate(self, *, whole: bool = False) -> Snapshot | None:
        """Make and publish one Snapshot; None when definitions changed meanwhile.

        Args:
            whole: read every window, instead of the further ones in turn.
        """
        began = time.perf_counter()
        epoch = self._folder.epoch
        if epoch % 2:
            return None
        # Before the values: the position that is shown must never be ahead of the numbers.
        health = self._health()
        catalog, revisions = self._folder.catalog, self._folder.revisions
        if self._folder.epoch != epoch:
            return None
        rebuilding = self._folder.rebuilding
        now = self._clock()
        moment = Moment(at=now, now=now)
        if whole:
            self._values = {}
        definitions = [
            define(kpi, revisions[kpi.id], self._registry, catalog) for kpi in catalog.kpis()
        ]
        spans = {d.kpi.id: all_windows(d, moment, catalog) for d in definitions}
        asked = {window for of in spans.values() for window in of}
        end = max(window.end for window in asked)
        # What ended earlier, such as the last month, hardly changes and is read by itself.
        windows = [window for window in asked if window.end == end]
        wanted = _wanted(definitions, spans, windows, now)
        self._activity.settle(end)
        sources = Sources(self._activity.before(end))
        with self._store.reader() as cursor:
            cells = self._reader.read(cursor, wanted, self._registry.firsts)
            found: dict[str, KpiValue] = {}
            # A score comes after the KPIs that it is made of.
            for definition in sorted(definitions, key=lambda d: d.kind.source == "none"):
                kpi = definition.kpi
                found[kpi.id] = self._with_windows(
                    definition,
                    partial(
                        evaluate,
                        definition,
                        cells,
                        sources,
                        moment,
                        catalog,
                        rebuilding=kpi.id in rebuilding,
                        members=members_of(kpi, found),
                    ),
                )
        values = tuple(self._completed(found[kpi.id]) for kpi in catalog.kpis())
        if self._folder.epoch != epoch:
            return None
        self._number += 1
        self._values = {value.kpi.id: value for value in values}
        snapshot = Snapshot(
            number=self._number,
            as_of=to_datetime(now),
            end=to_datetime(end),
            catalog=catalog,
            kpis=values,
            health=replace(health, evaluation_seconds=time.perf_counter() - began),
        )
        self._snapshots.publish(snapshot)
        return snapshot

    def _with_windows(self, definition: Definition, evaluated: Callable[..., KpiValue]) -> KpiValue:
        """A KPI over its own window now; over one of the further ones now, the others in turn.

        They have no state, and each says where it ends; reading all of them every time would take
        longer than all else.
        """
        further = definition.further()
        before = self._values.get(definition.kpi.id)
        # A catalog that was read again has other rows, be they alike.
        if further and before is not None and before.kpi is definition.kpi:
            lengths = (further[self._number % len(further)],)
            value = evaluated(lengths=lengths, windows=before.windows)
            if before.revision == value.revision and _says(before) == _says(value):
                return value
        return evaluated()

    def _completed(self, value: KpiValue) -> KpiValue:
        """Say since when the state holds, and what it was before."""
        state, since = self._states.get(value.kpi.id, (None, value.state_since))
        if state is not value.state:
            since = value.state_since
        self._states[value.kpi.id] = (value.state, since)
        trend, comparisons = self._baselines.compared(value)
        return replace(value, state_since=since, trend=trend, comparisons=comparisons)


def _says(value: KpiValue) -> tuple[bool, bool]:
    """What decides whether there are numbers at all."""
    return value.state is State.NO_DATA, value.state is State.REBUILDING


def _wanted(
    definitions: Sequence[Definition],
    spans: Mapping[str, Sequence[Window]],
    windows: Sequence[Window],
    now: int,
) -> Wanted:
    """What has to be read for all of them."""
    oldest = [
        window.start - (d.kind.reach(d.kpi) or 0)
        for d in definitions
        if d.kind.counts_subjects(d.kpi)
        for window in spans[d.kpi.id]
    ]
    levels = [
        levels_since(window, now)
        for d in definitions
        if d.kind.source == "levels"
        for window in spans[d.kpi.id]
    ]
    return Wanted(
        windows=windows,
        sketched=sorted(s for d in definitions if d.sketched for s in d.all_series()),
        oldest=min(oldest, default=now),
        by_minute=sorted(s for d in definitions if d.kind.by_minute for s in d.all_series()),
        levels=(min(levels, default=now), windows[0].end),
    )
