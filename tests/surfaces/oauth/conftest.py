"""Tillgate assembled for the tests of a file, as for those of the other surfaces, and people with browsers."""

import pytest

from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import Person
from tests.surfaces.v1.conftest import (
    app,
    data,
    database,
    home,
    pytest_generate_tests,
    timed,
)
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock

__all__ = ["app", "data", "database", "home", "pytest_generate_tests", "timed"]


@pytest.fixture
async def ann(app: Assembly) -> Person:
    """An owner of a merchant of her own, signed in, on SQLite."""
    return await person.signed_in(app)


@pytest.fixture
async def anyone(timed: tuple[Assembly, ManualClock]) -> Person:
    """An owner of a merchant of their own, signed in, on either database."""
    return await person.signed_in(timed[0])


@pytest.fixture
async def punctual(timed: tuple[Assembly, ManualClock]) -> tuple[Person, ManualClock]:
    """An owner, signed in, whose time stands still until it is moved."""
    parts, clock = timed
    return await person.signed_in(parts), clock
