"""What has to be done once in a while so that a store does not grow for ever, slice by slice.

Runs in the folding thread, between folds.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import duckdb

from loopgauge_collector.partials.compaction import Compaction
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.partials.level_compaction import LevelCompaction
from loopgauge_collector.partials.retention import Retention
from loopgauge_collector.partials.series import SeriesRegistry

#: How often a checkpoint is tried while others write.
_TRIES = 50


class Upkeep:
    """Compaction of old partials, deletion of old events, and space given back once a day.

    Args:
        connection: the folding one.
        folder: what computes the partials.
        registry: its rules and series.
        keep_days: age up to which events are accepted.
        clock: microseconds since the epoch.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Folder,
        registry: SeriesRegistry,
        keep_days: int,
        clock: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._registry = registry
        self._keep_days = keep_days
        self._clock = clock
        self._round: Iterator[Literal[True]] | None = None
        self._epoch = 0
        self._freed: int | None = None

    def step(self) -> bool:
        """Do a slice of the round that is due; False when the round is over.

        A round that definitions change under ends at once, and so does one while partials are
        rebuilt: they have to be made of all events, or of none of a day.
        """
        if self._round is None:
            self._round, self._epoch = self._slices(), self._folder.epoch
        stale = self._folder.epoch != self._epoch or self._folder.rebuilding
        try:
            if stale or not next(self._round, False):
                self._round = None
        except BaseException:
            self._round = None
            raise
        return self._round is not None

    def _slices(self) -> Iterator[Literal[True]]:
        now, catalog = self._clock(), self._folder.catalog
        compaction = Compaction(self._connection, catalog, self._registry, now)
        for part in compaction.slices():
            compaction.run(part)
            yield True
        levels = LevelCompaction(self._connection, catalog, self._registry, now)
        for changes in levels.slices():
            levels.run(changes)
            yield True
        retention = Retention(
            self._connection, catalog, self._registry, now, self._keep_days, self._folder.position
        )
        with self._folder.logs.deleting():
            for delete in retention.slices():
                delete()
                yield True
        if self._freed != retention.border:
            yield from self._free()
            self._freed = retention.border

    def _free(self) -> Iterator[Literal[True]]:
        """Give back the space of deleted rows; the checkpoints under load leave it where it is."""
        for _ in range(_TRIES):
            try:
                self._connection.execute("checkpoint")
            except duckdb.TransactionException:
                yield True
            else:
                return
