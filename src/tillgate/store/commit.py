"""Commit: decisions of many requests become durable together, each succeeding or failing for itself."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from tillgate import metrics
from tillgate.core.decisions import Decision
from tillgate.core.instants import Instant
from tillgate.store import batches
from tillgate.store.batches import Work
from tillgate.store.engine import CommitUnknown, Corrupt, Engine, Retry
from tillgate.store.steps import Batch

LARGEST_BATCH = 256
MOST_RUNS = 30
"""How often a batch is run again before its decisions fail; with the waits between, about half a minute."""

_LONGEST_WAIT_SECONDS = 2.0


class Unavailable(Exception):
    """The database could not be reached for a while. Lost while committing, the decision may yet be durable."""


class Committer:
    """Hands decisions to the engine in batches, as many in flight as the engine has lanes.

    Batches form by themselves: what arrives while every lane is busy goes together next. `balance_lane` keeps the
    balances of this process apart from those of others, so that no balance is a row that everybody waits for.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        wall: Callable[[], Instant],
        mint_batch: Callable[[], str],
        balance_lane: int,
    ) -> None:
        self._engine = engine
        self._wall = wall
        self._mint_batch = mint_batch
        self._balance_lane = balance_lane * engine.lanes
        self._waiting: deque[tuple[Work, asyncio.Future[None]]] = deque()
        self._touched: set[tuple[str, ...]] = set()
        self._free = list(range(engine.lanes))
        self._running: set[asyncio.Task[None]] = set()

    async def commit(self, decision: Decision) -> None:
        """Carry out a decision; on return it is durable. Its records then bear the versions that were written.

        Raises batches.Conflict where a record has moved on, batches.Taken where a claimed name is somebody else's (the
        decision is spent then: load and decide anew), engine.Corrupt on a defect, Unavailable without a database.
        """
        work = Work(decision)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        self._start()
        await done

    async def drain(self) -> None:
        """Wait until everything handed in is decided."""
        while self._running:
            await asyncio.wait(self._running)

    def _start(self) -> None:
        while self._free and self._waiting:
            chosen = self._choose()
            if not chosen:
                return
            lane = self._free.pop()
            task = asyncio.get_running_loop().create_task(self._run(lane, chosen))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _choose(self) -> list[tuple[Work, "asyncio.Future[None]"]]:
        """The next batch: in order of arrival, leaving for later what touches an object that is in flight."""
        chosen: list[tuple[Work, asyncio.Future[None]]] = []
        later: deque[tuple[Work, asyncio.Future[None]]] = deque()
        while self._waiting and len(chosen) < LARGEST_BATCH:
            waiting = self._waiting.popleft()
            touches = waiting[0].touches
            if self._touched.isdisjoint(touches):
                self._touched |= touches
                chosen.append(waiting)
            else:
                later.append(waiting)
        self._waiting.extendleft(reversed(later))
        return chosen

    async def _run(self, lane: int, chosen: list[tuple[Work, "asyncio.Future[None]"]]) -> None:
        # A tick later, so that everything that became ready together travels together.
        await asyncio.sleep(0)
        failure: Exception | None = Unavailable("the commit was interrupted")
        try:
            began = time.perf_counter()
            await self._write(lane, [work for work, _ in chosen])
            metrics.batch(len(chosen), time.perf_counter() - began)
            failure = None
        except Exception as failed:
            failure = failed
        finally:
            self._free.append(lane)
            for work, done in chosen:
                self._touched -= work.touches
                _tell(done, work.failure or failure)
            self._start()

    async def _write(self, lane: int, works: list[Work]) -> None:
        try:
            await self._until_known(lane, works)
        except Corrupt as defect:
            if len(works) == 1:
                works[0].failure = defect
                return
            for work in works:
                await self._write(lane, [work])

    def _batch(self, works: list[Work], batch_id: str, lane: int) -> Callable[[], Batch]:
        return lambda: batches.commit(works, batch_id, self._balance_lane + lane, self._wall())

    async def _until_known(self, lane: int, works: list[Work]) -> None:
        """Run the batch again while it certainly did nothing; look it up where that is not certain."""
        wait, unknown = 0.01, None
        for _ in range(MOST_RUNS):
            try:
                if unknown is not None and await self._engine.settle(lane, unknown):
                    return
                unknown = None
                batch_id = self._mint_batch()
                await self._engine.carry_out(lane, self._batch(works, batch_id, lane))
                return
            except Retry:
                metrics.batch_failed("again")
                await asyncio.sleep(wait)
            except CommitUnknown:
                metrics.batch_failed("unknown")
                unknown = batch_id
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
        metrics.batch_failed("given up")
        raise Unavailable(f"the database did not answer {MOST_RUNS} times")


def _tell(done: "asyncio.Future[None]", failure: Exception | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
        # Whoever waited may have gone; a failure that nobody fetches is no news.
        done.exception()
