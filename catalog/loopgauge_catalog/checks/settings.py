"""Checks of windows, ages, names and the other fields of a KPI."""

from collections.abc import Iterator

from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.checks.base import RETENTION, Finding, Subject, subjects
from loopgauge_catalog.errors import Path, article, did_you_mean
from loopgauge_catalog.kpis import MINUTE, Age, Delta, Latest
from loopgauge_catalog.quantities import format_duration
from loopgauge_catalog.reserved import SQL_WORDS
from loopgauge_catalog.rows import expand, row_of

#: Kinds that are no shares, and are judged from `min_samples` on all the same.
_SAMPLED = ("mean", "per", "cost_per")


def check_window(subject: Subject) -> Iterator[Finding]:
    """A window that the store cannot answer: bounds are snapped to minutes."""
    window = subject.kpi.own_window
    if window is None:
        return
    path = subject.at("window")
    if window > RETENTION:
        yield Finding(
            path,
            f"a window of {format_duration(window)} is longer than events are kept",
            f"write at most {format_duration(RETENTION)}",
        )
    elif window < MINUTE:
        yield Finding(
            path,
            f"a window of {format_duration(window)} is shorter than the minute that bounds "
            "are rounded to",
            f"write at least {format_duration(MINUTE)}",
        )


def check_period(subject: Subject) -> Iterator[Finding]:
    """A sprint in a product that does not say when sprints begin."""
    if getattr(subject.kpi, "window", None) == "sprint" and subject.product.sprint is None:
        yield Finding(
            subject.at("window"),
            "nothing says when sprints begin",
            "add sprint: {starts: 2026-01-05, length: 14d} to the file",
        )


def check_min_samples(subject: Subject) -> Iterator[Finding]:
    """A least number of samples for what is judged whatever their number."""
    kpi = subject.kpi
    if kpi.min_samples is None:
        return
    if not (kpi.is_share or kpi.judged_by_share or kpi.kind in _SAMPLED):
        yield Finding(
            subject.at("min_samples"),
            f"{article(kpi.kind)} is judged whatever its samples are",
            "delete min_samples",
        )
    elif kpi.target is None:
        yield Finding(
            subject.at("min_samples"),
            f"{kpi.id} has no target, so nothing is judged from so many samples on",
            "add a target, or delete min_samples",
        )


def check_passing(subject: Subject) -> Iterator[Finding]:
    """Passed and not passed, added up over label sets as if they were amounts."""
    kpi = subject.kpi
    if isinstance(kpi, Latest) and kpi.passing is not None and kpi.per and kpi.combine == "sum":
        yield Finding(
            subject.at("combine"),
            "how many passed is no share of them",
            "write combine: mean for the share, combine: min for all of them",
        )


def check_ages(subject: Subject) -> Iterator[Finding]:
    """A report that leaves before it is stale, or that nothing ever makes stale."""
    kpi = subject.kpi
    if isinstance(kpi, Age) and kpi.drop_after is not None and kpi.target is not None:
        limit = kpi.target.threshold
        if kpi.target.lower_is_better and limit.micro >= kpi.drop_after:
            yield Finding(
                subject.at("drop_after"),
                f"after {format_duration(kpi.drop_after)} it is dropped, "
                f"so it is never older than {limit.text} and the target can never be missed",
                "write a longer drop_after",
            )
    if isinstance(kpi, Latest | Age) and kpi.stale_after is not None and kpi.drop_after is not None:
        if kpi.drop_after <= kpi.stale_after:
            yield Finding(
                subject.at("drop_after"),
                f"after {format_duration(kpi.drop_after)} the value is dropped, "
                f"so it is never {format_duration(kpi.stale_after)} old and never stale",
                "write a longer drop_after",
            )
    elif isinstance(kpi, Latest | Delta) and kpi.stale_after is None:
        event = subject.event(kpi.event)
        if event is not None and event.source == "batch":
            yield Finding(
                subject.at("event"),
                f"{kpi.event} comes in batches, whose silence is normal, "
                "so the last value is shown as good for ever",
                "add stale_after",
                severity="warning",
            )


def check_assumed(subject: Subject) -> Iterator[Finding]:
    """A field named in `assumed` that the KPI does not give."""
    kpi = subject.kpi
    if isinstance(kpi.assumed, bool):
        return
    given = sorted(_given(kpi.model_dump(by_alias=True, exclude_unset=True, mode="json")))
    for number, name in enumerate(kpi.assumed):
        if name not in given:
            yield Finding(
                (*subject.path, "assumed", number),
                f"assumed names {name}, which {kpi.id} does not give",
                did_you_mean(name, given, otherwise=f"it gives {', '.join(given)}"),
            )


def _given(fields: dict[str, object]) -> Iterator[str]:
    """Fields and fields of fields, ``target.share``, that have a value."""
    for name, value in fields.items():
        if name == "assumed" or value is None:
            continue
        yield name
        if name in ("target", "alert", "escalate") and isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner, given in value.items() if given is not None)


def check_names(product: ProductCatalog) -> Iterator[Finding]:
    """Names that SQL reads as something else."""
    named: list[tuple[Path, str, str]] = [(("product",), product.product, "product")]
    for table_key, table in product.tables.items():
        named.append((("tables", table_key), table_key, "table"))
        named += [(("tables", table_key, "kpis", key), key, "kpi") for key in table.kpis]
    for path, name, what in named:
        if name in SQL_WORDS:
            message = f"{name!r} is a word of SQL and cannot be the name of a {what}"
            yield Finding(path, message, f"write for example '{name}_{what}'")


def check_sprint(product: ProductCatalog) -> Iterator[Finding]:
    """Sprints that are longer than what is known of them."""
    if product.sprint is not None and product.sprint.length > RETENTION:
        yield Finding(
            ("sprint", "length"),
            f"a sprint of {format_duration(product.sprint.length)} is longer than events are kept",
            f"write at most {format_duration(RETENTION)}",
        )


def check_has_kpis(product: ProductCatalog) -> Iterator[Finding]:
    """A catalog that measures nothing."""
    if next(product.kpis(), None) is None:
        yield Finding(("tables",), "there is no KPI in this catalog", "add one under kpis")


def check_rows(product: ProductCatalog) -> Iterator[Finding]:
    """Rows that the document does not have, or that two KPIs claim."""
    expected = {part for text in product.rows for part in expand(text)}
    seen: dict[str, str] = {}
    for subject in subjects(product):
        row, path = subject.kpi.row, (*subject.path, "row")
        if expected and row not in expected:
            near = sorted(part for part in expected if row_of(part) == row_of(row))
            hint = f"the document has {', '.join(near)}" if near else "add it to rows"
            yield Finding(path, f"the document has no row {row}", hint, severity="warning")
        if row in seen:
            yield Finding(
                path,
                f"row {row} is also {seen[row]}; one KPI is one number",
                f"write {row_of(row)}a and {row_of(row)}b",
                severity="warning",
            )
        seen.setdefault(row, subject.kpi.id)


CHECKS = (
    check_window,
    check_period,
    check_min_samples,
    check_passing,
    check_ages,
    check_assumed,
)
PRODUCT_CHECKS = (check_names, check_sprint, check_has_kpis, check_rows)
