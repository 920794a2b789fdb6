"""An event loop of a world of its own: no threads, no sockets, and time that passes only while everybody waits.

What is ready runs in an order that the seed decides, so that one seed is one course of events. Tasks belong to owners
(the processes of the world), which can be paused as an operating system pauses a process.
"""

import asyncio
import contextlib
import heapq
import random
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from typing import Any, TypeVar

from tillgate.core.instants import SECOND, Instant

T = TypeVar("T")

NEW_YEAR: Instant = 1_767_225_600_000_000
"""When every world begins: 2026-01-01T00:00:00Z."""


class Standstill(Exception):
    """Everybody waits, and nothing will ever happen."""


class Restless(Exception):
    """So many steps, and still it does not come to an end."""


class Owner:
    """Whom tasks belong to. While it is paused nothing of it runs, and time passes all the same."""

    def __init__(self) -> None:
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.paused = False
        self.missed: list[asyncio.Handle] = []


OWNER: ContextVar[Owner | None] = ContextVar("OWNER", default=None)
"""Who runs just now; nobody where it is the world around the processes."""


class Loop(asyncio.BaseEventLoop):
    """Runs one ready callback after the other, each drawn from all that are ready."""

    # What asyncio keeps for itself, and every loop has to work with.
    _ready: Any
    _scheduled: list[Any]

    def __init__(self, seed: str, most_steps: int) -> None:
        super().__init__()
        self.steps = 0
        self.interruptible = True
        self.interruption: Exception | None = None
        self._most_steps = most_steps
        self._seconds = 0.0
        self._random = random.Random(seed)
        self.set_task_factory(_owned)

    def time(self) -> float:
        """Seconds since the world began."""
        return self._seconds

    def wall(self) -> Instant:
        """Wall time in this world."""
        return NEW_YEAR + round(self._seconds * SECOND)

    def resume(self, owner: Owner) -> None:
        """Let a paused owner run on, with everything at once that it missed."""
        owner.paused = False
        self._ready.extend(owner.missed)
        owner.missed.clear()

    def _run_once(self) -> None:
        if self.steps >= self._most_steps:
            self.interruption = Restless()
        if self.interruption is not None and self.interruptible:
            raise self.interruption
        self._fall_due()
        if not self._ready:
            if not self._scheduled:
                raise Standstill
            self._seconds = max(self._seconds, self._scheduled[0].when())
            self._fall_due()
        ready = self._ready
        place = self._random.randrange(len(ready))
        ready[place], ready[-1] = ready[-1], ready[place]
        handle = ready.pop()
        if handle.cancelled():
            return
        owner = handle._context.get(OWNER)
        if owner is not None and owner.paused:
            owner.missed.append(handle)
            return
        self.steps += 1
        handle._run()

    def _fall_due(self) -> None:
        scheduled = self._scheduled
        while scheduled and (scheduled[0].cancelled() or scheduled[0].when() <= self._seconds):
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            if not handle.cancelled():
                self._ready.append(handle)

    def _timer_handle_cancelled(self, handle: object) -> None:
        """Nothing: what was canceled is passed over when its time comes."""


def _owned(loop: asyncio.AbstractEventLoop, coroutine: Any, *, context: Context | None = None) -> asyncio.Task[Any]:
    """A task, known to whom it belongs to for as long as it runs."""
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, context=context)
    owner = context.get(OWNER) if context is not None else OWNER.get()
    if owner is not None:
        owner.tasks[task] = None
        task.add_done_callback(lambda done: owner.tasks.pop(done, None))
    return task


def run(loop: Loop, main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or to an interruption, and end everything that still goes on."""
    try:
        return loop.run_until_complete(main)
    finally:
        loop.interruptible = False
        try:
            while left := asyncio.all_tasks(loop):
                for task in left:
                    task.cancel()
                # After an interruption, what would have ended the run may still be in the queue.
                with contextlib.suppress(RuntimeError):
                    loop.run_until_complete(asyncio.wait(left))
        finally:
            loop.close()
