"""What the models say about a file, as problems with a place and a proposal.

pydantic names a fault by the way through its own types; people need the line, the
name that they wrote, and what to write instead.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from loopgauge_catalog.errors import Path, Problem, article, did_you_mean, shown
from loopgauge_catalog.filters import ATTRIBUTE_PATTERN
from loopgauge_catalog.kpis import (
    EVENT_PATTERN,
    IDENTIFIER_PATTERN,
    KINDS,
    ROW_PATTERN,
    SERVICE_PATTERN,
)
from loopgauge_catalog.missing_fields import EXAMPLES
from loopgauge_catalog.prices import CODE_PATTERN
from loopgauge_catalog.schema import fields_at, kpi_fields
from loopgauge_catalog.yaml_source import Document, child

#: What a pattern wants, and an example.
_PATTERNS = {
    IDENTIFIER_PATTERN: "small letters, digits and _, from a letter on, 63 at most",
    EVENT_PATTERN: "noun.verb in small letters, such as campaign.created",
    ATTRIBUTE_PATTERN: "small letters, digits, _ and dots, such as http.route",
    ROW_PATTERN: "a letter, a number and perhaps a part, such as B12a",
    SERVICE_PATTERN: "letters, digits and _ . : / -, with * or ? for any text, such as shop-*",
    CODE_PATTERN: "three capital letters, such as EUR",
}
#: What a value has to be; several of these for one place are joined with "or".
_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a block of names and values",
    "model_type": "a block of fields",
    "model_attributes_type": "a block of fields",
}

Fault = Mapping[str, Any]


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """One problem for each place that the models refuse, in the order of the file."""
    by_place: dict[tuple[Path, bool], list[Fault]] = {}
    faults: list[Fault] = [*error.errors(include_url=False)]
    for fault in faults:
        if fault["type"] == "too_short" and any(_is_inside(other, fault) for other in faults):
            continue  # it only lacks the members that were refused
        place = _place(fault, document.data)
        by_place.setdefault(place, []).append(fault)
    problems = []
    for (path, at_key), there in by_place.items():
        message, hint = _words(document, path, there, at_key=at_key)
        at = document.locate(path, key=at_key)
        problems.append(Problem(document.file, *at, path, message, hint))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _is_inside(fault: Fault, other: Fault) -> bool:
    place, around = fault["loc"], other["loc"]
    return len(place) > len(around) and place[: len(around)] == around


def _place(fault: Fault, data: object) -> tuple[Path, bool]:
    """The fault's path in the file, and whether the key is at fault and not its value.

    The last element may be a field that is missing there.
    """
    location: list[str | int] = list(fault["loc"])
    at_key = fault["type"] == "extra_forbidden"
    if location and location[-1] == "[key]":
        at_key = True
        location.pop()
    if location[:1] == ["tables"] and location[2:3] == ["kpis"]:
        del location[4:5]  # the kind, which chose the model
    path: list[str | int] = []
    for step in location:
        if isinstance(step, int) and not isinstance(data, list):
            continue  # one that stands for a list of one
        try:
            data = child(data, step)
        except LookupError:
            if fault["type"] != "missing":
                break  # the rest names branches of a union, which are no places
        path.append(step)
    return tuple(path), at_key


def _words(document: Document, path: Path, faults: list[Fault], *, at_key: bool) -> tuple[str, str]:
    """What is wrong, and what to write instead."""
    name = _name(path)
    fault = faults[0]
    given, context = fault["input"], fault.get("ctx", {})
    match fault["type"]:
        case "extra_forbidden":
            return _unknown_field(document, path)
        case "missing":
            return f"{name} is missing", _missing_hint(document, path)
        case "union_tag_not_found" | "union_tag_invalid":
            return _kind_words(name, given.get("kind") if isinstance(given, dict) else None)
        case "string_pattern_mismatch":
            return _pattern_words(document, path, str(given), context["pattern"], at_key=at_key)
        case "value_error":
            return str(context["error"]), ""
    expected = [_expected(each) for each in faults]
    if all(expected):
        wanted = dict.fromkeys(filter(None, expected))
        if "a number" in wanted:
            wanted.pop("a whole number", None)
        empty = "is empty and " if given is None else ""
        hint = _type_hint(path, given, faults) or _block_hint(document, path, faults)
        return f"{name} {empty}must be {' or '.join(wanted)}", hint
    return f"{name} {_sentence(fault['msg'])}", _range_hint(given, fault)


def _kind_words(name: str, kind: object) -> tuple[str, str]:
    known = ", ".join(KINDS)
    if not isinstance(kind, str):
        return f"{name} has no kind", f"write kind: and one of {known}"
    return f"unknown kind {shown(kind)}", did_you_mean(
        kind, KINDS, otherwise=f"write one of {known}"
    )


def _unknown_field(document: Document, path: Path) -> tuple[str, str]:
    name, known = str(path[-1]), fields_at(path[:-1], document.data)
    listed = f"known are {', '.join(known)}"
    kind = _kind(document, path)
    if kind is not None and name in kpi_fields():
        return f"{article(kind)} has no {name}", f"delete it; {listed}"
    return f"unknown field {shown(name)}", did_you_mean(name, known, otherwise=listed)


def _missing_hint(document: Document, path: Path) -> str:
    field = str(path[-1])
    around = [f"{step}.{field}" for step in (*path[:-1], _kind(document, path))]
    example = next((EXAMPLES[key] for key in (*around, field) if key in EXAMPLES), None)
    return "" if example is None else f"add for example {field}: {example}"


def _kind(document: Document, path: Path) -> str | None:
    """The kind of the KPI whose own field this is; None where it is no field of a KPI."""
    if path[:1] != ("tables",) or len(path) != 5:
        return None
    data = document.data
    for step in path[:-1]:
        data = child(data, step)
    kind = data.get("kind") if isinstance(data, dict) else None
    return kind if isinstance(kind, str) else None


def _name(path: Path) -> str:
    if not path:
        return "a catalog"
    last = path[-1]
    return shown(last) if isinstance(last, str) else f"item {last + 1} of {_name(path[:-1])}"


def _expected(fault: Fault) -> str | None:
    if fault["type"] == "literal_error":
        return " or ".join(_quoted(fault["ctx"]["expected"]))
    return _EXPECTED.get(fault["type"])


def _quoted(text: str) -> list[str]:
    """The words in pydantic's ``'a', 'b' or 'c'``."""
    return re.findall(r"'([^']*)'", text)


