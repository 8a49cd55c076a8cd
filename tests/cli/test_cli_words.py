"""What words on the command line become, and what comes back out."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_cli._events import attributes, typed
from loopgauge_cli._output import guarded, plain, write_csv
from typer import Exit


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("12", 12),
        ("-12", -12),
        ("0", 0),
        ("007", "007"),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("1.", "1."),
        (".5", ".5"),
        ("1e5", "1e5"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("9" * 30, "9" * 30),
        ('"12"', "12"),
        ('"', '"'),
        ("", ""),
        ("a=b", "a=b"),
        ("é", "é"),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    read = typed(text)

    assert (read, type(read)) == (value, type(value))


def test_attributes_are_read_in_order() -> None:
    given = attributes(["user.id=42", "note=a=b", "paid=true"])

    assert given == {"user.id": 42, "note": "a=b", "paid": True}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["user.id"], "write it as user.id=42"),
        (["=1"], "write it as user.id=42"),
        (["User=1"], "write it as user.id=42"),
        (["a b=1"], "write it as user.id=42"),
        (["a=1", "a=2"], "a is given twice"),
    ],
)
def test_a_word_that_is_no_attribute_ends_the_command(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit) as ended:
        attributes(words)

    assert ended.value.exit_code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_text_begins_a_formula(start: str) -> None:
    assert guarded(f"{start}cmd|'/c calc'!A1") == f"'{start}cmd|'/c calc'!A1"


@pytest.mark.parametrize("number", [-1, -0.5, 0, 7, True, None])
def test_numbers_stay_numbers(number: object) -> None:
    assert guarded(number) is number


@given(
    st.lists(
        st.lists(
            st.one_of(
                st.none(),
                st.integers(),
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")),
            ),
            min_size=2,
            max_size=2,
        )
    )
)
def test_csv_reads_back_and_is_harmless(rows: list[list[object]]) -> None:
    out = io.StringIO()

    write_csv(["=a", "b"], rows, out)

    back = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert back[0] == ["'=a", "b"]
    assert len(back) == len(rows) + 1
    for row, cells in zip(rows, back[1:], strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, str):
                assert cell in {value, f"'{value}"}
                assert not cell.startswith(("=", "+", "-", "@", "\t"))
            else:
                assert cell == ("" if value is None else str(value))


def test_a_word_of_others_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[31m\nb\u202e") == "a�[31m�b�"
