"""Creating payments: Tillgate on each database beside pgbench and a bare endpoint; then its books are looked at."""

import asyncio
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import msgspec

from bench import check, cluster, load, pgbench, processes, runs, server
from bench.load import Load, Report
from bench.runs import Measure, Run, Watch
from bench.server import Server
from tests.postgres import Cluster

ONE = "Tillgate on PostgreSQL, 1 process"
TWO = "Tillgate on PostgreSQL, 2 processes"
SQLITE = "Tillgate on SQLite"
PGBENCH = "pgbench, the same statements"
BARE = "bare Starlette endpoint"


class Books(msgspec.Struct, frozen=True):
    """A server's data, and the payments that it acknowledged."""

    data: Path
    database: str | None
    acknowledged: set[str]


class Result(msgspec.Struct, frozen=True):
    """All runs, the most memory that a process held, and what the books looked like; all by contender."""

    runs: dict[str, list[Run]]
    megabytes: dict[str, float]
    checked: dict[str, check.Found]


def measure(running: Cluster, folder: Path, names: tuple[str, ...], *, rounds: int, seconds: float) -> Result:
    """Run the contenders named (of ONE, TWO, SQLITE), with pgbench and the bare endpoint beside them."""
    with ExitStack() as databases:
        books = {name: books_of(name, databases, running, folder) for name in names}
        template, own, answer = _template(databases, running, folder)
        with ExitStack() as serving:
            servers = {name: serving.enter_context(_served(name, kept)) for name, kept in books.items()}
            bare = serving.enter_context(server.reference(answer))
            contenders = {name: _tillgate(running, servers[name], books[name]) for name in names}
            contenders[PGBENCH] = _pgbench(running, own, template)
            contenders[BARE] = runs.of_server(bare, load.payments)
            cluster.execute(running.url("postgres"), "checkpoint")
            taken = runs.interleaved(contenders, rounds, seconds, warm_up_seconds=3)
            megabytes = {name: processes.peak_megabytes(each.process) for name, each in servers.items()}
        return Result(taken, megabytes, {name: checked(kept) for name, kept in books.items()})


def books_of(name: str, databases: ExitStack, running: Cluster, folder: Path) -> Books:
    """Where a contender is to keep its books, which are empty."""
    database = None if name == SQLITE else databases.enter_context(running.fresh())
    return Books(folder / name.replace(" ", "-"), database, set())


def _served(name: str, books: Books) -> AbstractContextManager[Server]:
    return server.tillgate(books.data, books.database, workers=2 if name == TWO else 1)


def _tillgate(running: Cluster, served: Server, books: Books) -> Measure:
    database = cluster.process(running) if books.database else None
    return runs.of_server(served, noting(load.payments, books.acknowledged), database)


def noting(load: Load, acknowledged: set[str]) -> Load:
    """The same load; the ids of the payments that it made are noted in `acknowledged`."""

    def ask(address: str, seconds: float) -> Report:
        report = load(address, seconds)
        acknowledged.update(report.acknowledged)
        return report

    return ask


def _template(databases: ExitStack, running: Cluster, folder: Path) -> tuple[dict[str, str], str, Path]:
    """A real payment's rows, an empty migrated database for more like it, and that payment's answer in a file."""
    real, own = databases.enter_context(running.fresh()), databases.enter_context(running.fresh())
    data, answer = folder / "template", folder / "answer"
    with server.tillgate(data, real) as once:
        answer.write_bytes(once.ask("/v1/payments", load.PAYMENT, "template"))
    server.migrate(data, own)
    return pgbench.template_of(real), own, answer


def _pgbench(running: Cluster, database: str, template: dict[str, str]) -> Measure:
    postmaster = cluster.process(running)

    def measure(seconds: float) -> Run:
        watch = Watch(None, postmaster)
        report = pgbench.run(database, template, seconds)
        return watch.run(report.per_second, report.p50, report.p99, round(report.per_second * seconds))

    return measure


def checked(books: Books) -> check.Found:
    """What the books of a server look like that has stopped."""
    found = asyncio.run(check.check(books.data, books.database, books.acknowledged))
    check.audit(books.data, books.database, found)
    return found
