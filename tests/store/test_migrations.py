"""Migrations make the schema that the code speaks of, any number of times, and say what they cannot work with."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests import postgres
from tests.sizes import at_size
from tests.store.places import ENGINES, Place
from tillgate.store import migrate, schema
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


def test_a_migration_uses_nothing_of_the_running_code_that_changes() -> None:
    """How ids are made is all that never does."""
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    files = sorted(versions.glob("0*.py"))
    used = {line for file in files for line in file.read_text().splitlines() if "tillgate" in line and "import" in line}
    assert len(files) == schema.CURRENT
    assert used == {"from tillgate.core.ids import Ids"}


def test_migrating_twice_changes_nothing(empty: Place) -> None:
    migrated(empty)
    asyncio.run(empty.execute("insert into customers values ('ten_one', 'cus_one', 1, 1, '{}', null, null)"))
    migrated(empty)
    migrate.check(empty.url, empty.data)
    count = migrate._on_connection(empty.url, empty.data, lambda c: c.scalar(sa.text("select count(*) from customers")))
    assert count == 1


def test_a_migration_that_dies_midway_has_changed_nothing(empty: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(statement: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(op, "execute", die)
        with pytest.raises(KeyboardInterrupt):
            migrated(empty)
    assert migrate.is_empty(empty.url, empty.data)
    migrate.check(migrated(empty).url, empty.data)


def test_processes_may_migrate_at_once(postgres_cluster: postgres.Cluster, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        racers = [stack.enter_context(_racer()) for _ in range(at_size(2, 4))]
        for turn in range(at_size(2, 20)):
            for url in (None, stack.enter_context(postgres_cluster.fresh())):
                for racer in racers:
                    _tell(racer, f"{url or ''}\t{tmp_path / str(turn)}\n")
                assert [_hear(racer) for racer in racers] == ["migrated\n"] * len(racers)
                migrate.check(url, tmp_path / str(turn))


@contextlib.contextmanager
def _racer() -> Iterator[subprocess.Popen[str]]:
    program = Path(__file__).with_name("migration_racer.py")
    with subprocess.Popen([sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as racer:
        try:
            assert _hear(racer) == "ready\n"
            yield racer
        finally:
            racer.kill()


def _tell(racer: subprocess.Popen[str], line: str) -> None:
    assert racer.stdin is not None
    racer.stdin.write(line)
    racer.stdin.flush()


def _hear(racer: subprocess.Popen[str]) -> str:
    assert racer.stdout is not None
    return racer.stdout.readline()


def test_an_empty_database_is_told_from_a_migrated_one(empty: Place) -> None:
    assert migrate.is_empty(empty.url, empty.data)
    migrated(empty)
    assert not migrate.is_empty(empty.url, empty.data)


NEWER = schema.CURRENT + 7
BEHIND = f"the database has schema 0, this release needs {schema.CURRENT}; run `tillgate migrate`"
AHEAD = f"the database has schema {NEWER}, which this release (schema {schema.CURRENT}) is too old for; update it"


@pytest.mark.parametrize(
    ("states", "message"),
    [([(0, 0)], BEHIND), ([(schema.CURRENT, 1), (NEWER, schema.CURRENT + 1)], AHEAD)],
    ids=["behind", "too far ahead"],
)
def test_a_schema_that_does_not_fit_is_refused_with_what_to_do(
    empty: Place, states: list[tuple[int, int]], message: str
) -> None:
    mark(migrated(empty), *states)
    with pytest.raises(Unfit) as unfit:
        migrate.check(empty.url, empty.data)
    assert str(unfit.value) == message


def test_a_database_without_a_schema_is_refused_with_what_to_do(empty: Place) -> None:
    assert migrate.is_empty(empty.url, empty.data)
    with pytest.raises(Unfit) as unfit:
        migrate.check(empty.url, empty.data)
    assert str(unfit.value) == "the database is empty; run `tillgate migrate`"


def test_a_directory_without_a_database_is_refused_and_not_given_one(tmp_path: Path) -> None:
    with pytest.raises(Unfit) as unfit:
        migrate.check(None, tmp_path)
    assert str(unfit.value) == f"there is no database in {tmp_path}; run `tillgate migrate`"
    assert list(tmp_path.iterdir()) == []


def test_an_older_release_works_on_a_newer_schema_that_gets_along_with_it(empty: Place) -> None:
    mark(migrated(empty), (schema.CURRENT, 1), (schema.CURRENT + 7, schema.CURRENT))
    migrate.check(empty.url, empty.data)
