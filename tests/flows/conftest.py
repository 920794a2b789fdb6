"""A market assembled for the tests of a file, on either database, in which time stands still until it is moved."""

from pathlib import Path

import pytest

from tests.flows.market import Market
from tests.surfaces.v1 import shop
from tests.surfaces.v1.conftest import data, database, home, pytest_generate_tests, timed
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock

__all__ = ["data", "database", "home", "pytest_generate_tests", "timed"]


@pytest.fixture
async def market(timed: tuple[Assembly, ManualClock], database: str | None, home: Path) -> Market:
    """A merchant of the test's own."""
    parts, clock = timed
    return Market(parts, clock, await shop.new_tenant(parts), (database, home))
