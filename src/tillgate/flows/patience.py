"""Patience: how long whoever asks is kept waiting for what somebody else is doing to the same thing."""

import asyncio
from typing import Final

from tillgate.core.reasons import Reason, Refused

PATIENCE_SECONDS: Final = 20.0

_FIRST_LOOK_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.25


async def pause(waited_seconds: float, field: str) -> float:
    """Wait a little before looking again: how long it has been in all. Raises Refused(IN_PROGRESS) in the end."""
    if waited_seconds >= PATIENCE_SECONDS:
        raise Refused(Reason.IN_PROGRESS, field)
    for_seconds = min(max(waited_seconds, _FIRST_LOOK_SECONDS), _LONGEST_PAUSE_SECONDS)
    await asyncio.sleep(for_seconds)
    return waited_seconds + for_seconds
