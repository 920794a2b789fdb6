"""Patience: waiting for what somebody else is doing, in looks that grow rarer."""

import asyncio
from typing import Final

from tillgate.core.reasons import Reason, Refused

PATIENCE_SECONDS: Final = 20.0
"""How long whoever asks is kept waiting for what somebody else is doing to the same thing."""

_FIRST_LOOK_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.25


async def pause(waited_seconds: float, field: str | None = None) -> float:
    """Wait a little before looking again; returns how long it has been in all.

    Where a field is named, patience ends: raises Refused(IN_PROGRESS) for it.
    """
    if field is not None and waited_seconds >= PATIENCE_SECONDS:
        raise Refused(Reason.IN_PROGRESS, field)
    for_seconds = min(max(waited_seconds, _FIRST_LOOK_SECONDS), _LONGEST_PAUSE_SECONDS)
    await asyncio.sleep(for_seconds)
    return waited_seconds + for_seconds
