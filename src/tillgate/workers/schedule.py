"""The schedule: what runs how often, in one table, for as long as the process serves."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec

from tillgate import logs, metrics
from tillgate.flows import clocks, mails, retention
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.mails import Post
from tillgate.vault.data_keys import DataKeys
from tillgate.workers import timers
from tillgate.workers.deliveries import Deliverer

CLOCKS_LEARNED_SECONDS = 0.4
"""How long after a merchant's clock was moved in another process it is at most until that is known here."""

KEYS_LEARNED_SECONDS = 1.0
"""How long after a rotation in another process it is felt here."""

_NAP_SECONDS = 0.05

_log = logs.log


class Job(msgspec.Struct, frozen=True):
    """Something done again and again. `work` says how much there was; while there is, a next round follows at once."""

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[int]]


def jobs(
    gateway: Gateway, directory: Directory, deliverer: Deliverer, data_keys: DataKeys, post: Post
) -> tuple[Job, ...]:
    """Everything that happens by itself."""

    async def turn_over() -> int:
        await data_keys.turn_over(gateway.clock.wall())
        return 0

    async def learn_keys() -> int:
        await data_keys.load()
        return 0

    async def measure_lag() -> int:
        began = time.perf_counter()
        await asyncio.sleep(_NAP_SECONDS)
        metrics.loop_lag(max(0.0, time.perf_counter() - began - _NAP_SECONDS))
        return 0

    return (
        Job("lag of the event loop", 1.0, measure_lag),
        Job("timers", 0.5, lambda: timers.run_due(gateway, directory)),
        Job("learning of clocks", CLOCKS_LEARNED_SECONDS, lambda: clocks.learn(gateway)),
        Job("fan-out", 0.1, deliverer.fan_out),
        Job("mails", 1.0, lambda: mails.send_due(gateway, directory, post)),
        Job("erasure of cards", 30.0, lambda: retention.erase_cards(gateway)),
        Job("pruning", 300.0, lambda: retention.prune(gateway)),
        Job("turning data keys over", 3600.0, turn_over),
        Job("learning of data keys", KEYS_LEARNED_SECONDS, learn_keys),
    )


@asynccontextmanager
async def running(jobs: tuple[Job, ...]) -> AsyncIterator[None]:
    """Run the jobs; on leaving, let what is under way finish, a few seconds at most."""
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(_run(job, stopping)) for job in jobs]
    try:
        yield
    finally:
        stopping.set()
        _, late = await asyncio.wait(tasks, timeout=10)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def _run(job: Job, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        found = 0
        try:
            found = await job.work()
        except Exception:
            _log.exception("a job failed", job=job.name)
        if found:
            await asyncio.sleep(0.05)
            continue
        try:
            async with asyncio.timeout(job.every_seconds):
                await stopping.wait()
        except TimeoutError:
            continue
