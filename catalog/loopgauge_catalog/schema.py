"""The catalog's JSON Schema, for editors: completion, and a mistake underlined as it is typed.

Made from the models, so it cannot fall behind them. The loader uses it too, to know
which fields a typo may have meant.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from loopgauge_catalog.catalog import ProductCatalog
from loopgauge_catalog.errors import Path
from loopgauge_catalog.yaml_source import child

_Node = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def _schema_text() -> str:
    schema = ProductCatalog.model_json_schema(by_alias=True, mode="validation")
    _close(schema)
    schema = {"$schema": DIALECT, **schema, "title": "LoopGauge catalog"}
    return json.dumps(schema)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one catalog file."""
    schema: dict[str, Any] = json.loads(_schema_text())
    return schema


def _close(node: object) -> None:
    """Refuse keys that match no pattern, as the models do, and drop titles that say nothing."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node.setdefault("additionalProperties", False)
        if isinstance(node.get("title"), str):
            del node["title"]
        for child in node.values():
            _close(child)
    elif isinstance(node, list):
        for child in node:
            _close(child)


def fields_at(path: Path, data: object) -> tuple[str, ...]:
    """The fields that the mapping at this path may have; empty where keys are free names.

    Args:
        path: keys and positions that lead to the mapping.
        data: the whole file, because a KPI's fields depend on its `kind`.

    Raises:
        LookupError: when the path leads out of the data.
    """
    schema = json_schema()
    nodes = list(_resolve(schema, schema, data))
    for step in path:
        data = child(data, step)
        below = [child for node in nodes for child in _children(node, step)]
        nodes = [plain for node in below for plain in _resolve(node, schema, data)]
    return tuple(dict.fromkeys(name for node in nodes for name in node.get("properties", ())))


@cache
def kpi_fields() -> frozenset[str]:
    """Every field that a KPI of some kind has."""
    schema = json_schema()
    kinds = schema["$defs"]["Table"]["properties"]["kpis"]["patternProperties"].values()
    options = [each for kind in kinds for each in kind["oneOf"]]
    return frozenset(
        field
        for option in options
        for node in _resolve(option, schema, None)
        for field in node["properties"]
    )


def _resolve(node: _Node, schema: _Node, data: object) -> Iterator[_Node]:
    """The alternatives that a node stands for, without references and unions."""
    if "$ref" in node:
        yield from _resolve(schema["$defs"][node["$ref"].rpartition("/")[2]], schema, data)
    elif "discriminator" in node:
        kind = data.get(node["discriminator"]["propertyName"]) if isinstance(data, dict) else None
        target = node["discriminator"]["mapping"].get(kind) if isinstance(kind, str) else None
        if target is not None:
            yield from _resolve({"$ref": target}, schema, data)
    elif "anyOf" in node:
        for option in node["anyOf"]:
            yield from _resolve(option, schema, data)
    else:
        yield node


def _children(node: _Node, step: str | int) -> Iterator[_Node]:
    if isinstance(step, int):
        if "items" in node:
            yield node["items"]
    elif step in node.get("properties", ()):
        yield node["properties"][step]
    else:
        yield from node.get("patternProperties", {}).values()
