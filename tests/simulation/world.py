"""The world: a bank and a database that survive, processes that do not, and the time in which it all happens."""

import asyncio
import contextvars
import hashlib
import math
import sqlite3
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from tests.simulation.chance import Chance
from tests.simulation.loop import OWNER, Loop
from tests.simulation.process import BANK, NOTICE_KEY, REQUEST, Down, Killed, Process
from tillgate import logs
from tillgate.connectors import phone
from tillgate.connectors.contract import BankNotice
from tillgate.core.instants import SECOND
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.phone_bank import PhoneBank
from tillgate.sandbox.register import Register
from tillgate.store.commit import Unavailable
from tillgate.store.database import SQLITE_FILE
from tillgate.store.engine import CommitUnknown, Point, Retry
from tillgate.store.sqlite import Sqlite
from tillgate.transport.egress import Posted


class Violated(Exception):
    """Something came out that must never come out."""


class World:
    """One world, from its seed.

    A `hasty` one ends with the first violation, a `loud` one prints what happens. Where there is a `listener`, it takes
    what merchants are told.
    """

    def __init__(
        self,
        seed: int,
        template: bytes,
        data: Path,
        *,
        storm: Mapping[str, float],
        most_steps: int,
        hasty: bool,
        loud: bool,
    ) -> None:
        self.seed = seed
        self.data = data
        self.chance = Chance(seed, storm)
        self.loop = Loop(f"{seed}/order", most_steps)
        self.loop.set_exception_handler(self._unhandled)
        self.random = self.chance.stream("world")
        self.lanes = self.random.choice((1, 2))
        self.violations: list[str] = []
        self.sent: Counter[str] = Counter()
        self.database_is_down = False
        self.excused: set[str] = set()
        self._trace = hashlib.sha256()
        self._hasty = hasty
        self._loud = loud
        self._lives = 0
        self._tasks: dict[asyncio.Task[Any], None] = {}
        (data / SQLITE_FILE).write_bytes(template)
        self.engine = self._engine()
        self._onlooker = sqlite3.connect(data / SQLITE_FILE, isolation_level=None)
        self.bank = Bank(
            Register.in_memory(),
            clock=self.loop.wall,
            notice_key=NOTICE_KEY,
            faults=self.chance.bank_faults(),
            on_notification=self._notified,
        )
        self.phones = PhoneBank(None, clock=self.loop.wall, notice_key=NOTICE_KEY)
        self.phones.on_notification = self._told_by_phone
        self.listener: Callable[[str, bytes, Mapping[str, str]], Posted] | None = None
        self.processes: list[Process] = []
        self._at_the_bank: asyncio.Task[int] | None = None

    @property
    def trace(self) -> str:
        """What happened, in order, as a digest."""
        self._trace.update(f"{self.loop.steps} {self.loop.time()}".encode())
        return self._trace.hexdigest()

    def note(self, *what: object) -> None:
        """Write down what happens."""
        line = f"{self.loop.time():.6f} {' '.join(map(str, what))}"
        self._trace.update(line.encode())
        if self._loud:
            print(line)

    def violated(self, what: str) -> None:
        """Note that something came out that must not."""
        self.note("VIOLATED", what)
        self.violations.append(f"seed {self.seed}, {self.loop.time():.6f} s: {what}")
        if self._hasty and len(self.violations) == 1:
            self.loop.interruption = Violated()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something that belongs to no process."""
        task = self.loop.create_task(work, context=contextvars.Context())
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    async def watched(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do something of which only the death of its process may keep it."""
        try:
            await work()
        except (Down, Unavailable):
            return
        except Exception as error:
            self.violated(f"{type(error).__name__}: {error}")
            if self._loud:
                sys.excepthook(*sys.exc_info())

    async def begin(self, processes: int) -> None:
        """Start the processes."""
        for slot in range(processes):
            await self._start(slot)

    def anyone(self) -> Process | None:
        """A process that takes requests, if there is one."""
        ready = [process for process in self.processes if process.ready and not process.paused]
        return self.random.choice(ready) if ready else None

    def bury(self, process: Process) -> None:
        """See to it that another takes the place of a dead process."""
        self.note(process.name, "is dead")
        self.processes.remove(process)
        self.spawn(self._replace(process))

    async def pass_time(self, seconds: float, *, pace: float, thoroughly: bool = False) -> None:
        """Let time pass, with the processes doing what is due when it is, or every `pace` seconds."""
        end = self.loop.time() + seconds
        while (left := end - self.loop.time()) > 0:
            soon = self.random.uniform(0.3, 1.2)
            step = min(left, max(soon, self._due_in_seconds()), pace * self.random.uniform(0.5, 1.5))
            await asyncio.sleep(step)
            self.tick(min(step, 5.0), thoroughly=thoroughly)

    def tick(self, seconds: float, *, thoroughly: bool) -> None:
        """Every process does what is due, unless something happens to it."""
        if not self.database_is_down and self.chance.strikes_within("database outage", seconds):
            self.spawn(self._outage())
        if self._at_the_bank is None or self._at_the_bank.done():
            self._at_the_bank = self.spawn(self.bank.look_after_disputes())
        for process in list(self.processes):
            if self.chance.strikes_within("crash at any time", seconds):
                process.kill()
            elif not process.paused and self.chance.strikes_within("pause", seconds):
                self.spawn(self._pause(process))
            else:
                process.keep_time(thoroughly)

    @contextmanager
    def living(self) -> Iterator[None]:
        """Listen to what the program logs; clean up afterwards."""
        # Whoever logs more has more to do in the loop, and that would be another world.
        logs.configure("warning")
        processors = structlog.get_config()["processors"]
        before = list(processors)
        processors[:] = [self._listen]
        try:
            yield
        finally:
            processors[:] = before

    async def end(self) -> None:
        """Let go of everything."""
        self.chance.calm = True
        for process in list(self.processes):
            self.processes.remove(process)
            process.alive = False
            for task in list(process.tasks):
                task.cancel()
            self.loop.resume(process)
        self.bank.stop()
        self.phones.close()
        for task in list(self._tasks):
            task.cancel()
        self._onlooker.close()
        await self.engine.close()

    async def _start(self, slot: int) -> None:
        if self._lives and not self.processes:
            # Nobody is left who had the database open.
            await self.engine.close()
            self.engine = self._engine()
        self._lives += 1
        process = Process(self, slot, self._lives)
        self.processes.append(process)
        await asyncio.wait([process.spawn(self.watched(process.start))])
        if not process.ready:
            process.kill()

    def _due_in_seconds(self) -> float:
        (due_at,) = self._onlooker.execute("select min(due_at) from timers").fetchone()
        return math.inf if due_at is None else (due_at - self.loop.wall()) / SECOND

    async def _replace(self, process: Process) -> None:
        await asyncio.sleep(self.random.choice((0.1, 1.0, 10.0, 90.0)) * self.random.random())
        await self._start(process.slot)

    async def _pause(self, process: Process) -> None:
        process.paused = True
        self.note(process.name, "pauses")
        await asyncio.sleep(self.random.choice((1.0, 20.0, 70.0)) * self.random.random())
        if process.paused:
            self.loop.resume(process)

    async def _outage(self) -> None:
        self.database_is_down = True
        self.note("the database is down")
        await asyncio.sleep(self.random.choice((5.0, 60.0, 180.0)) * self.random.random())
        self.database_is_down = False
        self.note("the database is up")

    def _engine(self) -> Sqlite:
        return Sqlite(self.data / SQLITE_FILE, strike=self._strike, in_line=True, synchronous="off")

    def _strike(self, point: Point) -> None:
        process = OWNER.get()
        if not isinstance(process, Process):
            return
        process.crash(point.value.replace("_", " "))
        if point is Point.AFTER_COMMIT:
            if self.chance.strikes("commit unknown, committed"):
                raise CommitUnknown
        elif point is Point.BEFORE_COMMIT and self.chance.strikes("commit unknown, rolled back"):
            raise CommitUnknown
        elif self.chance.strikes("transaction to be run again"):
            raise Retry

    async def _notified(self, notice: BankNotice) -> None:
        """The bank's notices find their way to somebody, or do not; of some it cares whether they were taken.

        Raises ConnectionResetError where one that concerns a dispute was not.
        """
        taken = not self.chance.strikes("notice lost") and await self._carried(BANK, notice)
        if not taken and b'"dispute":' in notice.body:
            raise ConnectionResetError

    async def _told_by_phone(self, notice: BankNotice) -> None:
        if not self.chance.strikes("notice lost"):
            await self._carried(phone.NAME, notice)

    async def _carried(self, bank: str, notice: BankNotice) -> bool:
        taken = 0

        async def take(process: Process) -> None:
            nonlocal taken
            await process.take_notice(bank, notice)
            taken += 1

        for _ in range(2 if self.chance.strikes("notice twice") else 1):
            if self.chance.strikes("notice late"):
                await asyncio.sleep(self.random.uniform(0, 100))
            process = self.anyone()
            if process is not None:
                await asyncio.wait([process.spawn(self.watched(partial(take, process)))])
        return taken > 0

    def _listen(self, logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
        owner, error = OWNER.get(), sys.exc_info()[1]
        if method not in ("error", "critical") or (isinstance(owner, Process) and not owner.alive):
            raise structlog.DropEvent
        if isinstance(error, (Down, Unavailable)):
            self.excused.add(REQUEST.get())
            raise structlog.DropEvent
        self.violated(f"{event} {type(error).__name__}: {error}")
        if self._loud and error is not None:
            sys.excepthook(*sys.exc_info())
        raise structlog.DropEvent

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, (Killed, ConnectionResetError)):
            return
        self.violated(f"{context['message']}: {type(error).__name__} {error}")
