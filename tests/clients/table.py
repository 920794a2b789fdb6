"""The table of what clients made for APIs of this style do with ours: operation × client × result.

The run of the tests prints it as it went; `python -m tests.clients.table` writes the page that keeps it.
"""

import importlib.metadata
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients import python_behavior, python_checkout, python_objects, python_payments, python_setup
from tests.clients.scenarios import Scenario

PYTHON: dict[str, Scenario] = {
    **python_objects.DOES,
    **python_payments.DOES,
    **python_setup.DOES,
    **python_checkout.DOES,
    **python_behavior.DOES,
}
"""What the client in Python does, by `resource.operation`, in the order of the table."""

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients.md"
NODE_TESTS = ROOT / "tests" / "node"

_OF_CLIENTS = re.compile(r"tests/clients/test_scenarios\.py::test_(python|node)\[(.+)\]$")

_came: dict[tuple[str, str], str] = {}


def note(report: pytest.TestReport) -> None:
    """Remember what came of a scenario; where anything of it fails, it failed."""
    if found := _OF_CLIENTS.search(report.nodeid):
        key = (found[2], found[1])
        if report.failed:
            _came[key] = "FAILED"
        elif report.when == "call":
            _came.setdefault(key, "ok")


def results() -> list[str]:
    """The table as the run went; nothing where no scenario ran."""
    if not _came:
        return []
    names = list(dict.fromkeys(name for name, _ in _came))
    head = f"{'operation':<56}{'python':<10}{'node':<10}"
    return [head, *(f"{name:<56}{_cell(name, 'python'):<10}{_cell(name, 'node'):<10}" for name in names)]


def _cell(name: str, client: str) -> str:
    return _came.get((name, client), "-")


def node_scenarios() -> list[str]:
    """The names of what the client in Node does."""
    ran = subprocess.run(["node", NODE_TESTS / "run.js", "--names"], check=True, capture_output=True)
    names: list[str] = json.loads(ran.stdout)
    return names


def page() -> str:
    """The page that keeps the table, as the tests are now: all of them pass, or the page is not published."""
    node_names = set(node_scenarios())
    node_version = json.loads((NODE_TESTS / "package.json").read_text())["dependencies"]["stripe"]
    python_version = importlib.metadata.version("stripe")
    lines = [
        "# Clients that exist",
        "",
        "What client libraries do that were made for APIs of this style, unmodified, pointed at a Tillgate server: see",
        "[how to use the client you have](how-to/use-the-client-you-have.md). This page is made from the tests",
        "(`python -m tests.clients.table`), which run every line of it against a real server.",
        "",
        f"| operation | `stripe` {python_version} for Python | `stripe` {node_version} for Node |",
        "|---|---|---|",
    ]
    resource = ""
    for name in PYTHON:
        of, _, what = name.partition(".")
        shown = f"**{of.replace('_', ' ')}**: {what}" if of != resource else what
        resource = of
        lines.append(f"| {shown} | ✓ | {'✓' if name in node_names else ''} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
