"""The catalogue of bad input, as far as it is about catalog files: each is one clear refusal.

The numbers are those of the project's list. 60 is about OTLP and stands with the
receivers. 71 and 72 are about formulas, which a catalog does not have: a KPI is a kind
with fields, so there is nothing to parse, evaluate or make circular.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.loader import load, loads

Edit = Callable[..., list[str]]

MIB = 1024 * 1024

WHOLE_FILES: dict[str, tuple[bytes, str]] = {
    "61 empty": (b"", "is empty"),
    "61 only comments": (b"# product: shop\n# title: x\n", "is empty"),
    "61 tabs": (b"product: shop\ntables:\n\tmain:\n", "use spaces"),
    "61 not UTF-8": ("product: shöp\n".encode("latin-1"), "is not UTF-8 text (byte 0xf6)"),
    "61 UTF-16": ("product: shop\n".encode("utf-16"), "is not UTF-8 text"),
    "61 100 MB": (b"#" * (100 * MIB), "is greater than 1 MiB"),
    "62 YAML bomb": (
        (
            b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
            b"c: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        ),
        "the anchor '&a' is not allowed",
    ),
    "63 self-reference": (b"a: &a [*a]\n", "the alias '*a' is not allowed"),
    "64 depth 20,000": (b"[" * 20_000, "nested deeper than 20 levels"),
    "64 depth 20,000 in blocks": (b"- " * 20_000, "nested deeper than 20 levels"),
    "65 an object to build": (
        b"a: !!python/object/apply:os.system ['true']\n",
        "the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed",
    ),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_file_that_is_no_catalog_at_all(case: str, tmp_path: Path) -> None:
    raw, said = WHOLE_FILES[case]
    path = tmp_path / "bad.yaml"
    path.write_bytes(raw)
    with pytest.raises(CatalogError) as refused:
        load([path])
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(path))


EDITS: dict[str, tuple[str, str, str]] = {
    "66 a KPI twice": (
        "      rating:\n        row: S4",
        "      orders:\n        row: S4",
        "shop.yaml:38:7: 'orders' is given twice, first in line 11, column 7",
    ),
    "66 a field twice": (
        "window: 7d",
        "window: 7d\n        window: 28d",
        "shop.yaml:20:9: 'window' is given twice, first in line 19, column 9",
    ),
    "67 country: no": (
        "title: Web shop",
        "title: Web shop\ncountry: no",
        "shop.yaml:3:1: unknown field 'country'",
    ),
    "67 a switch that is no": (
        "title: Web shop",
        "title: Web shop\nlive: no",
        "shop.yaml:3:7: 'live' must be true or false; write false",
    ),
    "67 version: 1.10": (
        "title: Web shop",
        "title: 1.10",
        "shop.yaml:2:8: 'title' must be text; put it in quotes",
    ),
    "67 window: 12:30": (
        "window: 7d",
        "window: 12:30",
        "shop.yaml:19:17: '12:30' is no duration; write 30s, 15m, 24h or 28d",
    ),
    "68 .nan": ("above: 4.5", "above: .nan", "shop.yaml:45:25: .nan is not a finite number"),
    "68 .inf": ("above: 4.5", "above: -.inf", "shop.yaml:45:25: -.inf is not a finite number"),
    "68 1e400": ("above: 4.5", "above: 1e400", "1e400 is not a number that a computer can hold"),
    "68 nan in words": ("above: 4.5", "above: nan", "shop.yaml:45:25: 'nan' is no amount"),
    "68 infinity as a percentage": ("below: 1%", "below: inf%", "'inf%' is no amount"),
    "68 a bound of an attribute": (
        "maximum: 5,",
        "maximum: .inf,",
        "shop.yaml:98:51: .inf is not a finite number",
    ),
    "69 an unknown field": (
        "stale_after: 48h",
        "stale_aftr: 48h",
        "shop.yaml:76:9: unknown field 'stale_aftr'; did you mean 'stale_after'?",
    ),
    "70 a KPI that differs by case": (
        "      rating:\n        row: S4",
        "      Orders:\n        row: S4",
        "and 'orders' is taken, in line 11, column 7",
    ),
    "70 a KPI that differs by a letter that names cannot have": (
        "      order_rate:\n",
        "      Turn-over:\n",
        "write 'turn_over'",
    ),
    "73 a word of SQL": (
        "      rating:\n        row: S4",
        "      select:\n        row: S4",
        "shop.yaml:38:7: 'select' is a word of SQL and cannot be the name of a kpi",
    ),
    "73 a;drop": ("  main:", "  a;drop:", "shop.yaml:8:3: 'a;drop' is no name here"),
    "73 quotes": ("  main:", "  '\"quoted\"':", "shop.yaml:8:3: '\"quoted\"' is no name here"),
    "73 64 characters": ("  main:", f"  {'a' * 64}:", "63 at most"),
    "73 a newline behind it": ("product: shop", 'product: "shop\\n"', "'shop\\n' is no name here"),
    "73 digits of another script": ("row: S4", "row: S٤", "'S٤' is no name here"),
    "74 a ratio below zero": (
        "below: 1%",
        "below: -1%",
        (
            "shop.yaml:56:25: a target of below -1% can never be met: "
            "shop.errors is between 0% and 100%"
        ),
    ),
    "74 a ratio above 100 %": (
        "below: 1%",
        "at_least: 101%",
        "shop.yaml:56:28: a target of at_least 101% can never be met",
    ),
    "74 a stretch that is easier than the target": (
        "stretch: 10",
        "stretch: 0",
        "shop.yaml:20:40: the stretch of 0 is no harder than at_least 1; swap them",
    ),
    "74 window 0": ("window: 7d", "window: 0", "0 has no unit; write 30s, 15m, 24h or 28d"),
    "74 window 0s": ("window: 7d", "window: 0s", "'0s' is not longer than 0"),
    "74 window -1": ("window: 7d", "window: -1", "-1 has no unit"),
    "74 window -1d": ("window: 7d", "window: -1d", "'-1d' is not longer than 0"),
    "74 window 10y": ("window: 7d", "window: 10y", "'10y' is no duration"),
    "74 window of ten years": (
        "window: 7d",
        "window: 3650d",
        "shop.yaml:19:17: a window of 3650d is longer than events are kept; write at most 90d",
    ),
    "74 an unknown unit": ("unit: share", "unit: percent", "unknown unit 'percent'; write one of"),
    "74 an unknown zone": (
        "title: Web shop",
        "title: x\ntimezone: Mars/North",
        "'Mars/North' is no",
    ),
    "74 a zone that is a path": (
        "title: Web shop",
        "title: x\ntimezone: ../../etc/passwd",
        "'../../etc/passwd' is no IANA time zone",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_a_catalog_with_one_bad_thing_is_refused(case: str, after: Edit) -> None:
    old, new, said = EDITS[case]
    problems = after(old, new)
    assert any(said in problem for problem in problems), problems
    assert not any("warning" in problem for problem in problems)


def test_70_two_labels_whose_metrics_would_have_one_name(after: Edit) -> None:
    declared = "      payment.method: {allowed: [card, invoice]}"
    both = (declared, f"{declared}\n      payment_method: {{}}")
    assert after(*both) == []
    assert after(*both, "[payment.method]", "[payment.method, payment_method]") == [
        (
            "shop.yaml:21:9: two labels of shop.orders would both be "
            "shop_orders_by_payment_method; delete one of them"
        )
    ]


def test_70_two_kpis_whose_metrics_would_have_one_name(after: Edit) -> None:
    assert after(
        "      order_rate:\n", "      orders_by_payment_method:\n", "kind: rate", "kind: count"
    ) == [
        (
            "shop.yaml:32:7: shop.orders_by_payment_method and shop.orders would both be the "
            "metric shop_orders_by_payment_method (see shop.yaml:11:7); "
            "give one of them another name"
        )
    ]


def test_70_one_kpi_in_two_tables(after: Edit) -> None:
    moved = "  more:\n    title: More\n    kpis:\n      orders:\n        row: S4"
    assert after("      rating:\n        row: S4", moved) == [
        (
            "shop.yaml:41:7: the KPI shop.orders is described twice (see shop.yaml:11:7); "
            "give one of them another name"
        )
    ]


def test_the_same_text_without_the_bad_thing_is_taken(shop: str) -> None:
    assert loads(shop).kpi("shop.orders") is not None
