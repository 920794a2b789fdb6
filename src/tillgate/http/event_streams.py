"""Event streams: pages that are told at once what changes (server-sent events of the HTML standard).

Every event tells the whole of what a page shows. So whoever was away has missed nothing once they are back, and nothing
has to be kept for them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import TooManyStreams
from tillgate.logs import log

LOOK_SECONDS: Final = 0.2
"""How often somebody looks for everybody who waits."""

BEAT_SECONDS: Final = 15.0
"""How long a stream is silent at most: what stands between gives up on connections that are longer."""

MOST: Final = 500
"""How many are open in a process at once."""

_MEDIA_TYPE: Final = b"text/event-stream; charset=utf-8"
_OPENING: Final = b"retry: 1000\n\n"
_BEAT: Final = b":\n\n"
_NO_BUFFER: Final = (b"x-accel-buffering", b"no")

Look = Callable[[], Awaitable[str]]
"""What a page shows now."""


class Watch:
    """One pair of eyes for all who wait for a change of the same thing, open only while somebody waits.

    `version` is cheap, and gives something else than before wherever there may be something else to see.
    """

    def __init__(self, version: Callable[[], Awaitable[object]], *, look_seconds: float = LOOK_SECONDS) -> None:
        self._version = version
        self._look_seconds = look_seconds
        self._seen: object = None
        self._waiting: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def wakes(self, event: asyncio.Event) -> Iterator[None]:
        """Within it, the event is set whenever something may have changed."""
        self._waiting.add(event)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._waiting.discard(event)
            if not self._waiting and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        fails = False
        while True:
            try:
                seen = await self._version()
                fails = False
            except Exception:
                if not fails:
                    log.exception("watch_failed")
                seen, fails = self._seen, True
            if seen != self._seen:
                self._seen = seen
                for event in self._waiting:
                    event.set()
            await asyncio.sleep(self._look_seconds)


class EventStreams:
    """The streams that a process holds open, `most` at once, until their clients leave or `end` ends them all."""

    def __init__(self, *, most: int = MOST, beat_seconds: float = BEAT_SECONDS) -> None:
        self._most = most
        self._beat_seconds = beat_seconds
        self._open: set[asyncio.Event] = set()
        self._is_over = False

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def reply(self, request: Request, watch: Watch, look: Look) -> Reply:
        """What a page shows, now and whenever it is something else. Raises TooManyStreams.

        An event's data is what `look` gives, on a line of its own: JSON without line breaks.
        """
        if len(self._open) >= self._most:
            raise TooManyStreams
        stream = None if request.method == "HEAD" else lambda: self._events(watch, look)
        return Reply(200, headers=(_NO_BUFFER,), content_type=_MEDIA_TYPE, stream=stream)

    def end(self) -> None:
        """End those that are open, at once, and begin no other: their clients ask again, somewhere else."""
        self._is_over = True
        for woken in self._open:
            woken.set()

    async def _events(self, watch: Watch, look: Look) -> AsyncGenerator[bytes, None]:
        told, woken = None, asyncio.Event()
        self._open.add(woken)
        try:
            with watch.wakes(woken):
                yield _OPENING
                while not self._is_over:
                    # What changes from here on wakes, though it be while the state is looked at, or told.
                    woken.clear()
                    if (state := await look()) != told:
                        told = state
                        yield b"data: %b\n\n" % state.encode()
                    if not await self._is_woken(woken):
                        yield _BEAT
        finally:
            self._open.discard(woken)

    async def _is_woken(self, woken: asyncio.Event) -> bool:
        if self._is_over:
            return True
        try:
            async with asyncio.timeout(self._beat_seconds):
                return await woken.wait()
        except TimeoutError:
            return False
