"""Where commands are carried out: by the server of the data directory, or here, with the database open."""

import asyncio
import time
from typing import TypeVar

import msgspec

from tillgate import assembly
from tillgate.cli import options
from tillgate.settings import Settings
from tillgate.store import migrate as migrations
from tillgate.store.sqlite import InUse
from tillgate.workers import commands, control
from tillgate.workers.commands import Answered, Asked

T = TypeVar("T")

_PATIENCE_SECONDS = 5.0
"""For a server that has the database already and does not listen for commands yet."""


def ask(chosen: Settings, command: str, given: msgspec.Struct, gives: type[T]) -> T:
    """What a command gives. Where it is refused, the end with a sentence that says why."""
    raw = msgspec.Raw(msgspec.json.encode(given))
    request = msgspec.json.encode(Asked(command, raw, chosen.database))
    try:
        answer = _beside(chosen, request) or _alone(chosen, Asked(command, raw))
    except control.Lost:
        options.stop("the server went away before it answered. Look whether the command was carried out.", 1)
    except PermissionError as failure:
        options.stop(f"cannot use {chosen.data / control.SOCKET}: {failure.strerror}. Run as the server's user.")
    if answer.refused:
        options.stop(answer.refused, 1)
    return msgspec.json.decode(answer.done, type=gives)


def _beside(chosen: Settings, request: bytes) -> Answered | None:
    line = control.ask(chosen.data, request)
    answer = msgspec.json.decode(line, type=Answered) if line is not None else None
    return None if answer is None or answer.elsewhere else answer


def _alone(chosen: Settings, asked: Asked) -> Answered:
    request = msgspec.json.encode(asked)
    with options.plainly(chosen):
        migrations.check(chosen.database, chosen.data)
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return msgspec.json.decode(asyncio.run(_carried_out(chosen, request)), type=Answered)
            except InUse:
                if (answer := _beside(chosen, request)) is not None:
                    return answer
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


async def _carried_out(chosen: Settings, request: bytes) -> bytes:
    async with assembly.opened(chosen) as parts:
        return await commands.answer(parts.office, chosen.database, request)
