"""What is proposed for a field that is missing or has another shape; in exact words."""

from collections.abc import Callable

import pytest
from loopgauge_catalog.kpis import KINDS
from loopgauge_catalog.missing_fields import EXAMPLES
from loopgauge_catalog.schema import json_schema

Edit = Callable[..., list[str]]

# What is wrong: the catalog, old text, new text, what the loader says.
MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "a field of another kind": (
        "shop",
        "target: {equals: 0}",
        "window: 7d\n        target: {equals: 0}",
        "shop.yaml:75:9: a latest has no window; delete it; known are row, title, means, decides, try, environment, labels, each, target, escalate, better, min_samples, zero_ok, stale_after, notes, alert, assumed, event, where, per, drop_after, retired_by, kind, value, passing, combine, status",
    ),
    "a percentage for a quantile": (
        "shop",
        "quantile: 0.95",
        "quantile: 95",
        "shop.yaml:64:19: 'quantile' must be less than 1; write 0.95",
    ),
    "a name for a quantile": (
        "studio",
        "show: mean",
        "show: p95",
        "studio.yaml:46:15: 'show' must be a number or mean; write 0.95",
    ),
    "one amount for a block": (
        "shop",
        "target: {below: 1%}",
        "target: 1%",
        "shop.yaml:56:17: 'target' must be a block of fields; its fields are within, at_most, below, under, at_least, above, equals, share, stretch",
    ),
    "a rate for a block": (
        "studio",
        '{rate: "1.08", from: 2026-01-01}',
        '"1.08"',
        "studio.yaml:7:8: 'EUR' must be a block of fields; its fields are rate, from",
    ),
    "a number for a list": (
        "studio",
        "show: mean",
        "quantiles: 0.5",
        "studio.yaml:46:20: 'quantiles' must be a list; write [0.5]",
    ),
    "text for a list of two": (
        "studio",
        "range: [0, 10]",
        "range: 0-10",
        "studio.yaml:171:16: 'range' must be a list; write [0, 1]",
    ),
    "a list for one name": (
        "shop",
        "event: rating.given",
        "event: [rating.given]",
        "shop.yaml:42:9: 'event' must be text; write rating.given",
    ),
    "a service with a blank": (
        "shop",
        "services: [shop-*]",
        "services: [shop one]",
        "shop.yaml:3:12: 'shop one' is no name here: write letters, digits and _ . : / -, with * or ? for any text, such as shop-*",
    ),
    "a kind that is empty": (
        "shop",
        "kind: mean",
        "kind:",
        f"shop.yaml:38:7: 'rating' has no kind; write kind: and one of {', '.join(KINDS)}",
    ),
    "a kind that is a list": (
        "shop",
        "kind: mean",
        "kind: [mean]",
        f"shop.yaml:38:7: 'rating' has no kind; write kind: and one of {', '.join(KINDS)}",
    ),
    "two bounds the wrong way round": (
        "shop",
        "minimum: 1, maximum: 5",
        "minimum: 5, maximum: 1",
        "shop.yaml:98:51: rating has a maximum below its minimum, so no event could be accepted; swap them",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_comes_with_what_to_write(mistake: str, after: Edit, studio_after: Edit) -> None:
    catalog, old, new, said = MISTAKES[mistake]
    assert {"shop": after, "studio": studio_after}[catalog](old, new) == [said]


def test_there_is_an_example_for_every_field_that_has_to_be_given() -> None:
    schema = json_schema()
    required = {
        field for node in (schema, *schema["$defs"].values()) for field in node.get("required", ())
    }
    # Without a kind nothing else of a KPI is known.
    assert required - {"kind"} == {key.rpartition(".")[2] for key in EXAMPLES}


@pytest.mark.parametrize(
    ("line", "example"),
    [
        ("        per: {event: film.done, once_per: film.id}\n", "per: {event: order.placed, once_per: order.id}"),
        ("        per: model.version\n", "per: model.version"),
        ("        limit: 10000\n", "limit: 10000"),
        ("limit: $500, ", "limit: $300"),
        ("per: 100, currency: EUR, from: 2026-01-01, ", "from: 2026-01-31"),
        (", kpis: [up, drift]", "kpis: [orders]"),
    ],
)  # fmt: skip
def test_the_example_is_that_of_the_kind_or_block(
    line: str, example: str, studio_after: Edit
) -> None:
    assert any(
        said.endswith(f"is missing; add for example {example}") for said in studio_after(line, "")
    )
