"""`loopgauge init` and `loopgauge check`, on files alone."""

import json
from pathlib import Path

import pytest
from loopgauge_catalog.loader import load
from loopgauge_cli.app import app
from typer.testing import CliRunner, Result

GOOD = """
product: shop
title: Web shop
tables:
  main:
    title: Main
    kpis:
      orders: {row: S1, title: Orders, kind: count, event: order.placed, window: 7d}
events:
  order.placed: {}
"""


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in arguments])


def test_init_writes_a_catalog_that_passes_its_own_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    written = _run("init")
    checked = _run("check")

    assert written.exit_code == 0
    assert len(list(load([tmp_path / "loopgauge" / "catalog.yaml"]).kpis())) == 3
    assert checked.exit_code == 0
    assert checked.stdout.endswith("ok\n")
    assert "3 KPIs" in checked.stdout


def test_init_never_writes_over_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("mine")

    result = _run("init", mine)

    assert result.exit_code == 2
    assert "stays as it is" in result.stderr
    assert mine.read_text() == "mine"


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = _run("init", tmp_path / "file" / "catalog.yaml")

    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_check_names_file_line_and_column_of_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("window: 7d", "windw: 7d").replace("title: Web shop\n", ""))

    result = _run("check", path)

    assert result.exit_code == 1
    assert f"{path}:7:" in result.stdout
    assert "windw" in result.stdout
    assert "title" in result.stdout


def test_check_gives_the_same_as_json(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace("window: 7d", "windw: 7d"))

    result = _run("check", path, "--json")

    body = json.loads(result.stdout)
    assert result.exit_code == 1
    assert body["ok"] is False
    assert {(problem["file"], problem["line"]) for problem in body["problems"]} == {(str(path), 8)}


def test_check_of_a_good_file_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD)

    result = _run("check", tmp_path)

    assert result.exit_code == 0
    assert "shop: 1 KPI in 1 table, 1 event" in result.stdout
    assert json.loads(_run("check", tmp_path, "--json").stdout)["products"] == {
        "shop": {"kpis": 1, "events": 1, "rows": {"covered": 0, "expected": 0}}
    }


def test_check_without_a_file_takes_the_samples_and_counts_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = _run("check")

    assert result.exit_code == 0
    for product, rows in (("musicgen", 24), ("ytempire", 18), ("campaigns", 18)):
        line = next(line for line in result.stdout.splitlines() if line.startswith(product))
        assert line.endswith(f", rows covered: {rows} of {rows}")
    assert "\nrows covered: 60 of 60\n" in result.stdout


def test_check_names_the_rows_that_are_missing_or_there_in_part(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(
        GOOD.replace("tables:", "rows: [S1a-b, S2, S3]\ntables:").replace("S1,", "S1a,")
    )

    result = _run("check", path)

    assert "rows covered: 0 of 3\nin part: S1\nnot yet: S2, S3\nrows covered: 0 of 3\n" in (
        result.stdout
    )


def test_the_handbook_of_a_catalog_is_printed_as_markdown(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD)

    result = _run("check", tmp_path, "--handbook")

    assert result.exit_code == 0
    assert result.stdout.startswith("# KPIs\n")
    assert "Counts `order.placed` in the last 7 days." in result.stdout


def test_check_of_a_file_that_is_not_there_names_it(tmp_path: Path) -> None:
    result = _run("check", tmp_path / "gone.yaml")

    assert result.exit_code == 1
    assert "gone.yaml" in result.stdout


def test_the_schema_is_a_json_schema() -> None:
    result = _run("check", "--schema")

    schema = json.loads(result.stdout)
    assert result.exit_code == 0
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "tables" in schema["properties"]
