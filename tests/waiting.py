"""How tests wait, and what they call quick: so that a machine that is busy with something else fails none of them."""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

LONG_SECONDS: Final = 60.0
"""What has not happened after so long never will; in this time every wait ends that something may end."""


def until(holds: Callable[[], object], what: str = "") -> None:
    """Wait for something to hold. Raises AssertionError, which says what was waited for."""
    deadline = time.monotonic() + LONG_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


async def eventually(holds: Callable[[], object], what: str = "") -> None:
    """The same, while others go on; `holds` may be async."""
    deadline = time.monotonic() + LONG_SECONDS
    while not (await found if inspect.isawaitable(found := holds()) else found):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """What is done meanwhile takes this process no longer: time of the processor, which is nobody else's."""
    before = time.process_time()
    yield
    assert time.process_time() - before < seconds
