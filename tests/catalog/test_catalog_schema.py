"""The JSON Schema for editors, read by a small validator that knows nothing of our models."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopgauge_catalog.kpis import KINDS
from loopgauge_catalog.loader import init_template, sample_paths
from loopgauge_catalog.quantities import UNITS
from loopgauge_catalog.schema import fields_at, json_schema

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
ANNOTATIONS = {"title", "description", "default", "examples", "discriminator", "$schema", "$defs"}

Node = dict[str, Any]


def faults(node: Node, value: object, root: Node) -> Iterator[str]:
    """What JSON Schema says against a value; fails on a keyword that it does not know."""
    for keyword, wanted in node.items():
        match keyword:
            case "$ref":
                yield from faults(root["$defs"][wanted.removeprefix("#/$defs/")], value, root)
            case "anyOf":
                if all(any(faults(option, value, root)) for option in wanted):
                    yield f"{value!r} is none of the alternatives"
            case "oneOf":
                if sum(not any(faults(option, value, root)) for option in wanted) != 1:
                    yield f"{value!r} is not exactly one of the alternatives"
            case "type":
                right = isinstance(value, TYPES[wanted])
                if not right or (isinstance(value, bool) and wanted in ("integer", "number")):
                    yield f"{value!r} is no {wanted}"
            case "const":
                if value != wanted:
                    yield f"{value!r} is not {wanted!r}"
            case "enum":
                if value not in wanted:
                    yield f"{value!r} is not among {wanted}"
            case "required":
                if isinstance(value, dict):
                    yield from (f"{name} is missing" for name in wanted if name not in value)
            case "pattern":
                if isinstance(value, str) and not re.search(wanted, value):
                    yield f"{value!r} does not match {wanted}"
            case "items":
                if isinstance(value, list):
                    for item in value:
                        yield from faults(wanted, item, root)
            case "propertyNames":
                if isinstance(value, dict):
                    for name in value:
                        yield from faults(wanted, name, root)
            case "properties" | "patternProperties" | "additionalProperties":
                if isinstance(value, dict) and keyword != "additionalProperties":
                    yield from _members(node, value, root, by_pattern=keyword.startswith("pattern"))
                elif isinstance(value, dict) and wanted is False:
                    known = node.get("properties", {})
                    patterns = node.get("patternProperties", {})
                    for name in value:
                        if name not in known and not any(re.search(p, name) for p in patterns):
                            yield f"{name} is unknown"
                elif isinstance(value, dict):
                    for name in value.keys() - node.get("properties", {}).keys():
                        yield from faults(wanted, value[name], root)
            case "minItems" | "minProperties":
                if isinstance(value, list | dict) and len(value) < wanted:
                    yield "too few"
            case "maxItems":
                if isinstance(value, list) and len(value) > wanted:
                    yield "too many"
            case "minLength":
                if isinstance(value, str) and len(value) < wanted:
                    yield "too short"
            case "maxLength":
                if isinstance(value, str) and len(value) > wanted:
                    yield "too long"
            case "minimum":
                if isinstance(value, int | float) and value < wanted:
                    yield "too small"
            case "maximum":
                if isinstance(value, int | float) and value > wanted:
                    yield "too great"
            case "exclusiveMinimum":
                if isinstance(value, int | float) and value <= wanted:
                    yield "too small"
            case "exclusiveMaximum":
                if isinstance(value, int | float) and value >= wanted:
                    yield "too great"
            case _:
                assert keyword in ANNOTATIONS, f"unknown keyword {keyword}"


def _members(node: Node, value: dict[str, Any], root: Node, *, by_pattern: bool) -> Iterator[str]:
    for name, member in value.items():
        if not by_pattern and name in node["properties"]:
            yield from faults(node["properties"][name], member, root)
        elif by_pattern:
            for pattern, wanted in node["patternProperties"].items():
                if re.search(pattern, name):
                    yield from faults(wanted, member, root)


def plain(text: str) -> Any:
    """The YAML as JSON data; days are text in YAML 1.2, which editors read."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


