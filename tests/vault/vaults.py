"""What the tests of the vault are made of: keys in memory, and randomness that repeats."""

import hashlib
import itertools
from collections.abc import Callable

import anyio.lowlevel

from tillgate.core.instants import DAY
from tillgate.vault.data_keys import SEALING as EVERY_PURPOSE
from tillgate.vault.data_keys import DataKey, DataKeys
from tillgate.vault.envelope import Envelope
from tillgate.vault.key_encryption import KeyEncryptionKey

SEALING = EVERY_PURPOSE
WALL = 20_000 * DAY
SECRET = bytes(range(32))
KEK = KeyEncryptionKey(SECRET, comes_from_outside=True)


class KeysInMemory:
    """A store of data keys; other tasks run between a question to it and the answer."""

    def __init__(self) -> None:
        self.keys: dict[int, DataKey] = {}
        self.loads = 0

    async def load(self) -> list[DataKey]:
        self.loads += 1
        found = list(reversed(self.keys.values()))
        await anyio.lowlevel.checkpoint()
        return found

    async def add(self, key: DataKey) -> DataKey:
        await anyio.lowlevel.checkpoint()
        return self.keys.setdefault(key.id, key)

    async def replace(self, was: DataKey, now: DataKey) -> None:
        await anyio.lowlevel.checkpoint()
        if self.keys.get(was.id) == was:
            self.keys[was.id] = now

    async def remove(self, key: DataKey) -> None:
        await anyio.lowlevel.checkpoint()
        self.keys.pop(key.id, None)


def seeded(seed: int) -> Callable[[int], bytes]:
    """A source of bytes that is the same for the same seed."""
    blocks = itertools.count()
    return lambda size: hashlib.shake_256(f"{seed}:{next(blocks)}".encode()).digest(size)


async def opened(
    store: KeysInMemory | None = None, kek: KeyEncryptionKey = KEK, seed: int = 0, wall: int = WALL
) -> DataKeys:
    """The data keys of a process that has just started."""
    keys = DataKeys(store or KeysInMemory(), kek, seeded(seed))
    await keys.turn_over(wall)
    return keys


async def envelope(seed: int = 0) -> Envelope:
    """An envelope with keys of its own."""
    return Envelope(await opened(seed=seed))
