"""KPI values at past moments: what the accepted events before them say."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from loopgauge_catalog.kpis import Kpi
from loopgauge_catalog.kpis.base import Windowed
from loopgauge_catalog.values import KpiValue

from loopgauge_collector.errors import Refused
from loopgauge_collector.evaluation.cells import levels_since
from loopgauge_collector.evaluation.definitions import Moment, all_windows, define, own_window
from loopgauge_collector.evaluation.judge import Sources
from loopgauge_collector.evaluation.scores import member_ids
from loopgauge_collector.evaluation.values import evaluate
from loopgauge_collector.partials import activity
from loopgauge_collector.partials.folder import Folder
from loopgauge_collector.partials.reading.past import PastCells
from loopgauge_collector.partials.series import SeriesRegistry
from loopgauge_collector.storage.store import Store
from loopgauge_collector.windows import to_micro

MAX_STEPS = 1000
_TRIES = 20
#: Fewer moments than this are summed one by one, for more of them all rows are read.
_MANY = 16


class Past:
    """Reads history. Each call reads within one transaction of its own."""

    def __init__(
        self, store: Store, folder: Folder, registry: SeriesRegistry, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._folder = folder
        self._registry = registry
        self._clock = clock

    def values(
        self,
        kpi_id: str,
        moments: Sequence[datetime],
        length: int | None = None,
        *,
        broken_down: bool = True,
    ) -> list[KpiValue]:
        """The KPI at each moment, over its own window and one of another length.

        Args:
            kpi_id: as product.key.
            moments: in any order.
            length: of the other window, in microseconds.
            broken_down: whether label values are wanted too.

        Raises:
            Refused: unknown KPI, or too many moments.
        """
        if len(moments) > MAX_STEPS:
            raise Refused(
                400, "too_many_steps", f"{len(moments)} points asked, at most {MAX_STEPS}"
            )
        for _ in range(_TRIES):
            epoch = self._folder.epoch
            values = self._read(kpi_id, moments, length, broken_down)
            if epoch % 2 == 0 and self._folder.epoch == epoch:
                return values
        raise Refused(503, "definitions_change", "definitions are changing; ask again", 1)

    def _read(
        self, kpi_id: str, moments: Sequence[datetime], length: int | None, broken_down: bool
    ) -> list[KpiValue]:
        catalog = self._folder.catalog
        kpi = catalog.kpi(kpi_id)
        if kpi is None:
            raise Refused(404, "unknown_kpi", f"there is no KPI {kpi_id}")
        now = self._clock()
        asked = [Moment(at=to_micro(moment), now=now) for moment in moments]
        has_windows = kpi.own_window is not None or isinstance(kpi, Windowed)
        lengths = (length,) if length is not None and has_windows else ()
        if kpi.kind != "composite":
            return self._evaluate(kpi, asked, lengths, broken_down=broken_down)
        members = {name: catalog.kpi(name) for name in member_ids(kpi)}
        found = {
            name: self._evaluate(member, asked, (), broken_down=False)
            for name, member in members.items()
            if member is not None
        }
        return [
            self._evaluate(kpi, [moment], (), {name: found[name][at] for name in found})[0]
            for at, moment in enumerate(asked)
        ]

    def _evaluate(
        self,
        kpi: Kpi,
        asked: Sequence[Moment],
        lengths: Sequence[int],
        members: Mapping[str, KpiValue] | None = None,
        *,
        broken_down: bool = True,
    ) -> list[KpiValue]:
        catalog = self._folder.catalog
        # It may be of another catalog; what was read then is thrown away by the epoch.
        definition = define(kpi, self._folder.revisions.get(kpi.id, ""), self._registry, catalog)
        spans = [
            (span, moment.at)
            for moment in asked
            for span in all_windows(definition, moment, catalog, lengths)
        ]
        if not spans:
            return []
        start, end = min(s.start for s, _ in spans), max(s.end for s, _ in spans)
        with self._store.reader() as cursor:
            cells = PastCells(
                cursor,
                start,
                end,
                self._registry.firsts,
                first_end=min(s.end for s, _ in spans),
                levels=(
                    min(levels_since(s, at) for s, at in spans),
                    max(max(s.end, at) for s, at in spans),
                ),
                many=len(asked) > _MANY,
            )
            ends = [own_window(kpi, moment, catalog).end for moment in asked]
            history = activity.History(cursor, kpi.product, ends)
            return [
                evaluate(
                    definition,
                    cells,
                    Sources(history.before(before)),
                    moment,
                    catalog,
                    rebuilding=kpi.id in self._folder.rebuilding,
                    lengths=lengths,
                    members=members,
                    broken_down=broken_down,
                )
                for moment, before in zip(asked, ends, strict=True)
            ]
