"""Passwords: hashed with argon2id (RFC 9106), a few at a time, and never in the loop."""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

_MEMORY_KIB: Final = 19_456
_PASSES: Final = 2
_LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32

AT_ONCE: Final = 2
"""How many are hashed at once in a process: the others wait, so that 40 MiB and two cores are the most it takes."""

MOST_WAITING: Final = 64
"""How many may wait; whoever comes then is told to come again."""


class Busy(Exception):
    """Too many passwords are waiting to be looked at."""


class Passwords:
    """Hashes new passwords, and looks at those that are given. `random(n)` returns n random bytes."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._hasher = PasswordHasher(
            _PASSES, _MEMORY_KIB, _LANES, _HASH_BYTES, _SALT_BYTES, type=Type.ID, encoding="utf-8"
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept of a password: it says how it was made. Raises Busy."""
        salt = self._random(_SALT_BYTES)
        return await self._apart(lambda: self._hasher.hash(password, salt=salt))

    async def matches(self, kept: str, password: str) -> bool:
        """Whether a password is the one of which this is kept; nothing is kept where nobody has one.

        It takes as long for nobody's as for somebody's. Raises Busy.
        """
        return await self._apart(lambda: self._verified(kept or _NOBODYS, password)) and bool(kept)

    def is_dated(self, kept: str) -> bool:
        """Whether it was made with other parameters than those that are in use."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _plain(size: int) -> str:
    return base64.b64encode(bytes(size)).decode().rstrip("=")


_NOBODYS: Final = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${_plain(_SALT_BYTES)}${_plain(_HASH_BYTES)}"
"""A hash that no password is known to have, for those who do not exist."""
