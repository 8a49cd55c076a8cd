"""What feeds a KPI: its events, what they must carry, and how often they come."""

from collections.abc import Iterator

from loopgauge_catalog.builtin import BUILT_IN
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.declarations import Event
from loopgauge_catalog.handbook import words
from loopgauge_catalog.kpis import Kpi


def feeds(kpi: Kpi, catalog: Catalog) -> Iterator[str]:
    """One line for each event that the KPI reads."""
    for name in dict.fromkeys(use.event for use in kpi.uses):
        attributes = kpi.attributes_of(name)
        carrying = f" with {words.codes(attributes)}" if attributes else ""
        declared = catalog.event(kpi.product, name)
        means = f": {declared.means}" if declared is not None and declared.means else "."
        optional = "" if name in kpi.events else "optional; "
        yield f"{words.code(name)}{carrying} ({optional}{_rhythm(name, declared)}){means}"


def _rhythm(name: str, declared: Event | None) -> str:
    if name in BUILT_IN:
        return "LoopGauge sends it by itself"
    if declared is None:
        return "not declared"
    if declared.source == "batch":
        return "a report; silence is normal"
    if declared.expect is None:
        return "no rhythm is declared"
    if declared.expect == "rare":
        return "rare; silence is normal"
    return f"at least every {words.duration(declared.expect)}".replace("every 1 ", "every ")
