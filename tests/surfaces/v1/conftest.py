"""Tillgate assembled for the tests of a file, on SQLite, and on PostgreSQL where the database matters."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import WEDNESDAY, Books
from tests.surfaces.v1.shop import Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    """A data directory, migrated."""
    return shutil.copytree(migrated, tmp_path_factory.mktemp("data"), dirs_exist_ok=True)


@pytest.fixture(scope="module")
async def app(data: Path, anyio_backend: object) -> AsyncIterator[Assembly]:
    """Tillgate on SQLite."""
    async with shop.open_shop(data) as parts:
        yield parts


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for SQLite, or the address of a migrated PostgreSQL database; every test that asks for it runs on both."""
    if request.param == "sqlite":
        yield None
        return
    databases: Databases = request.getfixturevalue("databases")
    with databases.lent() as url:
        yield url


@pytest.fixture(scope="module")
def home(database: str | None, tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    """The data directory of `either`, migrated where that is where the database lies."""
    directory = tmp_path_factory.mktemp("home")
    return directory if database else shutil.copytree(migrated, directory, dirs_exist_ok=True)


@pytest.fixture(scope="module")
async def either(database: str | None, home: Path, anyio_backend: object) -> AsyncIterator[Assembly]:
    """Tillgate on SQLite, and again on PostgreSQL."""
    async with shop.open_shop(home, database) as parts:
        yield parts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Everything that needs a database of either kind runs on both."""
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgres"], indirect=True, scope="module")


@pytest.fixture
def demo(app: Assembly) -> Client:
    """Demo Shop, for tests that leave nothing behind that others would mind."""
    return shop.demo_shop(app)


@pytest.fixture
async def merchant(app: Assembly) -> Client:
    """A merchant of the test's own, on SQLite."""
    return await shop.merchant(app)


@pytest.fixture
async def anyones(either: Assembly) -> Client:
    """A merchant of the test's own, on either database."""
    return await shop.merchant(either)


@pytest.fixture(scope="module")
async def timed(database: str | None, home: Path, anyio_backend: object) -> AsyncIterator[tuple[Assembly, ManualClock]]:
    """Tillgate on either database, with a clock that stands still until it is moved."""
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(home, database, clock=clock, keeps_time=False) as parts:
        yield parts, clock


@pytest.fixture
async def books(timed: tuple[Assembly, ManualClock], database: str | None, home: Path) -> Books:
    """A merchant of the test's own."""
    parts, clock = timed
    return Books(await shop.merchant(parts), parts, clock, (database, home))
