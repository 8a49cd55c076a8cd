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
from loopgauge_catalog.kpis import Kpi

from loopgauge_collector.kinds import KINDS
from loopgauge_collector.kinds.rules import (
    ActivityRule,
    AdditiveRule,
    LatestRule,
    revision,
)
from loopgauge_collector.partials.activity import Activity
from loopgauge_collector.partials.chunks import next_chunk, positions
from loopgauge_collector.partials.fold import NOTHING, FoldPlan, Kept
from loopgauge_collector.partials.logs import Logs
from loopgauge_collector.partials.sequences import store_sequences
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.storage.schema import (
    LATEST,
    LAYERED,
    LEVELS,
    LOGGED,
    OPEN,
    PARTIALS,
    SUBJECTS,
)
from loopgauge_collector.storage.transactions import transaction
from loopgauge_collector.windows import MINUTE, full_days

log = logging.getLogger(__name__)

_Pair = tuple[str, str]
#: Whose rows of one time do not depend on events of a later one, or say so in `closed`.
_BY_TIME = (AdditiveRule, LatestRule, ActivityRule)


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
        #: What rebuilds leave as it is.
        self._kept: dict[_Pair, Kept] = {}
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
                for table in ("complete", "positions", "kept"):
                    self._connection.execute(
                        f"delete from {table} where kpi = ? and revision = ?", [kpi, gone]
                    )
            self._behind = {}
            self._kept = {
                (kpi, revision): Kept(since, position)
                for kpi, revision, since, position in self._connection.execute(
                    "select kpi, revision, since, position from kept"
                ).fetchall()
            }
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

    def restart(self, kpis: Sequence[str] | None, gone: int = 0) -> None:
        """Forget the partials of these KPIs (or all) and compute them again.

        Args:
            kpis: ids.
            gone: events before this moment are not stored any more, in microseconds. What was
                made of the days before stays, except for kinds that follow subjects from a
                beginning to an end: of them it is forgotten.
        """
        with self._changing(), self._transaction():
            for kpi in self._catalog.kpis():
                if kpis is not None and kpi.id not in kpis:
                    continue
                pair = (kpi.id, self.revisions[kpi.id])
                rules = [number for number, _ in self._registry.numbers(kpi.id)]
                kept = self._keeping(kpi, gone)
                self._forget_partials(rules, kept.since)
                for table in ("complete", "positions", "kept"):
                    self._connection.execute(f"delete from {table} where kpi = ?", [kpi.id])
                if self.position == 0:
                    self._connection.execute("insert into complete values (?, ?)", pair)
                else:
                    self._behind[pair], self._kept[pair] = 0, kept
                    self._connection.execute("insert into kept values (?, ?, ?, ?)", [*pair, *kept])
            self._registry.load_firsts(self._connection)
            self._new_generation()
            self._compile()

    def _keeping(self, kpi: Kpi, gone: int) -> Kept:
        pair = (kpi.id, self.revisions[kpi.id])
        if pair in self._behind:
            # It has no more of the past than what the rebuild that runs has left.
            return self._kept.get(pair, NOTHING)
        rules = KINDS[kpi.kind].reduce(kpi, self._catalog)
        if not gone or not all(isinstance(rule, _BY_TIME) for rule in rules):
            return NOTHING
        # Old rows are whole local days.
        since, _ = full_days(gone, 0, self._catalog.products[kpi.product].zone)
        return Kept(since, self.position)

    @contextmanager
    def _transaction(self) -> Iterator[list[tuple[int, int]]]:
        """All of it or nothing, in memory too: what is known must be what is stored.

        What is added to its list is told to the registry after the commit: the first event of
        series.
        """
        firsts: list[tuple[int, int]] = []
        before = (dict(self._behind), dict(self._kept), self._catalog, self.revisions)
        plans = (self._plan, self._catch_up_plan)
        overflow = Counter(self._registry.overflow)
        known = self.logs.known()
        try:
            with transaction(self._connection):
                yield firsts
        except BaseException:
            self._behind, self._kept, self._catalog, self.revisions = before
            self._plan, self._catch_up_plan = plans
            self._registry.overflow = overflow
            # After a fatal error nothing can be read; the process ends then.
            with suppress(duckdb.FatalException, duckdb.IOException):
                self._registry.load(self._connection)
                self.logs.go_back(known)
            raise
        self._registry.note_firsts(firsts)

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

    def _forget_partials(self, rules: Sequence[int], since: int = 0) -> None:
        """Drop what was reduced by these rules since a moment; the admitted label values stay."""
        if not rules:
            return
        of = f"rule in ({', '.join(map(str, rules))})"
        of_series = f"series in (select series from series where {of})"
        minute = since // MINUTE
        for table in (PARTIALS, SUBJECTS, LEVELS, LATEST):
            whose = of if table is LATEST else of_series
            moment = f"second >= {since // 1_000_000}" if table is LEVELS else f"bucket >= {minute}"
            for name in (table.name, table.recent):
                self._connection.execute(f"delete from {name} where {whose} and {moment}")
        for name in (SUBJECTS.name, SUBJECTS.recent) if since else ():
            # What came next is read again.
            self._connection.execute(
                f"update {name} set closed = {OPEN} where {of_series} and closed >= {minute}"
            )
        for logged in LOGGED:
            for name in (logged.name, logged.recent):
                self._connection.execute(f"delete from {name} where {of} and micros >= {since}")
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
        with self._transaction() as firsts:
            firsts.extend(self._plan.run(self._connection, self.position, upto))
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
        waiting = [pair for pair, at in self._behind.items() if at == lowest]
        kept = min(self._kept.get(pair, NOTHING) for pair in waiting)
        pairs = frozenset(pair for pair in waiting if self._kept.get(pair, NOTHING) == kept)
        upto = next_chunk(self._connection, lowest, self.position, self._max_events)
        reached = self.position if upto is None else upto
        done = reached == self.position
        with self._changing() if done else nullcontext(), self._transaction() as firsts:
            if upto is not None:
                firsts.extend(self._plan_for(pairs).run(self._connection, lowest, upto, kept))
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
            self._kept.pop((kpi, current), None)
            for table in ("positions", "kept"):
                self._connection.execute(f"delete from {table} where kpi = ?", [kpi])
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
