"""Checks of KPIs that refer to other KPIs: scores and their members, and a status against one."""

from collections.abc import Iterator

from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.checks.base import Finding, Subject
from loopgauge_catalog.errors import Path, did_you_mean
from loopgauge_catalog.kpis import Composite, Kpi, Latest
from loopgauge_catalog.quantities import Dimension

_DISTANCES: dict[Dimension, str] = {"share": "5%", "time": "1h", "money": "$5", "number": "5"}


def _named(product: ProductCatalog, key: str) -> Kpi | None:
    return next((kpi for kpi in product.kpis() if kpi.key == key), None)


def _missing(subject: Subject, path: Path, key: str) -> Finding:
    return Finding(
        subject.at(*path),
        f"{subject.product.product} has no KPI {key}",
        did_you_mean(
            key,
            [kpi.key for kpi in subject.product.kpis() if kpi is not subject.kpi],
            otherwise="name one by its key",
        ),
    )


def check_members(subject: Subject) -> Iterator[Finding]:
    """Members of a score that do not exist, count twice, or have nothing to attain."""
    if not isinstance(subject.kpi, Composite):
        return
    seen: dict[str, str] = {}
    for part_key, part in subject.kpi.parts.items():
        for number, member in enumerate(part.kpis):
            path: Path = ("parts", part_key, "kpis", number)
            kpi = _named(subject.product, member.kpi)
            if kpi is None:
                yield _missing(subject, path, member.kpi)
                continue
            if isinstance(kpi, Composite):
                yield Finding(
                    subject.at(*path), f"{member.kpi} is a score itself", "name its members here"
                )
                continue
            if member.kpi in seen:
                yield Finding(
                    subject.at(*path),
                    f"{member.kpi} is already in {seen[member.kpi]} and would count twice",
                    "delete one",
                )
            seen.setdefault(member.kpi, part_key)
            yield from _against(subject, path, kpi, member.against)


def _against(subject: Subject, path: Path, kpi: Kpi, key: str | None) -> Iterator[Finding]:
    if key is None:
        if kpi.target is None:
            yield Finding(
                subject.at(*path),
                f"{kpi.key} has no target, so nobody can say how much of it is attained",
                "give it a target, or name the KPI that it is measured against: "
                f"{{kpi: {kpi.key}, against: …}}",
            )
        return
    other = _named(subject.product, key)
    if other is None:
        yield _missing(subject, (*path, "against"), key)
    elif other is kpi:
        yield Finding(
            subject.at(*path, "against"),
            f"{key} against itself is always attained",
            "name the KPI that says how far it should be",
        )
    elif subject.alone.measure(other).dimension != subject.alone.measure(kpi).dimension:
        yield Finding(
            subject.at(*path, "against"),
            f"{key} and {kpi.key} are no amounts of one kind",
            "name a KPI of the same unit",
        )


def check_status(subject: Subject) -> Iterator[Finding]:
    """A status against a KPI that is none, or that cannot be compared."""
    kpi = subject.kpi
    status = kpi.status if isinstance(kpi, Latest) else None
    if status is None:
        return
    other = _named(subject.product, status.against)
    if other is None:
        yield _missing(subject, ("status", "against"), status.against)
        return
    if other is kpi:
        yield Finding(
            subject.at("status", "against"),
            f"{kpi.key} against itself is always on track",
            "name the KPI that says how far it should be",
        )
    elif not isinstance(other, Latest) or other.label_sets != kpi.label_sets:
        yield Finding(
            subject.at("status", "against"),
            f"{status.against} does not keep the same label sets as {kpi.key}",
            "name a latest with the same per",
        )
    for field in ("on_track", "at_risk"):
        quantity = getattr(status, field)
        if quantity.dimension != subject.dimension:
            yield Finding(
                subject.at("status", field),
                f"{quantity.text} is no distance between two amounts of {kpi.key}",
                f"write it in the KPI's unit, as {_DISTANCES[subject.dimension]}",
            )
    if status.at_risk.micro <= status.on_track.micro:
        yield Finding(
            subject.at("status", "at_risk"),
            f"{status.at_risk.text} behind is no worse than {status.on_track.text} behind",
            "swap them",
        )


CHECKS = (check_members, check_status)
