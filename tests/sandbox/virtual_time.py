"""An event loop on which time passes only while everybody waits, so that half a minute takes no time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

from tests.connectors.questions import NOON
from tillgate.core.instants import SECOND, Instant

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Where the loop would sleep, it lets the time pass instead."""

    passed_seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nothing will ever happen"
            self.passed_seconds += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, that starts at noon."""

    def __init__(self) -> None:
        self._waits = _Selector()
        self.at_its_end = ExitStack()
        super().__init__(self._waits)

    def close(self) -> None:
        self.at_its_end.close()
        super().close()

    def time(self) -> float:
        return self._waits.passed_seconds

    def wall(self) -> Instant:
        """Wall time in this loop's world."""
        return NOON + round(self.time() * SECOND)


def wall() -> Instant:
    """Wall time in the world of the running loop."""
    return _loop().wall()


def at_its_end(close: Callable[[], None]) -> None:
    """Call this when the world of the running loop ends, in the thread in which it ran."""
    _loop().at_its_end.callback(close)


def _loop() -> Loop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    return loop


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a new world."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)