STUDIO = (Path(__file__).parent / "studio.yaml").read_text(encoding="utf-8")
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sample_paths()} | {
    "template": init_template(),
    "studio": STUDIO,
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_shipped_catalogs_fit_the_schema(name: str) -> None:
    schema = json_schema()
    assert list(faults(schema, plain(TEXTS[name]), schema)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Web shop", "titel: Web shop"),
        ("product: shop", "product: Shop"),
        ("kind: ratio", "kind: ratios"),
        ("kind: ratio", "kind: count"),
        ("severity: page", "severity: loud"),
        ("window: 1h\n        # A share", "window: 12:30\n        # A share"),
        ("window: 1h\n        # A share", "window: 60\n        # A share"),
        ("matching: {outcome: failed}", "matching: {outcome: {equal: failed}}"),
        ("matching: {outcome: failed}", "matching: {Outcome: failed}"),
        ("target: {below: 1%}", "target: {below: 1 percent}"),
        ("target: {below: 1%}", "target: {bellow: 1%}"),
        ("unit: s,", "unit: sec,"),
        ("quantile: 0.95", "quantile: 95"),
        ("1d\n    attributes:\n      order.id", "soon\n    attributes:\n      order.id"),
        ("order.id: {required: true}", "order.id: {required: 1}"),
        ("services: [shop-*]", "services: ['shop *']"),
        ("      orders:\n", "      Orders:\n"),
    ],
)  # fmt: skip
def test_a_mistake_does_not_fit_the_schema(old: str, new: str) -> None:
    schema, text = json_schema(), init_template()
    assert text.count(old) == 1
    assert list(faults(schema, plain(text.replace(old, new)), schema)) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from: film.ordered\n        to: [film.done, film.shown]", "from: [film.ordered]\n        to: x.y"),
        ("excludes: {event: film.closed,", "excludes: {evnt: film.closed,"),
        ("fails: film.failed", "fails: failed"),
        ("show: mean", "show: median"),
        ("window: week", "window: weeks"),
        ("steps: [film.ordered, [film.done, film.closed], film.shown]", "steps: [film.ordered]"),
        ("starts: 2026-01-05", "starts: 5.1.2026"),
        ("price: $0.02", "price: cheap"),
        ("price: $0.02", "price: 0.02"),
        ('rate: "1.08"', "rate: 1.08"),
        ("range: [0, 10]", "range: [0, 5, 10]"),
        ("period: month", "period: year"),
        ("kpis: [up, drift]", "kpis: []"),
        ("{kpi: reached, against: planned}", "{kpi: reached, versus: planned}"),
        ("weight: 60", "weight: 101"),
        ("  EUR: {", "  euro: {"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_newer_kind_does_not_fit_the_schema(old: str, new: str) -> None:
    schema, text = json_schema(), STUDIO.replace("limit: $500,", "limit: $500, period: month,")
    assert text.count(old) == 1
    assert list(faults(schema, plain(text.replace(old, new)), schema)) != []


def test_no_block_of_the_schema_takes_unknown_fields() -> None:
    def blocks(node: object) -> Iterator[Node]:
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for child in node.values():
                yield from blocks(child)
        elif isinstance(node, list):
            for child in node:
                yield from blocks(child)

    open_blocks = [block for block in blocks(json_schema()) if "additionalProperties" not in block]
    assert open_blocks == []


def test_the_schema_lists_the_kinds_units_and_severities() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    kinds = {
        definition["properties"]["kind"]["const"]
        for definition in schema["$defs"].values()
        if "kind" in definition.get("properties", {})
    }
    assert kinds == set(KINDS)
    assert len(KINDS) == 24
    assert schema["$defs"]["Attribute"]["properties"]["unit"]["enum"] == list(UNITS)
    assert schema["$defs"]["Alert"]["properties"]["severity"]["enum"] == ["page", "ticket", "info"]


def test_the_schema_is_the_same_text_each_time_and_nobody_can_spoil_it() -> None:
    first = json_schema()
    first["properties"].clear()
    assert json_schema()["properties"]
    assert json.dumps(json_schema()) == json.dumps(json_schema())


def test_fields_are_known_at_every_place() -> None:
    data = {
        "tables": {"t": {"kpis": {"k": {"kind": "rate", "where": {"a": {}}, "notes": [{}]}}}},
        "events": {"a.b": {"attributes": {"c": {}}}},
    }
    kpi = ("tables", "t", "kpis", "k")
    assert "product" in fields_at((), data)
    assert fields_at(("tables", "t"), data) == ("title", "kpis")
    assert fields_at(("tables",), data) == ()
    assert {"per", "window"} <= set(fields_at(kpi, data))
    assert "matching" not in fields_at(kpi, data)
    assert {"equals", "not", "in"} <= set(fields_at((*kpi, "where", "a"), data))
    assert fields_at((*kpi, "notes", 0), data) == ("when", "says")
    steps = {"tables": {"t": {"kpis": {"k": {"kind": "conversion", "to": [{}], "fails": {}}}}}}
    assert fields_at((*kpi, "to", 0), steps) == ("event", "where")
    assert fields_at((*kpi, "fails"), steps) == ("event", "where")
    assert "personal" in fields_at(("events", "a.b", "attributes", "c"), data)
    with pytest.raises(LookupError):
        fields_at(("tables", "nothing"), data)
