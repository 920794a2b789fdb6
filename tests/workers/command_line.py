"""An operator at the command line, without a process: what is asked of the office, and what it answers."""

from typing import Any

import msgspec

from tillgate.assembly import Opened
from tillgate.workers import commands
from tillgate.workers.commands import Answered


async def asked(opened: Opened, command: str, **given: object) -> Answered:
    """The answer to a command, whatever it is."""
    request = msgspec.json.encode({"command": command, "given": given})
    return msgspec.json.decode(await commands.answer(opened.office, None, request), type=Answered)


async def done(opened: Opened, command: str, **given: object) -> Any:
    """What came of a command that is not refused."""
    answer = await asked(opened, command, **given)
    assert not answer.refused, answer.refused
    return msgspec.json.decode(answer.done)
