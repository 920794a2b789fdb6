"""How long each folder of tests may take, and how long it took: the tests of all processes added up."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.sizes import PROVING

BUDGET_SECONDS = {
    "architecture": 15,
    "clients": 20,
    "connectors": 5,
    "core": 20,
    "flows": 10,
    "http": 15,
    "journeys": 185,
    "pages": 275,
    "sandbox": 10,
    "simulation": 90,
    "store": 55,
    "surfaces": 255,
    "transport": 5,
    "vault": 5,
    "workers": 25,
}

_spent: defaultdict[str, float] = defaultdict(float)
_count: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add what a test, its making ready and its clearing away took."""
    folder = folder_of(report.nodeid)
    _spent[folder] += report.duration
    _count[folder] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table: folder, tests, seconds spent, seconds allowed."""
    if not _spent:
        return
    terminalreporter.section("time by folder")
    for folder, spent in sorted(_spent.items()):
        terminalreporter.write_line(row(folder, _count[folder], spent, BUDGET_SECONDS.get(folder, 0)))
    terminalreporter.write_line(
        row("all", _count.total(), sum(_spent.values()), sum(BUDGET_SECONDS.values())),
    )


def row(name: str, tests: int, spent: float, allowed: int) -> str:
    """A line of the table; proof at full size has no budget."""
    line = f"{name:<14}{tests:>6} tests{spent:>9.1f} s"
    return line if PROVING else f"{line} of {allowed:>3} s" + ("  OVER BUDGET" if spent > allowed else "")


def folder_of(nodeid: str) -> str:
    """The folder under tests/ that a test belongs to: `tests/core/test_money.py::…` is `core`."""
    path = Path(nodeid.partition("::")[0])
    return path.parts[1] if len(path.parts) > 2 else ""
