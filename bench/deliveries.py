"""Deliveries: how many one worker process makes, whether fan-out keeps up, and what payments pay for being told of."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import msgspec

from bench import cluster, load, processes, runs, server
from bench.runs import Run
from bench.server import Server
from tests.postgres import Cluster
from tests.workers import outside
from tillgate.clock import ManualClock, SystemClock

TOLD = "payments, told to an endpoint"
UNTOLD = "payments, told to nobody"
PATIENCE_SECONDS = 300


class Alone(msgspec.Struct, frozen=True):
    """One worker by itself: deliveries a second, its start included, and the microseconds of CPU that each took it."""

    per_second: float
    cpu: int


class Result(msgspec.Struct, frozen=True):
    """What was measured: one worker alone, by database; the payments' runs; what came after a burst.

    `events` were announced by the payments of the last run, `behind` of them were not delivered when it ended, and
    `caught_up_seconds` later all were.
    """

    alone: dict[str, Alone]
    runs: dict[str, list[Run]]
    events: int
    behind: int
    caught_up_seconds: float


def measure(running: Cluster, folder: Path, *, rounds: int, seconds: float) -> Result:
    """One worker on what a burst of payments left behind; then payments with and without an endpoint, in turns."""
    alone = {engine: _alone(running, folder / engine, engine, seconds) for engine in ("PostgreSQL", "SQLite")}
    with ExitStack() as stack:
        postmaster = cluster.process(running)
        receiver = stack.enter_context(receiving(folder))
        contenders = {}
        for name in (UNTOLD, TOLD):
            database = stack.enter_context(running.fresh())
            serves = stack.enter_context(server.tillgate(folder / name.replace(" ", "-"), database))
            if name == TOLD:
                subscribe(serves, receiver)
            contenders[name] = runs.of_server(serves, load.payments, postmaster)
        taken = runs.interleaved(contenders, rounds, seconds, warm_up_seconds=2)
        before = _until_quiet(receiver)
        burst = load.payments(serves.address, seconds)
        behind = 2 * len(burst.acknowledged) - (count(receiver) - before)
        began = time.perf_counter()
        _until(receiver, before + 2 * len(burst.acknowledged))
        return Result(alone, taken, 2 * len(burst.acknowledged), behind, time.perf_counter() - began)


def _alone(running: Cluster, data: Path, engine: str, seconds: float) -> Alone:
    """Events are announced while nobody works; then one worker starts, and its start is counted in."""
    with ExitStack() as stack:
        database = stack.enter_context(running.fresh()) if engine == "PostgreSQL" else None
        receiver = stack.enter_context(receiving(data.parent))
        with server.tillgate(data, database) as serves:
            subscribe(serves, receiver)
        events = _announced(data, database, seconds)
        with server.working(data, database) as worker:
            began = time.perf_counter()
            _until(receiver, events)
            took = time.perf_counter() - began
            cpu = processes.cpu_seconds(worker.process)
    return Alone(events / took, round(cpu / events * 1e6))


def _announced(data: Path, database: str | None, seconds: float) -> int:
    """Events in the outbox that nobody has looked at: as many as a worker takes some seconds for."""
    count = round(seconds * 1_500)

    async def announce() -> None:
        async with outside.opened(data, database, ManualClock(SystemClock().wall())) as world:
            names = [(f"cus_{number // 2}", number % 2 + 1) for number in range(count)]
            for first in range(0, count, 200):
                await world.announce(*names[first : first + 200])

    asyncio.run(announce())
    return count


@contextmanager
def receiving(folder: Path) -> Iterator[Server]:
    """A receiver as a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with server.running([sys.executable, "-m", "bench.receiver"], folder / "receiver.log") as serves:
        yield serves


def subscribe(serves: Server, receiver: Server) -> None:
    """Have Demo Shop told of everything."""
    serves.ask("/v1/webhook_endpoints", {"url": receiver.address + "/hook"}, "subscribe")


def count(receiver: Server) -> int:
    """How many deliveries have come in."""
    with urlopen(receiver.address) as answer:  # noqa: S310 — it is our own receiver
        return int(answer.read())


def _until(receiver: Server, told: int) -> None:
    """Until so many came in. Raises TimeoutError."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (now := count(receiver)) < told:
        if time.monotonic() > until:
            raise TimeoutError(f"{now} of {told} deliveries came in")
        time.sleep(0.02)


def _until_quiet(receiver: Server) -> int:
    """Until no more come in; how many there were."""
    before = -1
    while (now := count(receiver)) != before:
        before = now
        time.sleep(1)
    return now
