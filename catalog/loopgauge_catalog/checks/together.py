"""Checks of all files together: what two of them may not both say."""

from collections.abc import Iterator, Sequence

from loopgauge_catalog import names
from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.checks.base import Finding, Subject, subjects
from loopgauge_catalog.errors import Path

#: What Prometheus takes for a part of a counter, summary or histogram.
_ENDINGS = ("_total", "_count", "_sum", "_bucket")


def check_products(products: Sequence[ProductCatalog]) -> Iterator[Finding]:
    """The same product in two files."""
    seen: dict[str, int] = {}
    for file, product in enumerate(products):
        if product.product in seen:
            yield Finding(
                ("product",),
                f"the product {product.product} is described twice",
                "put its tables into one file",
                twin=(seen[product.product], ("product",)),
                file=file,
            )
        seen.setdefault(product.product, file)


def check_ids(products: Sequence[ProductCatalog]) -> Iterator[Finding]:
    """The same KPI id in two tables."""
    seen: dict[str, tuple[int, Path]] = {}
    for file, product in enumerate(products):
        for subject in subjects(product):
            twin = seen.get(subject.kpi.id)
            if twin is not None and twin[0] == file:
                yield Finding(
                    subject.path,
                    f"the KPI {subject.kpi.id} is described twice",
                    "give one of them another name",
                    twin=twin,
                    file=file,
                )
            seen.setdefault(subject.kpi.id, (file, subject.path))


def families(subject: Subject) -> Iterator[str]:
    """Every metric family that the exporter may make of a KPI."""
    kpi = subject.kpi
    unit = subject.alone.unit(kpi)
    yield names.kpi_family(kpi.product, kpi.key, unit)
    judged = kpi.judged_by_share and kpi.target is not None
    if judged:
        yield names.within_target_family(kpi.product, kpi.key)
    if kpi.kind == "funnel":
        yield names.step_family(kpi.product, kpi.key)
    split = kpi.split if kpi.kind == "ratio" else ()
    for label in dict.fromkeys((*kpi.labels, *split)):
        yield names.breakdown_family(kpi.product, kpi.key, label, unit)
        if judged:
            yield names.breakdown_family(kpi.product, kpi.key, label, "within_target_ratio")


def check_families(products: Sequence[ProductCatalog]) -> Iterator[Finding]:
    """Two KPIs, or two labels of one, whose metrics would have the same name."""
    seen: dict[str, tuple[str, int, Path]] = {}
    for file, product in enumerate(products):
        for subject in subjects(product):
            here = (subject.kpi.id, file, subject.path)
            own: set[str] = set()
            clashes: dict[str, str] = {}
            for family in families(subject):
                if family in own:
                    yield Finding(
                        (*subject.path, "labels"),
                        f"two labels of {subject.kpi.id} would both be {family}",
                        "delete one of them",
                        file=file,
                    )
                own.add(family)
                # The same id twice is said elsewhere.
                if (other := seen.setdefault(family, here))[0] != subject.kpi.id:
                    clashes.setdefault(other[0], family)
            for other_id, family in clashes.items():
                yield Finding(
                    subject.path,
                    f"{subject.kpi.id} and {other_id} would both be the metric {family}",
                    "give one of them another name",
                    twin=seen[family][1:],
                    file=file,
                )


def check_family_names(products: Sequence[ProductCatalog]) -> Iterator[Finding]:
    """A metric name that is ours, or that Prometheus takes for something else."""
    for file, product in enumerate(products):
        if product.product == "loopgauge":
            yield Finding(
                ("product",),
                "metrics that begin with loopgauge_ are the collector's own",
                "take another name",
                file=file,
            )
        for subject in subjects(product):
            family = next(families(subject))
            ending = next((end for end in _ENDINGS if family.endswith(end)), None)
            if ending is not None:
                yield Finding(
                    subject.path,
                    f"the metric would be {family}, and Prometheus takes what ends with {ending} "
                    "for a part of a counter or histogram",
                    "take another name",
                    file=file,
                )


def check_services(products: Sequence[ProductCatalog]) -> Iterator[Finding]:
    """A service that two products claim, so that its events belong to neither."""
    claims = [
        (file, ("services", number), pattern)
        for file, product in enumerate(products)
        for number, pattern in enumerate(product.services)
    ]
    for position, (file, path, pattern) in enumerate(claims):
        for other_file, other_path, other in claims[:position]:
            if other_file != file and globs_overlap(pattern, other):
                yield Finding(
                    path,
                    f"{pattern} and {other} of {products[other_file].product} match the same "
                    "services, and events without a namespace from those belong to no product",
                    "make one of them narrower",
                    severity="warning",
                    twin=(other_file, other_path),
                    file=file,
                )
                break


def globs_overlap(one: str, other: str) -> bool:
    """Whether some text matches both patterns of ``*`` and ``?``."""
    reachable = {0}  # positions in `other` that the part of `one` so far can stand at
    reachable |= {at for at in range(1, len(other) + 1) if set(other[:at]) <= {"*"}}
    for letter in one:
        after = set(reachable) if letter == "*" else set()
        for at in range(len(other) + 1):
            star = at > 0 and other[at - 1] == "*"
            if letter == "*":
                # Takes whatever `other` says next, one step at a time.
                if at - 1 in after:
                    after.add(at)
            elif (star and at in reachable) or (
                at > 0
                and at - 1 in reachable
                and (other[at - 1] in (letter, "?", "*") or letter == "?")
            ):
                after.add(at)
            if star and at - 1 in after:
                after.add(at)
        reachable = after
    return len(other) in reachable


CHECKS = (check_products, check_ids, check_families, check_family_names, check_services)
