"""Errands: what somebody of a world has done by whichever process there is, and what comes of it where that dies."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tests.simulation.asking import Asked, Reply, read, scope
from tests.simulation.process import Down, Killed
from tests.simulation.world import World
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.reasons import Refused
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store.commit import Unavailable


class Errands:
    """Done for Demo Shop, on a surface; each has a number of its own, by which its request is known."""

    def __init__(self, world: World, name: str, surface: str) -> None:
        self._world = world
        self._name = name
        self._surface = surface
        self.count = 0

    async def do(self, work: Callable[[Gateway, Caller], Awaitable[Any]]) -> Any:
        """What came of it; None where it was refused, or its process died."""
        process = self._world.anyone()
        if process is None:
            return None
        caller = Caller(DEMO_SHOP, f"key_{self._name}", self._surface, self._request_id())

        async def done() -> Any:
            try:
                return await work(process.gateway, caller)
            except Refused as refused:
                self._world.chance.happened[f"refused: {refused.reason.value}"] += 1
                return None
            except (Down, Unavailable, Killed):
                return None
            except Exception as error:
                if process.alive:
                    self._world.violated(f"{caller.request_id}: {type(error).__name__}: {error}")
                return None

        task = process.spawn(done())
        await asyncio.wait([task])
        return None if task.cancelled() or task.exception() else task.result()

    async def ask(
        self, token: str, method: str, path: str, given: dict[str, Any] | None = None, key: str | None = None
    ) -> Reply | None:
        """The answer over one connection; None where there was none."""
        process = self._world.anyone()
        if process is None:
            return None
        request_id = self._request_id()
        body = b"" if given is None else msgspec.json.encode(given)
        asked = Asked(request_id, token, method, path, body, key, self._world.loop.time())
        self._world.note(request_id, method, path, given or "", "at", process.name)
        try:
            start, *rest = await process.connect(scope(asked), body, request_id)
        except ConnectionResetError:
            return None
        reply = read(start, rest)
        self._world.note(request_id, reply.status, reply.body)
        if reply.status >= 500 and request_id not in self._world.excused:
            self._world.violated(f"{method} {path} is answered {reply.status}")
        self._world.chance.happened[f"{method}: {reply.status}"] += 1
        return reply

    def _request_id(self) -> str:
        self.count += 1
        return f"req_{self._name}{self.count}_1"
