"""Tillgate assembled for the tests of a file, as for those of the other surfaces, and a merchant that asks."""

import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import Store
from tests.surfaces.v1.conftest import (
    app,
    data,
    database,
    either,
    home,
    pytest_generate_tests,
    timed,
)
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock

__all__ = ["app", "data", "database", "either", "home", "pytest_generate_tests", "timed"]


@pytest.fixture
async def seller(app: Assembly) -> Store:
    """A merchant of the test's own, on SQLite."""
    return await store.opened(app)


@pytest.fixture
async def anyones(either: Assembly) -> Store:
    """A merchant of the test's own, on either database."""
    return await store.opened(either)


@pytest.fixture
async def punctual(timed: tuple[Assembly, ManualClock]) -> tuple[Store, ManualClock]:
    """A merchant of the test's own, whose time stands still until it is moved."""
    parts, clock = timed
    return await store.opened(parts), clock
