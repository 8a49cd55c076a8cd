"""This repository feeds itself: a full run of the tests reports its coverage and its time.

A pytest plugin, at work when LOOPGAUGE_ENDPOINT is set. The KPIs are in
`examples/self/dogfood.yaml`. A part of the tests, or a run that was cut short, says
nothing about the whole and is not reported.
"""

import os
from collections.abc import Sequence
from time import perf_counter

import pytest
from loopgauge import Emitter

from tests.support.measured import branch_of, coverage_by_set

#: Seconds that the end of a run may wait for the collector.
PATIENCE = 5.0


def pytest_configure(config: pytest.Config) -> None:
    """Report at the end, if somebody says where to."""
    # Taken out, so that no test sends its made-up events to a collector that is in use.
    endpoint = os.environ.pop("LOOPGAUGE_ENDPOINT", None)
    if endpoint:
        config.pluginmanager.register(SelfReport(config, endpoint))


class SelfReport:
    """Watches one run and reports it.

    Args:
        config: the run's.
        endpoint: the collector's address.
    """

    def __init__(self, config: pytest.Config, endpoint: str) -> None:
        self._config = config
        self._endpoint = endpoint
        self._began = perf_counter()
        self._ended: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
        self._narrowed = bool(
            config.option.file_or_dir
            or config.option.keyword
            or config.option.markexpr
            or config.option.collectonly
        )
        self._said = ""

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Somebody chose among the tests."""
        self._narrowed = self._narrowed or bool(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test; a failing teardown fails a test that passed before."""
        if report.when == "call" or report.outcome != "passed":
            self._ended[report.outcome].add(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Send what is known, and wait until it was taken."""
        cut_short = bool(session.shouldfail or session.shouldstop) or exitstatus not in {
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
        }
        if self._narrowed or cut_short:
            self._said = "not reported: only a part of the tests ran"
            return
        branch = branch_of(self._config.rootpath)
        # Nothing shows how old a coverage file is; only this run's may speak for it.
        measured = self._config.pluginmanager.hasplugin("_cov")
        coverage = coverage_by_set() if measured else {}
        with Emitter(product="dogfood", service="tests", endpoint=self._endpoint) as emit:
            for name, share in coverage.items():
                emit.event(
                    "ci.coverage_reported",
                    {"coverage": share, "coverage.set": name, "vcs.ref.head.name": branch},
                )
            emit.event("ci.suite_finished", self._suite() | {"vcs.ref.head.name": branch})
            emit.flush(PATIENCE)
            sent = emit.stats().sent
        total = f"coverage {coverage['all']:.1%}" if coverage else "no coverage (run with --cov)"
        self._said = (
            f"reported {total} and the suite's time to {self._endpoint}"
            if sent == len(coverage) + 1
            else f"not reported: {self._endpoint} did not take it"
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line for whoever watches."""
        terminalreporter.write_line(f"loopgauge: {self._said}")

    def _suite(self) -> dict[str, str | int | float | None]:
        failed = len(self._ended["failed"])
        passed = len(self._ended["passed"] - self._ended["failed"])
        return {
            "suite.name": "tests",
            "suite.passed": passed / (passed + failed) if passed + failed else 0.0,
            "suite.tests": passed + failed,
            "suite.skipped": len(self._ended["skipped"]),
            "duration": perf_counter() - self._began,
        }
