"""`loopgauge init` and `loopgauge check`: a catalog file, before any collector runs."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loopgauge_cli._client import EXIT_NEGATIVE, stop
from loopgauge_cli._output import AsJson, counted, print_json
from loopgauge_cli.serve import DEFAULT_FOLDER

if TYPE_CHECKING:
    from loopgauge_catalog.catalog import Catalog
    from loopgauge_catalog.errors import Problem
    from loopgauge_catalog.rows import RowsCovered


def init(
    path: Annotated[
        Path, typer.Argument(help="The file to write.", show_default=True)
    ] = DEFAULT_FOLDER / "catalog.yaml",
) -> None:
    """Write a commented catalog with three KPIs."""
    from loopgauge_catalog.loader import init_template

    text = init_template()
    if path.exists():
        stop(f"{path} is there already and stays as it is; name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror}")
    sys.stdout.write(f"Wrote {path}. Next:\n  loopgauge check {path}\n  loopgauge serve\n")


def check(
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Catalog files or folders. Without one ./loopgauge/*.yaml, else the samples.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of a catalog, for editors.")
    ] = False,
    handbook: Annotated[
        bool, typer.Option("--handbook", help="Print every KPI explained for people, as Markdown.")
    ] = False,
) -> None:
    """Check catalog files without running anything.

    Problems come with file:line:column; exit code 1 when one is an error.
    """
    if schema:
        from loopgauge_catalog.schema import json_schema

        print_json(json_schema())
        return
    from loopgauge_catalog.errors import CatalogError
    from loopgauge_catalog.loader import load, sample_paths

    named = list(paths or ())
    if not named:
        named = [DEFAULT_FOLDER] if any(DEFAULT_FOLDER.glob("*.yaml")) else list(sample_paths())
    try:
        catalog = load(named)
    except CatalogError as error:
        if as_json:
            print_json({"ok": False, "problems": [_problem_json(p) for p in error.problems]})
        else:
            sys.stdout.write(f"{error}\n")
            sys.stderr.write(f"loopgauge: {counted(len(error.problems), 'problem')}\n")
        raise typer.Exit(EXIT_NEGATIVE) from None
    if handbook:
        from loopgauge_catalog.handbook import handbook as handbook_of

        sys.stdout.write(handbook_of(catalog))
    elif as_json:
        print_json(_summary(catalog))
    else:
        _print_summary(catalog)


def _problem_json(problem: "Problem") -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": list(problem.path),
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def _summary(catalog: "Catalog") -> dict[str, Any]:
    from loopgauge_catalog.checks import rows_covered, rows_covered_by

    return {
        "ok": True,
        "problems": [_problem_json(problem) for problem in catalog.warnings],
        "products": {
            name: {
                "kpis": sum(1 for _ in product.kpis()),
                "events": len(product.events),
                "rows": {"covered": covered, "expected": expected},
            }
            for name, product in catalog.products.items()
            for covered, expected in [_counted_rows(rows_covered_by(product))]
        },
        "rows": [
            {
                "document": row.letter,
                "covered": list(row.covered),
                "partly": list(row.partly),
                "missing": list(row.missing),
            }
            for row in rows_covered(catalog)
        ],
    }


def _counted_rows(rows: "Iterable[RowsCovered]") -> tuple[int, int]:
    """How many rows are covered whole, and how many there are."""
    counts = [(len(row.covered), row.expected) for row in rows]
    return sum(covered for covered, _ in counts), sum(expected for _, expected in counts)


def _print_summary(catalog: "Catalog") -> None:
    from loopgauge_catalog.checks import rows_covered, rows_covered_by

    for problem in catalog.warnings:
        sys.stdout.write(f"{problem}\n")
    for product in catalog.products.values():
        kpis = counted(sum(1 for _ in product.kpis()), "KPI")
        tables = counted(len(product.tables), "table")
        events = counted(len(product.events), "event")
        sys.stdout.write(f"{product.product}: {kpis} in {tables}, {events}")
        covered, expected = _counted_rows(rows_covered_by(product))
        sys.stdout.write(f", rows covered: {covered} of {expected}\n" if expected else "\n")
    rows = rows_covered(catalog)
    for row in rows:
        if row.partly:
            sys.stdout.write(f"in part: {', '.join(row.partly)}\n")
        if row.missing:
            sys.stdout.write(f"not yet: {', '.join(row.missing)}\n")
    covered, expected = _counted_rows(rows)
    if expected:
        sys.stdout.write(f"rows covered: {covered} of {expected}\n")
    sys.stdout.write("ok\n")
