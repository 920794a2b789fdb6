"""Payment intents beside plain payments: created and confirmed by two requests, or by one."""

from contextlib import ExitStack
from pathlib import Path

from bench import cluster, load, payments, runs, server
from bench.payments import Result
from tests.postgres import Cluster

PAYMENTS = "payments"
INTENTS = "intents, created and then confirmed"
AT_ONCE = "intents, confirmed when created"

_LOADS = {PAYMENTS: load.payments, INTENTS: load.intents, AT_ONCE: load.intents_at_once}


def measure(running: Cluster, folder: Path, *, rounds: int, seconds: float) -> Result:
    """Payments that succeed in a second, by each way, on PostgreSQL with one process; then their books."""
    with ExitStack() as databases:
        books = {name: payments.books_of(name, databases, running, folder) for name in _LOADS}
        postmaster = cluster.process(running)
        with ExitStack() as serving:
            contenders = {}
            for name, kept in books.items():
                served = serving.enter_context(server.tillgate(kept.data, kept.database))
                ask = payments.noting(_LOADS[name], kept.acknowledged)
                contenders[name] = runs.of_server(served, ask, postmaster, paid=True)
            taken = runs.interleaved(contenders, rounds, seconds, warm_up_seconds=2)
        return Result(taken, {}, {name: payments.checked(kept) for name, kept in books.items()})
