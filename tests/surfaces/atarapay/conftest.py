"""Tillgate assembled for the tests of a file, as for those of the other surfaces, and a merchant that asks."""

import pytest

from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import Market
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
async def seller(app: Assembly) -> Market:
    """A merchant of the test's own, on SQLite."""
    return await market.opened(app)


@pytest.fixture
async def anyones(either: Assembly) -> Market:
    """A merchant of the test's own, on either database."""
    return await market.opened(either)


@pytest.fixture
async def punctual(timed: tuple[Assembly, ManualClock]) -> tuple[Market, ManualClock]:
    """A merchant of the test's own, whose time stands still until it is moved."""
    parts, clock = timed
    return await market.opened(parts), clock
