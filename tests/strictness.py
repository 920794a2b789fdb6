"""The rule that no test is passed over: one that skips itself, or expects to fail, fails."""

from collections.abc import Generator
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test."""
    report = yield
    # Pytest counts no failure where one was expected.
    vars(report).pop("wasxfail", None)
    return not_passed_over(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a file of tests, which can skip itself as a whole."""
    return not_passed_over((yield))


def not_passed_over(report: Report) -> Report:
    """The report, with a skip turned into a failure that says so."""
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"No test is skipped: {report.longrepr}"
    return report
