"""Size: whether lists, look-ups and payments are as quick among a million payments as among ten thousand."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import msgspec

from bench import check, cluster, fill, load, plans, runs, server
from bench.runs import Measure, Run
from bench.stories import Stories
from tests.postgres import Cluster
from tillgate.store.database import SQLITE_FILE

SAMPLE = 5_000
"""How many paths of one kind are asked for in turn."""

Ask = Callable[[str, float], load.Report]


class Filled(msgspec.Struct, frozen=True):
    """A database with so many payments in it."""

    payments: int
    data: Path
    database: str | None

    def ids(self, table: str) -> list[str]:
        """Ids from all over a table, in order."""
        query = f"select id from {table} order by id"
        if self.database:
            found = [row[0] for row in cluster.execute(self.database, query)]
        else:
            with closing(sqlite3.connect(f"file:{self.data / SQLITE_FILE}?mode=ro", uri=True)) as connection:
                found = [row[0] for row in connection.execute(query)]
        return found[:: max(1, len(found) // SAMPLE)]


class Result(msgspec.Struct, frozen=True):
    """For each thing asked its runs among few payments and among many; the plans; what the books looked like."""

    few: int
    many: int
    runs: dict[str, tuple[list[Run], list[Run]]]
    plans: plans.Found
    checked: dict[str, check.Found]

    def ratios(self) -> dict[str, float]:
        """How fast each thing is among many payments, by how fast it is among few."""
        return {asked: runs.ratio(many, few) for asked, (few, many) in self.runs.items()}


def measure(
    running: Cluster | None, stories: Stories, folder: Path, few: int, many: int, *, rounds: int, seconds: float
) -> Result:
    """Fill two databases, on PostgreSQL or (without a cluster) on SQLite, and ask both the same in turns."""
    with ExitStack() as stack:
        filled = [_filled(stack, running, stories, folder / f"{count}", count) for count in (few, many)]
        contenders: dict[str, Measure] = {}
        with ExitStack() as serving:
            for each in filled:
                serves = serving.enter_context(server.tillgate(each.data, each.database))
                for asked, ask in _questions(each).items():
                    contenders[_name(asked, each.payments)] = runs.of_server(serves, ask)
            # The two of a question stand side by side in every round.
            in_turns = {name: contenders[name] for name in sorted(contenders)}
            measured = runs.interleaved(in_turns, rounds, seconds, warm_up_seconds=1)
        questions = list(_questions(filled[0]))
        return Result(
            few,
            many,
            {asked: (measured[_name(asked, few)], measured[_name(asked, many)]) for asked in questions},
            _plans(running, filled[1]),
            {f"{each.payments:,} payments": _audited(each) for each in filled},
        )


def _filled(stack: ExitStack, running: Cluster | None, stories: Stories, data: Path, payments: int) -> Filled:
    database = stack.enter_context(running.fresh()) if running else None
    server.migrate(data, database)
    print(f"  filling with {payments:,} payments", flush=True)
    if database:
        fill.postgres(database, stories, payments)
    else:
        fill.sqlite(data, stories, payments)
    return Filled(payments, data, database)


def _questions(filled: Filled) -> dict[str, Ask]:
    payments, customers = filled.ids("payments"), filled.ids("customers")
    lists = {
        "newest payments": ["/v1/payments?limit=10"],
        "payments after a payment": [f"/v1/payments?limit=10&starting_after={id}" for id in payments],
        "payments of a customer": [f"/v1/payments?limit=10&customer={id}" for id in customers],
        "newest refunds": ["/v1/refunds?limit=10"],
        "one payment": [f"/v1/payments/{id}" for id in payments],
    }
    return {**{asked: partial(_get, paths) for asked, paths in lists.items()}, "new payment": load.payments}


def _get(paths: list[str], address: str, seconds: float) -> load.Report:
    return load.paths(address, paths, seconds)


def _name(asked: str, payments: int) -> str:
    return f"{asked}, among {payments:>9,}"


def _plans(running: Cluster | None, filled: Filled) -> plans.Found:
    """Every list in every direction, often enough for a prepared statement to settle on its plan."""
    if running is None or filled.database is None:
        return plans.Found()
    paths = list(_pages(filled))
    with plans.explained(running, filled.database) as found, server.tillgate(filled.data, filled.database) as serves:
        for path in paths * 10:
            serves.ask(path)
    if len(found.ranges | found.wrong) < len(paths):
        found.wrong.add(f"{len(paths)} lists were asked for, {len(found.ranges | found.wrong)} plans were seen")
    return found


def _pages(filled: Filled) -> Iterator[str]:
    payment, refund = _middle(filled.ids("payments")), _middle(filled.ids("refunds"))
    customer = _middle(filled.ids("customers"))
    for path, where, id in (
        ("/v1/payments", "", payment),
        ("/v1/payments", f"&customer={customer}", payment),
        ("/v1/refunds", "", refund),
        ("/v1/refunds", f"&payment={payment}", refund),
    ):
        for direction in ("", f"&starting_after={id}", f"&ending_before={id}"):
            yield f"{path}?limit=10{where}{direction}"


def _middle(ids: list[str]) -> str:
    return ids[len(ids) // 2]


def _audited(filled: Filled) -> check.Found:
    found = check.Found()
    check.audit(filled.data, filled.database, found)
    return found
