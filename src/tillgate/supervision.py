"""Supervision: several processes are kept at work behind one, and what cannot start is not started for ever."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext
from typing import Final, TypeAlias

from tillgate import logs

Run: TypeAlias = Callable[[int, Callable[[], None]], None]
"""What one process does, by its number; it calls the second once it works, and returns when it is told to stop."""

MOST_FAILURES: Final = 5
"""So often in a row a process may end before it works, if none ever has; then there is no sense in going on."""

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 1.0
"""A process that works for less has failed as well."""


class GaveUp(Exception):
    """The processes do not start; the message says how often it was tried."""


def keep(count: int, run: Run, *, ready: Callable[[], None], ended: Callable[[int], None] = lambda pid: None) -> None:
    """Keep so many processes at work until SIGTERM or SIGINT; `ready` is called once, when the first one works.

    One that ends is replaced, after a pause that grows while it ends before it works; `ended` is told its id. To be
    called where there is no thread and no loop: processes are forked. Raises GaveUp where none ever works.
    """
    # A fork starts at once, with everything imported.
    context = multiprocessing.get_context("fork")
    with _told_to_stop() as stop:
        workers = [_Worker(context, slot, run, ended) for slot in range(count)]
        try:
            _tend(workers, stop, ready)
        finally:
            for worker in workers:
                worker.ask_to_stop()
            for worker in workers:
                worker.join()


def _tend(workers: list["_Worker"], stop: socket.socket, ready: Callable[[], None]) -> None:
    works = False
    while True:
        now = time.monotonic()
        for worker in workers:
            worker.start_if_due(now)
        pauses = [worker.due_at - now for worker in workers if worker.due_at is not None]
        events = [event for worker in workers for event in worker.events()]
        if stop in wait([stop, *events], min(pauses, default=None)):
            return
        for worker in workers:
            worker.look()
        if not works and any(worker.works for worker in workers):
            works = True
            ready()
        if not works and any(worker.failures >= MOST_FAILURES for worker in workers):
            raise GaveUp(f"the processes end before they can serve, {MOST_FAILURES} times in a row; the log says why")


class _Worker:
    """One of the processes, or the pause before its next start."""

    def __init__(self, context: ForkContext, slot: int, run: Run, ended: Callable[[int], None]) -> None:
        self._context = context
        self._slot = slot
        self._run = run
        self._tell_end = ended
        self._process: multiprocessing.context.ForkProcess | None = None
        self._told: Connection | None = None
        self._works_since: float | None = None
        self.failures = 0
        self.due_at: float | None = 0.0

    @property
    def works(self) -> bool:
        """Whether it said so."""
        return self._works_since is not None

    def events(self) -> list[Connection | int]:
        """What to wait for: its word, and its end."""
        told = [self._told] if self._told is not None else []
        return [*told, self._process.sentinel] if self._process is not None else []

    def start_if_due(self, now: float) -> None:
        """Start, unless it runs or has to pause."""
        if self.due_at is None or now < self.due_at:
            return
        self._told, tell = self._context.Pipe(duplex=False)
        self._works_since, self.due_at = None, None
        self._process = self._context.Process(target=_work, args=(self._run, self._slot, tell, os.getpid()))
        self._process.start()
        tell.close()

    def look(self) -> None:
        """See whether it works by now, or has ended."""
        if self._process is None:
            return
        if self._told is not None and self._told.poll():
            try:
                self._told.recv_bytes()
                self._works_since = time.monotonic()
            except EOFError:
                pass
            self._told.close()
            self._told = None
        if not self._process.is_alive():
            self._ended(self._process)

    def ask_to_stop(self) -> None:
        """Have it finish what it took in."""
        if self._process is not None and self._process.is_alive():
            self._process.terminate()

    def join(self) -> None:
        """Wait for its end."""
        if self._process is not None:
            self._process.join()

    def _ended(self, process: multiprocessing.context.ForkProcess) -> None:
        now = time.monotonic()
        steady = self._works_since is not None and now - self._works_since >= _STEADY_SECONDS
        self.failures = 0 if steady else self.failures + 1
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** max(0, self.failures - 1), _LONGEST_PAUSE_SECONDS)
        logs.log.error("a worker died", slot=self._slot, exit_code=process.exitcode, next_start_seconds=pause)
        if process.pid is not None:
            self._tell_end(process.pid)
        if self._told is not None:
            self._told.close()
        self._process, self._told, self._works_since = None, None, None
        self.due_at = now + pause


def _work(run: Run, slot: int, tell: Connection, parent: int) -> None:
    """One process of several. It does not outlive the one that started it, however and whenever that one dies."""

    def watch() -> None:
        while os.getppid() == parent:
            threading.Event().wait(0.2)
        os.kill(os.getpid(), signal.SIGKILL)

    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=watch, daemon=True, name="tillgate-lifeline").start()
    try:
        run(slot, lambda: tell.send_bytes(b"works"))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        logs.log.exception("a worker ends")
        sys.exit(1)


@contextmanager
def _told_to_stop() -> Iterator[socket.socket]:
    """A socket that can be read from once SIGTERM or SIGINT has come."""
    told, tell = socket.socketpair()
    tell.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    wakeup = signal.set_wakeup_fd(tell.fileno())
    try:
        yield told
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        told.close()
        tell.close()
