"""What every test may ask for, and the terms on which all of them run."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest

from tests import postgres
from tests.databases import Databases
from tests.sizes import PROVING, at_size
from tillgate.store import migrate

pytest_plugins = ["tests.budget", "tests.strictness"]

# The same examples on every run of CI, so that a change is judged by what it changed.
hypothesis.settings.register_profile(
    "tillgate",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    max_examples=at_size(60, 2_000),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tillgate")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests; all that is found stays, and the collector of garbage need not walk it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Async tests run on the loop that serves in production."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """The PostgreSQL of this test run; only a proof waits for its disk, and who asks whether it does has their own."""
    with postgres.cluster(durable=PROVING) as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """The address, `postgresql://…`, of an empty database that is this test's alone."""
    with postgres_cluster.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def databases(postgres_cluster: postgres.Cluster) -> Iterator[Databases]:
    """Migrated databases of PostgreSQL, to be lent."""
    with closing(Databases(postgres_cluster)) as made:
        yield made


@pytest.fixture
def migrated_url(databases: Databases) -> Iterator[str]:
    """The address of an empty, migrated database that is this test's alone."""
    with databases.lent() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a migrated SQLite database in it, to be copied."""
    directory = tmp_path_factory.mktemp("migrated")
    migrate.migrate(None, directory)
    return directory
