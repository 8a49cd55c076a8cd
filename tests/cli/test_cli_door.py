"""The door: it opens without any package, quickly, and says what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest
from loopgauge_cli.app import app
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]

#: Packages that a service with the library alone does not have; none may load for --help.
HEAVY = ("duckdb", "fastapi", "httpx", "pydantic", "pyarrow", "uvicorn", "rich", "yaml", "numpy")


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_without_its_packages_it_says_what_to_install() -> None:
    door = f"import sys; sys.path.insert(0, {str(ROOT / 'cli')!r}); import loopgauge_cli.main as m"

    done = _python("-I", "-S", "-c", f"{door}; m.main()", "kpis")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "pip install 'loopgauge[collector]'" in done.stderr
    assert "typer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_that_only_one_command_needs_is_named_by_that_command() -> None:
    hidden = "import sys; sys.modules['httpx'] = None; import loopgauge_cli.main as m"

    done = _python("-c", f"{hidden}; sys.argv = ['loopgauge', 'kpis']; m.main()")

    assert done.returncode == 2
    assert "this command needs httpx" in done.stderr


def test_a_fault_of_our_own_is_not_taken_for_a_missing_package() -> None:
    broken = "import sys; sys.modules['loopgauge_cli.app'] = None; import loopgauge_cli.main as m"

    done = _python("-c", f"{broken}; m.main()")

    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    look = f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    code = (
        "import sys, atexit, loopgauge_cli.main as m\n"
        f"atexit.register(lambda: {look})\n"
        "sys.argv = ['loopgauge', '--help']\n"
        "m.main()"
    )

    done = _python("-c", code)

    assert done.returncode == 0
    assert "Commands:" in done.stdout
    assert done.stderr == "[]\n"


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    result = CliRunner().invoke(app, ["--version"])

    assert (result.exit_code, result.stdout) == (0, f"loopgauge {version('loopgauge')}\n")


@pytest.mark.parametrize("arguments", [["kpi"], ["kpis", "--stat", "ok"], ["emit"], ["serve", "x"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["kpis"],
        ["doctor"],
        ["sql", "select 1"],
        ["rebuild"],
        ["emit", "a.b"],
        ["quarantine", "list"],
        ["quarantine", "show", "1"],
        ["quarantine", "replay", "--all"],
        ["quarantine", "drop", "1", "--yes"],
    ],
)
def test_without_a_collector_each_command_says_how_to_start_one(
    arguments: list[str], closed_port: int
) -> None:
    url = f"http://127.0.0.1:{closed_port}"

    result = CliRunner().invoke(app, [*arguments, "--url", url])

    assert result.exit_code == 2
    assert f"no collector at {url}; start one with `loopgauge serve`" in result.stderr
    assert result.stdout == ""


def test_the_environment_names_the_collector(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPGAUGE_ENDPOINT", f"http://127.0.0.1:{closed_port}/")

    result = CliRunner().invoke(app, ["kpis"])

    assert f"no collector at http://127.0.0.1:{closed_port};" in result.stderr


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:4318", "http://", "http://[::1", "http://x:port", "ftp://x", "http://x:99999"],
)
def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    result = CliRunner().invoke(app, ["kpis", "--url", url])

    assert result.exit_code == 2
    assert "write it as http://127.0.0.1:4318" in result.stderr
