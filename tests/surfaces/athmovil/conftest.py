"""Tillgate assembled for the tests of a file, as for those of the other surface, and a business that asks."""

import pytest

from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import Business
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
async def seller(app: Assembly) -> Business:
    """A business of the test's own, on SQLite."""
    return await business.opened(app)


@pytest.fixture
async def anyones(either: Assembly) -> Business:
    """A business of the test's own, on either database."""
    return await business.opened(either)


@pytest.fixture
async def punctual(timed: tuple[Assembly, ManualClock]) -> tuple[Business, ManualClock]:
    """A business of the test's own, whose time stands still until it is moved."""
    parts, clock = timed
    return await business.opened(parts), clock
