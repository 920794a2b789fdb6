"""Creating payments: Tillgate on each database beside pgbench and a bare endpoint; then its books are looked at."""

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench import check, cluster, load, machine, pgbench, processes, runs, server
from bench.runs import Run
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
    books: dict[str, Books] = {}
    megabytes: dict[str, float] = {}
    with ExitStack() as stack:
        contenders: dict[str, runs.Measure] = {}
        servers: dict[str, Server] = {}
        for name in names:
            database = None if name == SQLITE else stack.enter_context(running.fresh())
            data = folder / f"payments-{len(books)}"
            books[name] = Books(data, database, set())
        with ExitStack() as serving:
            for name, kept in books.items():
                servers[name] = serving.enter_context(
                    server.tillgate(kept.data, kept.database, workers=2 if name == TWO else 1)
                )
                postmaster = cluster.process(running) if kept.database else None
                contenders[name] = runs.of_server(servers[name], _noting(kept.acknowledged), postmaster)
            contenders[PGBENCH], answer = _pgbench(running, stack, folder)
            bare = serving.enter_context(server.reference(answer))
            contenders[BARE] = runs.of_server(bare, load.payments)
            cluster.execute(running.url("postgres"), "checkpoint")
            measured = runs.interleaved(contenders, rounds, seconds, warm_up_seconds=3)
            for name, each in servers.items():
                megabytes[name] = processes.peak_megabytes(each.process)
        checked = {name: _check(kept) for name, kept in books.items()}
    return Result(measured, megabytes, checked)


def _noting(acknowledged: set[str]) -> Callable[[str, float], load.Report]:
    """Payments, whose ids are noted in `acknowledged`."""

    def ask(address: str, seconds: float) -> load.Report:
        report = load.payments(address, seconds)
        acknowledged.update(report.acknowledged)
        return report

    return ask


def _pgbench(running: Cluster, stack: ExitStack, folder: Path) -> tuple[runs.Measure, Path]:
    """pgbench on a database of its own, with the rows of a real payment; and the file of that payment's answer."""
    real, own = stack.enter_context(running.fresh()), stack.enter_context(running.fresh())
    with server.tillgate(folder / "template", real) as once:
        answer = folder / "answer"
        answer.write_bytes(once.ask("/v1/payments", load.PAYMENT, "template"))
    with server.tillgate(folder / "template", own):
        template = pgbench.template_of(real)
    postmaster = cluster.process(running)

    def measure(seconds: float) -> Run:
        others = machine.busy_percent()
        load_average = os.getloadavg()[0]
        used = processes.cpu_seconds(postmaster)
        report = pgbench.run(own, template, seconds)
        database_cpu = (processes.cpu_seconds(postmaster) - used) / (report.per_second * seconds)
        return Run(
            per_second=report.per_second,
            p50=report.p50 / 1e3,
            p99=report.p99 / 1e3,
            cpu=0,
            database_cpu=round(database_cpu * 1e6),
            failed=0,
            others_percent=others,
            load_average=load_average,
        )

    return measure, answer


def _check(books: Books) -> check.Found:
    found = asyncio.run(check.check(books.data, books.database, books.acknowledged))
    check.audit(books.data, books.database, found)
    return found
