"""Rows of documents, written as ranges and counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.checks import rows_covered
from loopgauge_catalog.loader import loads
from loopgauge_catalog.rows import count_rows, expand


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        ("A1", ["A1"]),
        ("B3-B5", ["B3", "B4", "B5"]),
        ("A22a-d", ["A22a", "A22b", "A22c", "A22d"]),
    ],
)
def test_a_range_names_its_rows(written: str, rows: list[str]) -> None:
    assert list(expand(written)) == rows


@pytest.mark.parametrize(
    "written",
    ["", "A", "a1", "A1-", "A1-B3", "A3-A1", "A3-A3", "A2d-a", "A2a-a", "A1-A3-A5", "A٣", "A1\n"],
)
def test_what_names_no_rows_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="write A1, A1-A21 or A22a-d"):
        expand(written)


@given(st.text(max_size=12))
def test_any_text_is_rows_or_a_value_error(text: str) -> None:
    try:
        assert expand(text)
    except ValueError:
        return


def test_a_row_is_covered_when_all_its_parts_are() -> None:
    expected = ["A1", "A2", "B1a", "B1b", "B2a", "B2b", "B3a", "B3b"]
    a, b = count_rows(expected, ["B1a", "A2", "B2b", "B2a", "C9"])
    assert (a.letter, a.covered, a.partly, a.missing, a.expected) == ("A", ("A2",), (), ("A1",), 2)
    assert (b.letter, b.covered, b.partly, b.missing) == ("B", ("B2",), ("B1",), ("B3",))
    assert str(a) == "A: 1 of 2 rows"
    assert str(b) == "B: 1 of 3 rows, 1 in part (B1)"


def test_a_catalog_counts_its_own_rows(shop: str) -> None:
    assert rows_covered(loads(shop)) == ()
    with_rows = shop.replace("services:", "rows: [S1-S9, S10a-b]\nservices:")
    (covered,) = rows_covered(loads(with_rows))
    assert str(covered) == "S: 8 of 10 rows"
    assert covered.missing == ("S9", "S10")
