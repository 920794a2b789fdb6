"""Deliveries on their way: as many at once as each endpoint has room for, so that none takes another's."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tillgate import logs
from tillgate.core.deliveries import DEADLINE_SECONDS
from tillgate.core.instants import SECOND, Duration, Instant
from tillgate.flows import deliveries, webhook_faults
from tillgate.flows.deliveries import Courier, Result
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.store import deliveries as kept
from tillgate.store import leases, outbox
from tillgate.store.deliveries import Taken
from tillgate.store.engine import Retry

MOST_IN_ALL = 512
"""How many posts one process has under way."""

MOST_AT_AN_ENDPOINT = 64
FIRST_AT_AN_ENDPOINT = 8
"""How many at one endpoint: the first few, more with each that is answered, half of it with each that is not."""

_MOST_ENDPOINTS = 10_000
_IDLE_SECONDS = 0.2
_PAUSE_SECONDS = 0.02
"""Between two rounds, so that what becomes ready together travels together."""

_FAN_OUT = "fan-out"
_FAN_OUT_LEASE: Duration = 5 * SECOND
"""How long one process turns events into deliveries before another may: that two do is but double work."""

_log = logs.log


class _Room:
    """How much may be under way at one endpoint, by how it has been answering."""

    __slots__ = ("most", "taken")

    def __init__(self) -> None:
        self.most = FIRST_AT_AN_ENDPOINT
        self.taken = 0

    def release(self, answered: bool) -> None:
        """One is back. What is answered, well or not, takes little room for long."""
        self.taken -= 1
        self.most = min(self.most + 1, MOST_AT_AN_ENDPOINT) if answered else max(self.most // 2, 1)


class Deliverer:
    """Takes what is due, posts it, and writes down what came of it, in rounds."""

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory
        self._name = gateway.ids.new("wrk", gateway.clock.wall())
        self._rooms: defaultdict[str, _Room] = defaultdict(_Room)
        self._posting: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._fans_out_until: Instant = 0
        self._news = asyncio.Event()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver; on leaving, finish what is being posted, and write it down."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._stopping = True
            self._news.set()
            await task

    async def fan_out(self) -> int:
        """Turn what was announced into deliveries, unless another process is at it; how many events went."""
        wall = self._gateway.clock.wall()
        if wall >= self._fans_out_until - _FAN_OUT_LEASE // 2:
            store, until = self._gateway.store, wall + _FAN_OUT_LEASE
            if not await outbox.first(store, 1) or not await leases.take(store, _FAN_OUT, self._name, wall, until):
                return 0
            self._fans_out_until = until
        count = await deliveries.fan_out(self._gateway, self._directory)
        if count:
            self._news.set()
        return count

    async def round(self) -> int:
        """Write down what came back, then take and start what there is room for; how much that was in all."""
        concluded = await self._conclude()
        return concluded + await self._start()

    async def settle(self) -> None:
        """Wait for what is being posted, and write down what became of it."""
        if self._posting:
            await asyncio.wait(self._posting, timeout=DEADLINE_SECONDS + 1)
        for task in self._posting:
            task.cancel()
        await self._conclude()

    async def _run(self) -> None:
        while not self._stopping:
            moved = 0
            self._news.clear()
            try:
                moved = await self.round()
            except Exception:
                _log.exception("a round of deliveries failed")
            if not moved:
                await self._nap()
            await asyncio.sleep(_PAUSE_SECONDS)
        try:
            await self.settle()
        except Exception:
            # The leases run out, and what was sent is sent again.
            _log.exception("the last deliveries could not be written down")

    async def _nap(self) -> None:
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    async def _start(self) -> int:
        """Each endpoint gets a part of what is free, so that there is some left for the next."""
        started = 0
        now = self._gateway.clock.wall()
        for ready in await kept.ready(self._gateway.store, now, _MOST_ENDPOINTS):
            room = self._rooms[ready.endpoint]
            free = MOST_IN_ALL - len(self._posting)
            most = min(room.most - room.taken, free // 4)
            if most < 1:
                continue
            courier = await deliveries.courier(self._gateway, self._directory, ready)
            if courier is None:
                continue
            for taken in await kept.take(self._gateway.store, ready.endpoint, now, most):
                self._post(courier, taken, room)
                started += 1
        return started

    def _post(self, courier: Courier, taken: Taken, room: _Room) -> None:
        room.taken += 1
        task = asyncio.get_running_loop().create_task(self._carry(courier, taken, room))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _carry(self, courier: Courier, taken: Taken, room: _Room) -> None:
        answered = False
        try:
            results = await webhook_faults.post(self._gateway, courier, taken)
            self._results += results
            answered = all(result.made.status is not None for result in results)
        except Exception:
            _log.exception("a delivery failed", delivery_of=taken.delivery.event)
        finally:
            room.release(answered)
            self._news.set()

    async def _conclude(self) -> int:
        results, self._results = self._results, []
        if not results:
            return 0
        try:
            await deliveries.conclude(self._gateway, results)
        except Retry:
            self._results = results + self._results
        return len(results)
