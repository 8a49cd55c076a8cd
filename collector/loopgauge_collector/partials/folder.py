"""Keeps the partials up to the events: the running fold, rebuilds, and the merge.

Runs in the folding thread. KPIs whose partials are complete share one position; each
KPI that is new or changed has its own and catches up in chunks between the others'
folds, so ingest and the other KPIs never wait for a rebuild.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress

import duckdb
from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.rules import revision
from loopgauge_collector.partials.activity import Activity
from loopgauge_collector.partials.chunks import next_chunk, positions
from loopgauge_collector.partials.fold import FoldPlan
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.sequences import store_sequences
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.storage.schema import LATEST, LAYERED, LEVELS, LOGGED, PARTIALS, SUBJECTS
from loopgauge_collector.storage.transactions import transaction

log = logging.getLogger(__name__)

_Pair = tuple[str, str]
_BY_SERIES = [name for of in (PARTIALS, SUBJECTS, LEVELS) for name in (of.name, of.recent)]
_BY_RULE = [name for of in (LATEST, *LOGGED) for name in (of.name, of.recent)]


class Folder:
    """The second transaction, its position and what is being rebuilt.

    Args:
        connection: the folding one; nothing else runs on it.
        catalog: what to compute.
        registry: numbers of rules and series.
        activity: told who sent what.
        max_events: events of one fold.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        registry: SeriesRegistry,
        activity: Activity,
        max_events: int,
    ) -> None:
        self._connection = connection
        self._registry = registry
        self._activity = activity
        self._max_events = max_events
        self._catalog = catalog
        #: Definition revision by KPI id; replaced, not changed.
        self.revisions: Mapping[str, str] = {}
        #: What is known of single subjects.
        self.logs = Logs(connection)
        self._behind: dict[_Pair, int] = {}
        self._plan: FoldPlan | None = None
        self._catch_up_plan: tuple[frozenset[_Pair], FoldPlan] | None = None
        #: Odd while definitions change. A reader whose reads span a change starts again.
        self.epoch = 0
        self.position = positions(connection).get(("", ""), 0)
        self.seconds = 0.0
        self.folds = 0
        #: KPI id -> share of the stored events that its rebuild has read; replaced, not changed.
        self.rebuilding: Mapping[str, float] = {}
        self.adopt(catalog)

    @property
    def catalog(self) -> Catalog:
        """What is being computed."""
        return self._catalog

    def adopt(self, catalog: Catalog) -> None:
        """Take a catalog: complete KPIs go on, new and changed ones start to catch up.

        Partials of definitions that are gone are dropped at once: they would miss the
        events from now on, should the definition come back.
        """
        revisions = {kpi.id: revision(kpi, catalog) for kpi in catalog.kpis()}
        current = set(revisions.items())
        with self._changing(), self._transaction():
            reached = positions(self._connection)
            complete: set[_Pair] = set(
                self._connection.execute("select distinct kpi, revision from complete").fetchall()
            )
            for kpi, gone in (complete | reached.keys()) - current - {("", "")}:
                rules = [n for n, rev in self._registry.numbers(kpi) if rev == gone]
                self._forget_partials(rules)
                self._registry.forget(self._connection, rules)
                for table in ("complete", "positions"):
                    self._connection.execute(
                        f"delete from {table} where kpi = ? and revision = ?", [kpi, gone]
                    )
            self._behind = {}
            for pair in sorted(current - complete):
                if self.position == 0:
                    self._connection.execute("insert into complete values (?, ?)", pair)
                else:
                    self._behind[pair] = reached.get(pair, 0)
            self._catalog, self.revisions = catalog, revisions
            self._new_generation()
            self._compile()

    def _compile(self) -> None:
        rules = [
            rule
            for kpi in self._catalog.kpis()
            if (kpi.id, self.revisions[kpi.id]) not in self._behind
            for rule in KINDS[kpi.kind].reduce(kpi, self._catalog)
        ]
        for old in (self._plan, self._catch_up_plan and self._catch_up_plan[1]):
            if old is not None:
                old.drop(self._connection)
        self._plan = FoldPlan(rules, self._registry, self._connection, self.logs)
        self._catch_up_plan = None

    def restart(self, kpis: Sequence[str] | None) -> None:
        """Forget the partials of these KPIs (or all) and compute them again."""
        with self._changing(), self._transaction():
            for kpi in self._catalog.kpis():
                if kpis is not None and kpi.id not in kpis:
                    continue
                pair = (kpi.id, self.revisions[kpi.id])
                rules = [number for number, _ in self._registry.numbers(kpi.id)]
                self._forget_partials(rules)
                self._connection.execute("delete from complete where kpi = ?", [kpi.id])
                self._connection.execute("delete from positions where kpi = ?", [kpi.id])
                if self.position == 0:
                    self._connection.execute("insert into complete values (?, ?)", pair)
                else:
                    self._behind[pair] = 0
            self._new_generation()
            self._compile()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing, in memory too: what is known must be what is stored."""
        kept = (dict(self._behind), self._catalog, self.revisions)
        plans = (self._plan, self._catch_up_plan)
        overflow = Counter(self._registry.overflow)
        known = self.logs.known()
        try:
            with transaction(self._connection):
                yield
        except BaseException:
            self._behind, self._catalog, self.revisions = kept
            self._plan, self._catch_up_plan = plans
            self._registry.overflow = overflow
            # After a fatal error nothing can be read; the process ends then.
            with suppress(duckdb.FatalException, duckdb.IOException):
                self._registry.load(self._connection)
                self.logs.go_back(known)
            raise

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self.epoch += 1
        try:
            yield
        finally:
            self._show_progress()
            self.epoch += 1

    def _new_generation(self) -> None:
        """Tell readers that the large tables changed."""
        self._connection.execute(
            "insert into generations select max(generation) + 1 from generations"
        )

    def _forget_partials(self, rules: Sequence[int]) -> None:
        """Drop what was reduced by these rules; the admitted label values stay."""
        if not rules:
            return
        numbers = ", ".join(map(str, rules))
        for table in _BY_SERIES:
            self._connection.execute(
                f"delete from {table} where series in "
                f"(select series from series where rule in ({numbers}))"
            )
        for table in _BY_RULE:
            self._connection.execute(f"delete from {table} where rule in ({numbers})")
        self.logs.forget()

    def fold(self, committed: int) -> bool:
        """Read the next chunk of events for the complete KPIs; False when there is none."""
        upto = next_chunk(self._connection, self.position, committed, self._max_events)
        if upto is None:
            # Commits without a new event (all duplicates, say) leave nothing to read.
            self.position = max(self.position, committed)
            return False
        began = time.perf_counter()
        assert self._plan is not None
        with self._transaction():
            self._plan.run(self._connection, self.position, upto)
            seen = self._activity.store(self._connection, self.position, upto)
            store_sequences(self._connection, self.position, upto)
            self._connection.execute("insert into positions values ('', '', ?)", [upto])
        self._activity.note(seen)
        self.position = upto
        self.folds += 1
        self.seconds = time.perf_counter() - began
        return True

    def catch_up(self) -> bool:
        """Read one chunk for those that are furthest behind; False when none is."""
        if not self._behind:
            return False
        lowest = min(self._behind.values())
        pairs = frozenset(pair for pair, at in self._behind.items() if at == lowest)
        upto = next_chunk(self._connection, lowest, self.position, self._max_events)
        reached = self.position if upto is None else upto
        done = reached == self.position
        with self._changing() if done else nullcontext(), self._transaction():
            if upto is not None:
                self._plan_for(pairs).run(self._connection, lowest, upto)
            for pair in pairs:
                self._connection.execute("insert into positions values (?, ?, ?)", [*pair, reached])
                self._behind[pair] = reached
            if done:
                self._finish(pairs)
        self._show_progress()
        return bool(self._behind)

    def _plan_for(self, pairs: frozenset[_Pair]) -> FoldPlan:
        if self._catch_up_plan is None or self._catch_up_plan[0] != pairs:
            rules = [
                rule
                for kpi in self._catalog.kpis()
                if (kpi.id, self.revisions[kpi.id]) in pairs
                for rule in KINDS[kpi.kind].reduce(kpi, self._catalog)
            ]
            if self._catch_up_plan is not None:
                self._catch_up_plan[1].drop(self._connection)
            plan = FoldPlan(rules, self._registry, self._connection, self.logs)
            self._catch_up_plan = (pairs, plan)
        return self._catch_up_plan[1]

    def _finish(self, pairs: frozenset[_Pair]) -> None:
        for kpi, current in pairs:
            del self._behind[kpi, current]
            self._connection.execute("insert into complete values (?, ?)", [kpi, current])
            self._connection.execute("delete from positions where kpi = ?", [kpi])
        self._compile()
        log.info("rebuilt %s", ", ".join(sorted(kpi for kpi, _ in pairs)))

    def _show_progress(self) -> None:
        whole = max(self.position, 1)
        self.rebuilding = {kpi: at / whole for (kpi, _), at in self._behind.items()}

    def merge(self) -> None:
        """Move recent rows into the large tables, one row per key."""
        with transaction(self._connection):
            for table in LAYERED:
                self._connection.execute(table.merge())
                self._connection.execute(f"delete from {table.recent}")
            self._connection.execute(
                """delete from positions where (kpi, revision, position) not in
                (select kpi, revision, max(position) from positions group by kpi, revision)"""
            )
            self._new_generation()
            self._connection.execute(
                "delete from generations "
                "where generation < (select max(generation) from generations)"
            )
