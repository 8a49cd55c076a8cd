"""A run of tests reports itself to a real collector, and the collector shows it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.collector import Json, RunningCollector, serving
from tests.support.program import ROOT

CODE = """\
def sign(number):
    if number < 0:
        return -1
    return 1
"""
#: One test passes, one fails, one is skipped; three of four lines of the code are run.
TESTS = """\
import os
import pytest
from tiny import sign

def test_passes():
    assert sign(2) == 1
    assert "LOOPGAUGE_ENDPOINT" not in os.environ

def test_fails():
    assert sign(2) == 2

@pytest.mark.skip
def test_is_skipped():
    assert sign(-2) == -1
"""
REPAIRED = TESTS.replace("== 2", "== 1").replace("@pytest.mark.skip\n", "")
#: Ways to run less than everything, or to stop before the end.
PARTS = (("-k", "passes"), ("tests/test_tiny.py",), ("-x",))


class Project:
    """A repository with a branch, a package and three tests.

    Args:
        folder: where it is made.
        url: the collector that it reports to.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        for name in (".git", "tiny", "tests"):
            (folder / name).mkdir(parents=True)
        self.check_out("main")
        self.write_tests(TESTS)
        (folder / "tiny" / "__init__.py").write_text(CODE)
        (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\npythonpath = .\n")

    def check_out(self, branch: str) -> None:
        """What git leaves behind when it changes the branch."""
        (self._folder / ".git" / "HEAD").write_text(f"ref: refs/heads/{branch}\n")

    def write_tests(self, text: str) -> None:
        """Change the tests."""
        (self._folder / "tests" / "test_tiny.py").write_text(text)

    def run(self, *arguments: str) -> str:
        """A pytest of its own with the plugin; what it wrote."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COV", "LOOPGAUGE_", "PYTEST_"))
        }
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "tests.support.self_report"),
                *("-p", "pytest_cov", "-p", "no:cacheprovider", *arguments),
            ],
            cwd=self._folder,
            env=inherited
            | {
                "LOOPGAUGE_ENDPOINT": self._url,
                "PYTHONPATH": str(ROOT),
                # Loading every plugin takes longer than the tests.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout + done.stderr


@dataclass
class Seen:
    """What pytest wrote, and the KPIs after it."""

    wrote: str
    kpis: dict[str, Json]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    """One run after the other against one collector, and what was to be seen after each."""
    folder = tmp_path_factory.mktemp("self")
    quick = {"LOOPGAUGE_EVALUATION_INTERVAL_SECONDS": "0.2"}
    with serving(folder, ROOT / "examples" / "self", **quick) as collector:
        project = Project(folder / "project", collector.url)
        runs: dict[str, Seen] = {}

        def note(name: str, *arguments: str) -> None:
            runs[name] = Seen(project.run(*arguments), after(collector))

        wrote = [project.run("--cov=tiny", *part) for part in PARTS]
        runs["parts"] = Seen("\n".join(wrote), after(collector))
        # The runs before have left a coverage file behind.
        note("without coverage")
        project.check_out("try-it")
        note("other branch", "--cov=tiny")
        project.check_out("main")
        note("full", "--cov=tiny")
        project.write_tests(REPAIRED)
        note("repaired", "--cov=tiny")
        yield runs


def after(collector: RunningCollector) -> dict[str, Json]:
    """Every KPI once all that was sent is counted."""
    collector.settled()
    return {
        key.removeprefix("dogfood."): collector.get(f"/api/v1/kpis/{key.replace('.', '/')}")
        for key in collector.kpis()
    }


def test_a_full_run_reports_coverage_result_and_time(seen: dict[str, Seen]) -> None:
    run = seen["full"]

    assert "1 failed, 1 passed, 1 skipped" in run.wrote
    assert "loopgauge: reported coverage 75.0% and the suite's time to http://" in run.wrote
    assert run.kpis["test_coverage"]["value"] == pytest.approx(0.75)
    assert run.kpis["test_coverage"]["state"] == "breach"
    assert list(run.kpis["weakest_package"]["breakdowns"]["coverage.set"]) == ["tiny"]
    assert run.kpis["tests_passed"]["value"] == 0.5
    assert 0 < run.kpis["suite_time"]["value"] < 120
    assert run.kpis["suite_time"]["state"] == "ok"


def test_the_newest_run_is_what_counts(seen: dict[str, Seen]) -> None:
    kpis = seen["repaired"].kpis

    assert (kpis["test_coverage"]["value"], kpis["test_coverage"]["state"]) == (1.0, "ok")
    assert (kpis["tests_passed"]["value"], kpis["tests_passed"]["state"]) == (1.0, "ok")


def test_another_branch_does_not_count(seen: dict[str, Seen]) -> None:
    run = seen["other branch"]

    assert "loopgauge: reported coverage 75.0%" in run.wrote
    assert run.kpis["test_coverage"]["value"] is None


def test_a_part_of_the_tests_says_nothing_about_the_whole(seen: dict[str, Seen]) -> None:
    run = seen["parts"]

    assert run.wrote.count("loopgauge: not reported: only a part of the tests ran") == len(PARTS)
    assert {kpi["state"] for kpi in run.kpis.values()} == {"no_data"}


def test_an_old_coverage_file_does_not_speak_for_a_run_without_coverage(
    seen: dict[str, Seen],
) -> None:
    run = seen["without coverage"]

    assert "loopgauge: reported no coverage (run with --cov) and the suite's time" in run.wrote
    assert run.kpis["test_coverage"]["state"] == "no_data"
    assert run.kpis["tests_passed"]["value"] == 0.5