def _sentence(message: str) -> str:
    """What stands behind a name, made of ``Input should be less than 1``."""
    return re.sub(r"^\w+ should", "must", re.sub(r" after validation, not \d+$", "", message))


def _type_hint(path: Path, given: object, faults: list[Fault]) -> str:
    types = {fault["type"] for fault in faults}
    if "float_type" in types and (rank := re.fullmatch(r"p([0-9]{1,2})", str(given))):
        return f"write {int(rank[1]) / 100:g}"
    if "literal_error" in types and isinstance(given, str):
        options = [
            word
            for fault in faults
            if fault["type"] == "literal_error"
            for word in _quoted(fault["ctx"]["expected"])
        ]
        return did_you_mean(given, options)
    if types == {"string_type"} and isinstance(given, bool | int | float):
        return "put it in quotes"
    if types == {"string_type"} and isinstance(given, list) and len(given) == 1:
        return f"write {given[0]}"
    if types & {"tuple_type", "list_type"} and isinstance(given, str | int | float):
        example = EXAMPLES.get(str(path[-1]), "") if path else ""
        return f"write {example if example.startswith('[') else f'[{given}]'}"
    if "bool_type" in types and isinstance(given, str):
        said = {"yes": "true", "on": "true", "no": "false", "off": "false"}
        meant = said.get(given.lower(), given.lower())
        return f"write {meant}" if meant in ("true", "false") else ""
    return ""


def _block_hint(document: Document, path: Path, faults: list[Fault]) -> str:
    """The fields of a block, where something else was written."""
    if not any(fault["type"] in ("model_type", "model_attributes_type") for fault in faults):
        return ""
    known = fields_at(path, document.data)
    return f"its fields are {', '.join(known)}" if known else ""


def _range_hint(given: object, fault: Fault) -> str:
    """A percentage where a share of 1 is meant."""
    if fault["type"] != "less_than" or fault["ctx"]["lt"] != 1:
        return ""
    is_percentage = isinstance(given, int | float) and 1 < given < 100
    return f"write {given / 100:g}" if is_percentage else ""  # type: ignore[operator]


def _pattern_words(
    document: Document, path: Path, given: str, pattern: str, *, at_key: bool
) -> tuple[str, str]:
    rule = _PATTERNS.get(pattern, f"text of the form {pattern}")
    message = f"{shown(given)} is no name here: write {rule}"
    if pattern != IDENTIFIER_PATTERN:
        return message, ""
    plain = re.sub(r"[^a-z0-9]+", "_", given.lower()).strip("_")[:63]
    if re.fullmatch(pattern, plain) is None:
        return message, ""
    twin = (*path[:-1], plain)
    if at_key and twin in document.keys:
        line, column = document.keys[twin]
        return message, f"and {plain!r} is taken, in line {line}, column {column}"
    return message, f"write {plain!r}"
