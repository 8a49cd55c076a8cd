"""Catalog files, read whole or not at all.

    paths -> bytes -> YAML with places -> models -> checks -> Catalog, or every problem at once

A file whose shape is wrong is not checked further, because what a check would say about
it could be a consequence of the first mistake; all other files still are.
"""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from loopgauge_catalog.catalog import Catalog, ProductCatalog
from loopgauge_catalog.checks import check_product, check_together
from loopgauge_catalog.checks.base import Finding
from loopgauge_catalog.errors import CatalogError, Problem
from loopgauge_catalog.schema_errors import problems_of
from loopgauge_catalog.yaml_source import Document, parse, read_bytes


def load(paths: Sequence[Path]) -> Catalog:
    """Read catalog files; a folder means the ``*.yaml`` in it.

    Raises:
        CatalogError: with every problem of every file, each with its place.
    """
    found, problems = _files(paths)
    sources: list[tuple[str, bytes]] = []
    for path in found:
        try:
            sources.append((str(path), read_bytes(path)))
        except CatalogError as error:
            problems.extend(error.problems)
    return _together(sources, problems)


def loads(text: str | bytes, name: str = "catalog.yaml") -> Catalog:
    """Read one catalog from text, as `load` would from a file of this name.

    Raises:
        CatalogError: with every problem, each with its place.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return _together([(name, raw)], [])


def sample_paths() -> tuple[Path, ...]:
    """The shipped catalogs: the three products whose documents LoopGauge was made for."""
    folder = Path(str(files("loopgauge_catalog") / "tables"))
    return tuple(sorted(folder.glob("*.yaml")))


def samples() -> Catalog:
    """The shipped catalogs, loaded."""
    return load(sample_paths())


def init_template() -> str:
    """The commented catalog with three KPIs that ``loopgauge init`` writes."""
    return (files("loopgauge_catalog") / "template.yaml").read_text(encoding="utf-8")


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """The files that are meant, each once, in the order given."""
    found: dict[Path, Path] = {}
    problems: list[Problem] = []
    if not paths:
        problems.append(Problem("catalog", 0, 0, (), "no file was named"))
    for path in paths:
        try:
            inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        except OSError as error:
            problems.append(Problem(str(path), 0, 0, (), f"cannot be read: {error.strerror}"))
            continue
        if not inside:
            problems.append(Problem(str(path), 0, 0, (), "the folder holds no *.yaml file"))
        for file in inside:
            found.setdefault(file.absolute(), file)
    return list(found.values()), problems


def _together(sources: Sequence[tuple[str, bytes]], problems: list[Problem]) -> Catalog:
    documents: list[Document] = []
    products: list[ProductCatalog] = []
    for name, raw in sources:
        try:
            document = parse(raw, name)
            product = ProductCatalog.model_validate(document.data, by_alias=True, by_name=False)
        except CatalogError as error:
            problems.extend(error.problems)
        except ValidationError as error:
            problems.extend(problems_of(error, document))
        else:
            documents.append(document)
            products.append(product)
            problems.extend(_located(found, document) for found in check_product(product))
    problems.extend(
        _located(found, documents[found.file], documents) for found in check_together(products)
    )
    order = {name: number for number, (name, _) in enumerate(sources)}
    problems.sort(key=lambda each: (order.get(each.file, -1), each.line, each.column))
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise CatalogError(errors)
    return Catalog(tuple(products), warnings=tuple(problems))


def _located(finding: Finding, document: Document, documents: Sequence[Document] = ()) -> Problem:
    # A finding about a block points at its name, one about a value at the value.
    place = document.written(finding.path)
    line, column = document.locate(place)
    message = finding.message
    if finding.twin is not None:
        file, path = finding.twin
        other = documents[file] if documents else document
        other_line, other_column = other.locate(path)
        message += f" (see {other.file}:{other_line}:{other_column})"
    return Problem(document.file, line, column, place, message, finding.hint, finding.severity)
