"""The test run itself: its budgets, its strictness, its PostgreSQL."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests import budget, ports, postgres
from tests.databases import Databases
from tests.waiting import until
from tillgate.store import schema

TESTS = Path(__file__).parents[1]
ALL_FOLDERS_SECONDS = 990
"""In two processes at once: less than nine minutes by the clock."""

CLUSTER_IN_A_RUN = """
import time
from tests import postgres
with postgres.cluster(durable=False) as cluster:
    print(cluster.port, cluster.directory, flush=True)
    time.sleep(60)
"""


def test_every_folder_of_tests_has_a_budget_and_together_they_take_less_than_nine_minutes() -> None:
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


@pytest.mark.anyio
async def test_a_database_is_lent_to_one_at_a_time_and_empty_again(databases: Databases, migrated_url: str) -> None:
    async with lent(databases) as one:
        assert one != migrated_url
        # Somebody whom nobody ended holds on to what they wrote, and to what they read.
        left = [await asyncpg.connect(one) for _ in range(2)]
        for connection in left:
            await connection.execute("insert into series values ($1, 'orders', 7)", str(id(connection)))
            await connection.execute("begin; lock table payments in share mode")
    async with lent(databases) as again:
        assert again == one
        assert await ask(again, "select count(*) from series") == 0
        assert await ask(again, "select max(schema) from schema_state") == schema.CURRENT
        assert all(connection.is_closed() for connection in left)


@asynccontextmanager
async def lent(databases: Databases) -> AsyncIterator[str]:
    """A database that is given back with all that is in it."""
    lending = databases.lent()
    yield await asyncio.to_thread(lending.__enter__)
    await asyncio.to_thread(lending.__exit__, None, None, None)


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
