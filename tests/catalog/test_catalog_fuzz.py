"""Whatever a file holds, the loader answers with a catalog or with CatalogError."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.loader import init_template, loads

SHOP = (Path(__file__).parent / "shop.yaml").read_text(encoding="utf-8")
STUDIO = (Path(__file__).parent / "studio.yaml").read_text(encoding="utf-8")
LINES = SHOP.split("\n")
STUDIO_LINES = STUDIO.split("\n")

FRAGMENTS = st.sampled_from(
    ["", "[]", "{}", "null", "[[a]]", "{a: {b: c}}", "-1", "0", "1e400", "1e308", "-0.0", ".nan",
     "999999999999999999999999", "true", "no", "''", '"\\0"', "*a", "&a x", "!!int 1", "1e-99",
     "99999999999999999999d", "0.0000001%", "$-1", "€", "a" * 5000, "[" * 30, "28d", "95%",
     "kind", "{kind: count}", "[1, [2, {3: 4}]]", "\t", "? x", "- ", "---", "%YAML 1.1", "é\u2028ü",
     "{equals: {}}", "{in: []}", "{at_least: 9223372036854775808}", "${x}", "{{ x }}", "`", "@"]
)  # fmt: skip


def answer(text: str | bytes) -> None:
    """Load it; a refusal says what is wrong in lines that somebody can read."""
    refusals: list[CatalogError] = []
    try:
        loads(text)
    except CatalogError as error:
        refusals.append(error)
    for refusal in refusals:
        assert refusal.problems
        for problem in refusal.problems:
            assert problem.message
            assert problem.line >= 0
            assert "\n" not in str(problem)
            assert len(str(problem)) < 2000


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"%YAML 9.9\n---\na: 1\n")
def test_random_bytes_never_raise_anything_else(raw: bytes) -> None:
    answer(raw)


@given(st.text(max_size=300))
def test_random_text_never_raises_anything_else(text: str) -> None:
    answer(text)


YAMLISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12) | FRAGMENTS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["product", "title", "tables", "kpis", "kind", "window", "target", "where", "matching",
             "labels", "per", "events", "attributes", "alert", "notes", "a.b", "k", "type", "unit"]
        )
        | st.text(max_size=5),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(YAMLISH)
def test_any_shape_of_data_is_answered(data: object) -> None:
    answer(json.dumps(data, allow_nan=False))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(line=st.integers(0, len(LINES) - 1), fragment=FRAGMENTS, data=st.data())
def test_a_value_replaced_by_anything_is_answered(
    line: int, fragment: str, data: st.DataObject
) -> None:
    name, colon, _ = LINES[line].partition(": ")
    changed = f"{name}{colon or ': '}{fragment}"
    answer("\n".join([*LINES[:line], changed, *LINES[line + 1 :]]))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(line=st.integers(0, len(STUDIO_LINES) - 1), fragment=FRAGMENTS, data=st.data())
def test_a_value_of_a_newer_kind_replaced_by_anything_is_answered(
    line: int, fragment: str, data: st.DataObject
) -> None:
    name, colon, rest = STUDIO_LINES[line].partition(": ")
    # Inside a block on one line, one of its values.
    inside = rest.split(": ") if rest.startswith("{") else []
    if inside:
        at = data.draw(st.integers(1, max(1, len(inside) - 1)))
        rest = ": ".join([*inside[:at], fragment, *inside[at + 1 :]])
        fragment = rest
    changed = f"{name}{colon or ': '}{fragment}"
    answer("\n".join([*STUDIO_LINES[:line], changed, *STUDIO_LINES[line + 1 :]]))


@given(
    start=st.integers(0, len(SHOP)),
    length=st.integers(0, 60),
    put=st.text(alphabet=st.sampled_from("abz019 :-{}[],#'\"\n\t&*!|>%@`?$.\\é"), max_size=12),
)
def test_any_piece_replaced_by_anything_is_answered(start: int, length: int, put: str) -> None:
    answer(SHOP[:start] + put + SHOP[start + length :])


@given(order=st.permutations(range(len(LINES))), keep=st.integers(1, len(LINES)))
def test_lines_in_any_order_are_answered(order: list[int], keep: int) -> None:
    answer("\n".join(LINES[number] for number in order[:keep]))


@pytest.mark.parametrize("cut", range(0, len(SHOP), 97))
def test_a_file_cut_off_anywhere_is_answered(cut: int) -> None:
    answer(SHOP[:cut].encode()[: cut - 1])


def test_the_template_survives_its_own_reading() -> None:
    assert loads(init_template()).warnings == ()
