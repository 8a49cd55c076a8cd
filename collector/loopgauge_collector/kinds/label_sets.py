"""Label sets: what keeps the reports of one event apart, and when one of them is gone."""

from typing import Any

from loopgauge_catalog.catalog import Catalog

from loopgauge_collector.kinds.base import identity
from loopgauge_collector.kinds.cell import Cell, LatestRow
from loopgauge_collector.kinds.expressions import attribute, filter_sql, label_set
from loopgauge_collector.kinds.rules import LatestRule


def newest_rules(kpi: Any, catalog: Catalog, value: str) -> tuple[LatestRule, ...]:
    """Keep the newest event of each label set; `retired_by` keeps a tombstone."""
    rule = LatestRule(
        **identity(kpi, catalog),
        event=kpi.event,
        where=filter_sql(kpi.where),
        value=value,
        key=label_set(kpi.per),
    )
    if kpi.retired_by is None:
        return (rule,)
    gone = LatestRule(
        **identity(kpi, catalog), event=kpi.retired_by, key=_tombstone_key(kpi), retires=True
    )
    return (rule, gone)


def _tombstone_key(kpi: Any) -> str:
    """Members that the event does not carry match anything."""
    parts = " || ',' || ".join(f"coalesce({attribute(name)}, 'null')" for name in kpi.per)
    return f"'[' || {parts} || ']'" if kpi.per else "'[]'"


def present(kpi: Any, cell: Cell) -> list[LatestRow]:
    """The label sets that still count: not retired, and heard of within `drop_after`."""
    return [
        row
        for row in cell.latest
        if row.micro is not None
        and (kpi.drop_after is None or cell.end - row.time <= kpi.drop_after)
    ]
