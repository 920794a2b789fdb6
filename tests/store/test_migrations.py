"""Migrations make the schema that the code speaks of, any number of times, and say what they cannot work with."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests import postgres, servers
from tests.store.places import ENGINES, Place
from tillgate.store import migrate, schema
from tillgate.store.database import SQLITE_FILE
from tillgate.store.migrate import Unfit


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A database without a schema, on each engine in turn."""
    if request.param == "sqlite":
        yield Place(None, tmp_path / "data")
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.fresh() as url:
        yield Place(url, tmp_path / "data")


def migrated(place: Place) -> Place:
    migrate.migrate(place.url, place.data)
    return place


def mark(place: Place, *states: tuple[int, int]) -> None:
    """Have the database say that it went through these schemas, each with the oldest that gets along with it."""
    values = ", ".join(str(state) for state in states)
    asyncio.run(place.execute("delete from schema_state", f"insert into schema_state values {values}"))


def test_the_migrated_schema_is_the_one_the_code_speaks_of(empty: Place) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _is_ours})
        return list(compare_metadata(context, schema.metadata))

    migrated(empty)
    assert migrate._on_connection(empty.url, empty.data, differences) == []


def _is_ours(object: sa.schema.SchemaItem, name: str | None, type_: str, *_: object) -> bool:
    return name != "migration_lock"


def test_checks_and_collations_are_those_the_code_speaks_of(empty: Place) -> None:
    """What alembic does not compare: it is asked of the database itself."""

    def found(connection: sa.Connection) -> dict[str, tuple[set[str | None], set[str]]]:
        inspector = sa.inspect(connection)
        return {
            table: (
                {check["name"] for check in inspector.get_check_constraints(table)},
                {str(getattr(column["type"], "collation", None)) for column in inspector.get_columns(table)} - {"None"},
            )
            for table in schema.metadata.tables
        }

    def in_metadata(table: sa.Table) -> set[str]:
        return {str(check.name) for check in table.constraints if isinstance(check, sa.CheckConstraint)}

    migrated(empty)
    for name, (checks, collations) in migrate._on_connection(empty.url, empty.data, found).items():
        assert checks == in_metadata(schema.metadata.tables[name])
        assert collations <= {"C"}
        if empty.url and name != "schema_state":
            assert collations == {"C"}, name


def test_migrating_twice_changes_nothing(empty: Place) -> None:
    migrated(empty)
    asyncio.run(empty.execute("insert into customers values ('ten_one', 'cus_one', 1, 1, '{}')"))
    migrated(empty)
    migrate.check(empty.url, empty.data)
    count = migrate._on_connection(empty.url, empty.data, lambda c: c.scalar(sa.text("select count(*) from customers")))
    assert count == 1


def test_processes_may_migrate_at_once(empty: Place) -> None:
    where = ["--data", str(empty.data), *(["--database", empty.url] if empty.url else [])]
    migrating = [
        subprocess.Popen([servers.TILLGATE, "migrate", *where], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(4)
    ]
    ended = [(process.communicate()[0].decode(), process.returncode) for process in migrating]
    assert ended == [("The database has the schema of this release.\n", 0)] * 4
    migrate.check(empty.url, empty.data)


def test_an_empty_database_is_told_from_a_migrated_one(empty: Place) -> None:
    assert migrate.is_empty(empty.url, empty.data)
    migrated(empty)
    assert not migrate.is_empty(empty.url, empty.data)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda place: None, "the database is empty; run `tillgate migrate`"),
        (
            lambda place: mark(migrated(place), (0, 0)),
            f"the database has schema 0, this release needs {schema.CURRENT}; run `tillgate migrate`",
        ),
        (
            lambda place: mark(migrated(place), (schema.CURRENT, 1), (schema.CURRENT + 7, schema.CURRENT + 1)),
            f"the database has schema {schema.CURRENT + 7}, "
            f"which this release (schema {schema.CURRENT}) is too old for; update it",
        ),
    ],
    ids=["empty", "behind", "too far ahead"],
)
def test_an_unfit_database_is_refused_with_what_to_do(
    empty: Place, prepare: Callable[[Place], None], message: str
) -> None:
    prepare(empty)
    with pytest.raises(Unfit) as unfit:
        migrate.check(empty.url, empty.data)
    assert str(unfit.value) == message
    told = servers.tillgate("audit", data=empty.data, database=empty.url)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", f"tillgate: {message}\n")


def test_an_older_release_works_on_a_newer_schema_that_gets_along_with_it(empty: Place) -> None:
    mark(migrated(empty), (schema.CURRENT, 1), (schema.CURRENT + 7, schema.CURRENT))
    migrate.check(empty.url, empty.data)


def test_a_directory_without_a_database_is_not_given_one_by_looking(tmp_path: Path) -> None:
    assert migrate.is_empty(None, tmp_path)
    assert not (tmp_path / SQLITE_FILE).exists()
