"""What every test may ask for, and the terms on which all of them run."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests import postgres
from tests.sizes import at_size

pytest_plugins = ["tests.budget", "tests.strictness"]

# The same examples on every run of CI, so that a change is judged by what it changed.
hypothesis.settings.register_profile(
    "tillgate",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    max_examples=at_size(100, 2_000),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tillgate")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Async tests run on the loop that serves in production."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """The PostgreSQL of this test run."""
    with postgres.cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """The address, `postgresql://…`, of an empty database that is this test's alone."""
    with postgres_cluster.fresh() as url:
        yield url
