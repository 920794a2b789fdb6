"""The test run itself: its budgets, its strictness, its PostgreSQL."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests import budget, ports, postgres
from tests.waiting import until

TESTS = Path(__file__).parents[1]
ALL_FOLDERS_SECONDS = 845
"""In two processes at once: less than seven minutes by the clock."""

CLUSTER_IN_A_RUN = """
import time
from tests import postgres
with postgres.cluster(durable=False) as cluster:
    print(cluster.port, cluster.directory, flush=True)
    time.sleep(60)
"""


def test_every_folder_of_tests_has_a_budget_and_together_they_take_less_than_seven_minutes() -> None:
    folders = {budget.folder_of(str(path.relative_to(TESTS.parent))) for path in TESTS.rglob("test_*.py")}
    assert folders <= budget.BUDGET_SECONDS.keys()
    assert sum(budget.BUDGET_SECONDS.values()) <= ALL_FOLDERS_SECONDS


@pytest.mark.parametrize(
    "passed_over",
    [
        "import pytest\npytest.skip('later', allow_module_level=True)",
        "import pytest\ndef test(): pytest.skip('later')",
        "import pytest\n@pytest.mark.skip\ndef test(): pass",
        "import pytest\n@pytest.mark.xfail\ndef test(): assert False",
    ],
)
def test_a_test_that_is_passed_over_fails_the_run(passed_over: str, tmp_path: Path) -> None:
    (tmp_path / "test_later.py").write_text(passed_over)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.strictness", "-p", "no:cacheprovider", tmp_path],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert "No test is skipped" in run.stdout
    assert run.returncode in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}


@pytest.mark.anyio
async def test_every_test_gets_a_database_of_its_own(postgres_cluster: postgres.Cluster) -> None:
    with postgres_cluster.fresh() as one, postgres_cluster.fresh() as other:
        assert await ask(one, "create table mine (n int)") is None
        assert await ask(other, "select to_regclass('mine')") is None
        assert await ask(one, "select to_regclass('mine')") == "mine"


@pytest.mark.anyio
async def test_a_database_can_start_as_a_copy_of_a_template(postgres_cluster: postgres.Cluster) -> None:
    prepared: list[str] = []
    for _ in range(2):
        template = postgres_cluster.template("with_a_table", prepared.append)
        with postgres_cluster.fresh(template) as url:
            assert await ask(url, "select current_setting('server_encoding')") == "UTF8"
    assert prepared == [postgres_cluster.url("with_a_table")]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda end: end.name)
def test_the_cluster_ends_with_the_run(end: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER_IN_A_RUN],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
    ) as run:
        assert run.stdout is not None
        port, directory = run.stdout.readline().split()
        assert accepts(int(port))
        run.send_signal(end)
    until(lambda: not accepts(int(port)), f"the cluster ends with {end.name}")
    shutil.rmtree(directory, ignore_errors=True)


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        answer: object = await connection.fetchval(question)
        return answer
    finally:
        await connection.close()


def accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((ports.HOST, port), timeout=1):
        return True
    return False
