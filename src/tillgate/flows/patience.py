"""Patience: waiting for what somebody else is doing, in looks that grow rarer."""

import asyncio
from typing import Final

_FIRST_LOOK_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.25


async def pause(waited_seconds: float) -> float:
    """Wait a little before looking again; returns how long it has been in all."""
    for_seconds = min(max(waited_seconds, _FIRST_LOOK_SECONDS), _LONGEST_PAUSE_SECONDS)
    await asyncio.sleep(for_seconds)
    return waited_seconds + for_seconds
