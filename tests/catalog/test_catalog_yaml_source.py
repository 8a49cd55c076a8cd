"""YAML read as data with places: what is taken, what is refused, and by both scanners alike."""

import os
from pathlib import Path

import pytest
import yaml
from loopgauge_catalog import yaml_source
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.yaml_source import parse, read_bytes


@pytest.fixture(params=["C", "Python"], autouse=True)
def scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with the scanner in C, and with the one in Python that may replace it."""
    if request.param == "C":
        pytest.importorskip("yaml._yaml", reason="PyYAML was built without libyaml")
        monkeypatch.setattr(yaml_source, "_Loader", yaml.CSafeLoader)
    else:
        monkeypatch.setattr(yaml_source, "_Loader", yaml.SafeLoader)


def refused(raw: str | bytes) -> str:
    with pytest.raises(CatalogError) as error:
        parse(raw.encode() if isinstance(raw, str) else raw, "a.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("4.5", 4.5),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ('"7"', "7"),
        ("'true'", "true"),
        ('""', ""),
        ("|-\n  12", "12"),
        # YAML 1.1 makes something else of all these.
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("True", "True"),
        ("~", "~"),
        ("Null", "Null"),
        ("12:30", "12:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("+7", "+7"),
        (".5", ".5"),
        ("5.", "5."),
        ("2026-11-21", "2026-11-21"),
        ("=", "="),
        ("15m", "15m"),
        ("95%", "95%"),
        ("$3.00", "$3.00"),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_only_json_numbers_and_words_are_more_than_text(written: str, means: object) -> None:
    data = parse(f"a: {written}\n".encode(), "a.yaml").data
    assert data == {"a": means}
    assert isinstance(data, dict)
    assert type(data["a"]) is type(means)


def test_keys_are_always_text() -> None:
    document = parse(b"on: 1\n1: 2\ntrue: 3\nnull: 4\n", "a.yaml")
    assert document.data == {"on": 1, "1": 2, "true": 3, "null": 4}


def test_every_value_and_key_has_its_place() -> None:
    document = parse(b"a: 1\nb:\n  c: [x, y]\n  d:\n    - e: 2\n", "a.yaml")
    assert document.data == {"a": 1, "b": {"c": ["x", "y"], "d": [{"e": 2}]}}
    assert document.values == {
        (): (1, 1),
        ("a",): (1, 4),
        ("b",): (2, 1),  # a block stands where its name does
        ("b", "c"): (3, 3),
        ("b", "c", 0): (3, 7),
        ("b", "c", 1): (3, 10),
        ("b", "d"): (4, 3),
        ("b", "d", 0): (5, 7),
        ("b", "d", 0, "e"): (5, 10),
    }
    assert document.keys[("b", "d", 0, "e")] == (5, 7)


def test_what_is_not_there_is_located_where_it_should_be() -> None:
    document = parse(b"a:\n  b: 1\n", "a.yaml")
    assert document.locate(("a", "c", "d")) == (1, 1)
    assert document.locate(("a", "b"), key=True) == (2, 3)
    assert document.locate(("a", "b")) == (2, 6)


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    document = parse("\ufeffa: 1\r\nb: ä\r\n".encode(), "a.yaml")
    assert document.data == {"a": 1, "b": "ä"}
    assert document.values[("b",)] == (2, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a.yaml: is empty; start with what `loopgauge init` writes"),
        ("# nothing\n\n", "a.yaml: is empty; start with what `loopgauge init` writes"),
        ("---\n...\n", "a.yaml: is empty; start with what `loopgauge init` writes"),
        ("a:\n\tb: 1\n", "a.yaml:2:1: a tab cannot indent or separate in YAML; use spaces"),
        ("a:\n  - b\n\t- c\n", "a.yaml:3:1: a tab cannot indent or separate in YAML; use spaces"),
        ("a: \x07\n", "a.yaml:1:4: the control character U+0007 is not allowed; delete it"),
        ('a: "\\0"\n', "a.yaml:1:4: the control character U+0000 is not allowed; delete it"),
        ('"\\e[2J": 1\n', "a.yaml:1:1: the control character U+001B is not allowed; delete it"),
        (
            "a: b: c\n",
            "a.yaml:1:5: a second ': ' in one line; put text that contains ': ' in quotes",
        ),
        ("a: %x\n", "a.yaml:1:4: text cannot begin with '%'; put it in quotes"),
        ("a: @x\n", "a.yaml:1:4: text cannot begin with '@'; put it in quotes"),
        (
            "a: &x 1\nb: *x\n",
            (
                "a.yaml:1:4: the anchor '&x' is not allowed; delete it\n"
                "a.yaml:2:4: the alias '*x' is not allowed; write the value again; "
                "a catalog is read by people"
            ),
        ),
        ("a: !!str 1\n", "a.yaml:1:4: the tag 'tag:yaml.org,2002:str' is not allowed; delete it"),
        ("a: !x {}\n", "a.yaml:1:4: the tag '!x' is not allowed; delete it"),
        (
            "a: 1\nb: 2\na: 3\n",
            "a.yaml:3:1: 'a' is given twice, first in line 1, column 1; delete one of them",
        ),
        (
            "a: {x: 1, y: 2}\na: {x: 3, z: 4, z: 5}\n",
            (
                "a.yaml:2:1: 'a' is given twice, first in line 1, column 1; delete one of them\n"
                "a.yaml:2:17: 'z' is given twice, first in line 2, column 11; delete one of them"
            ),
        ),
        ("? [a]\n: 1\n", "a.yaml:1:3: a key must be plain text"),
        (
            "a: 1\n---\nb: 2\n",
            "a.yaml:2:1: a second document begins; use one file for each product",
        ),
        ("a: .nan\n", "a.yaml:1:4: .nan is not a finite number"),
        ("a: -.INF\n", "a.yaml:1:4: -.INF is not a finite number"),
        ("a: 1e400\n", "a.yaml:1:4: 1e400 is not a number that a computer can hold"),
        ("a: 1e-400\n", "a.yaml:1:4: 1e-400 is not a number that a computer can hold"),
        (
            f"a: {'9' * 5000}\n",
            "a.yaml:1:4: 99999999999999999999 is not a number that a computer can hold",
        ),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(text: str, said: str) -> None:
    assert refused(text) == said


def test_text_that_is_not_utf_8_is_refused_where_it_begins() -> None:
    assert refused(b"a: 1\nb: \xff\n") == (
        "a.yaml:2:4: is not UTF-8 text (byte 0xff); save the file as UTF-8"
    )
    assert refused("a: ä\n".encode("utf-16")).startswith("a.yaml:1:1: is not UTF-8 text")
    assert refused("a: ä\n".encode("latin-1")).startswith("a.yaml:1:4: is not UTF-8 text")
    assert refused("a: \ud800\n".encode("utf-8", "surrogatepass")).startswith("a.yaml:1:4:")


def test_other_mistakes_of_syntax_are_located() -> None:
    for text in ("a: [1, 2\n", "a: {b: 1\n", "a: 'x\n", "- a\nb: 1\n", 'a: "\\UFFFFFFFF"\n'):
        assert refused(text).startswith(("a.yaml:1:", "a.yaml:2:")), text
        assert "not valid YAML" in refused(text)


def test_nesting_is_refused_before_it_is_followed() -> None:
    for text in ("[" * 500_000, "{a: " * 200_000, "- " * 300_000):
        said = refused(text)
        assert said.count("\n") == 0
    assert "nested deeper than 20 levels" in refused("[" * 20_000)
    shallow = "[" * 20 + "]" * 20
    assert parse(shallow.encode(), "a.yaml").data is not None
    assert "deeper" in refused("[" * 21 + "]" * 21)


def test_sheer_size_is_refused() -> None:
    assert "greater than 1 MiB" in refused(b"#" * (1024 * 1024 + 1))
    assert "more than 50000 values" in refused("[" + "1," * 60_000 + "1]")


def test_an_exponential_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert refused(bomb).split("\n")[0] == "a.yaml:1:4: the anchor '&a' is not allowed; delete it"
    assert "the alias '*a' is not allowed" in refused("a: &a [*a]\n")


def test_a_file_is_read_whole_or_refused(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(CatalogError) as error:
            read_bytes(path)
        return str(error.value)

    good = tmp_path / "good.yaml"
    good.write_bytes(b"a: 1\n")
    assert read_bytes(good) == b"a: 1\n"

    assert said(tmp_path / "gone.yaml") == (
        f"{tmp_path}/gone.yaml: cannot be read: No such file or directory"
    )
    assert said(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    assert said(pipe) == f"{pipe}: is no file; name a YAML file or a folder with YAML files"
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    assert said(huge) == f"{huge}: is greater than 1 MiB; split it into one file for each product"


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n")
    honest = os.fstat
    looks: list[int] = []

    def fstat(descriptor: int) -> os.stat_result:
        if looks:
            with path.open("ab") as stream:
                stream.write(b"b: 2\n")
        looks.append(descriptor)
        return honest(descriptor)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(CatalogError, match="changed while it was read"):
        read_bytes(path)
