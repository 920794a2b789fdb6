"""Rate limits: how many requests somebody may make in a minute, counted together by all processes of a host."""

import fcntl
import hashlib
import ipaddress
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from tillgate.core.instants import MINUTE, SECOND, Instant
from tillgate.http.exchange import Request, Window
from tillgate.http.problems import TooManyRequests

_SLOT: Final = struct.Struct("<16sqq")
_SLOTS: Final = 8
_GROUP_BYTES: Final = _SLOT.size * _SLOTS
_GROUPS: Final = 1_024
_IPV6_NETWORK: Final = 64

Wall = Callable[[], Instant]


class Counts:
    """Counts of the current minute by name, in a file that any number of processes share.

    A name's digest leads to a group of 8 slots, each a digest, a minute and a count, all of which are read and written
    under a lock on the group's bytes. The kernel takes the lock back from a process that dies. Of more than 8 busy
    names in a group, the one with the least count is forgotten.
    """

    def __init__(self, path: Path, wall: Wall) -> None:
        self._path = path
        self._wall = wall
        self._file = -1
        self._slots: mmap.mmap | None = None

    def add(self, name: str) -> tuple[int, int]:
        """Count one more: how many that makes in this minute, and which minute since 1970 it is."""
        slots = self._slots or self._open()
        digest, group = _place(name)
        with self._locked(group):
            # Read under the lock, the minute never runs backwards from one process to the next.
            minute = self._wall() // MINUTE
            at, before = _find(slots, group, digest, minute)
            _SLOT.pack_into(slots, at, digest, minute, before + 1)
        return before + 1, minute

    def close(self) -> None:
        """Let go of the file. It is opened again where it is needed."""
        if self._slots is not None:
            self._slots.close()
            os.close(self._file)
            self._slots = None

    def _open(self) -> mmap.mmap:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < _GROUPS * _GROUP_BYTES:
            os.ftruncate(self._file, _GROUPS * _GROUP_BYTES)
        self._slots = mmap.mmap(self._file, _GROUPS * _GROUP_BYTES)
        return self._slots

    @contextmanager
    def _locked(self, group: int) -> Iterator[None]:
        fcntl.lockf(self._file, fcntl.LOCK_EX, _GROUP_BYTES, group)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _GROUP_BYTES, group)


class Limits:
    """Holds callers to their limits. `strangers` is that of an address without a valid credential, if there is one."""

    def __init__(self, directory: Path, wall: Wall, strangers: int | None) -> None:
        self._callers = Counts(directory / "callers", wall)
        self._addresses = Counts(directory / "addresses", wall)
        self._wall = wall
        self._strangers = strangers

    def count(self, request: Request, whose: str, most: int | None) -> None:
        """Count a request of somebody who may make `most` in a minute, or any number. Raises TooManyRequests."""
        self._count(self._callers, request, whose, most)

    def count_stranger(self, request: Request) -> None:
        """Count a request of nobody that we know, by the network that it comes from. Raises TooManyRequests.

        What callers with a valid credential ask from the same address is not counted here, nor held up.
        """
        self._count(self._addresses, request, network(request.client), self._strangers)

    def close(self) -> None:
        """Let go of the files."""
        self._callers.close()
        self._addresses.close()

    def _count(self, counts: Counts, request: Request, name: str, most: int | None) -> None:
        if most is None:
            return
        made, minute = counts.add(name)
        resets = (minute + 1) * MINUTE
        request.window = Window(most, max(most - made, 0), resets // SECOND)
        if made > most:
            raise TooManyRequests(max(-(-(resets - self._wall()) // SECOND), 1))


def _find(slots: mmap.mmap, group: int, digest: bytes, minute: int) -> tuple[int, int]:
    """Where in a group a name is counted, or is to be from now on, and how far it has come in this minute."""
    least, free = None, group
    for at in range(group, group + _GROUP_BYTES, _SLOT.size):
        name, of, count = _SLOT.unpack_from(slots, at)
        current = count if of == minute else 0
        if name == digest:
            return at, current
        if least is None or current < least:
            least, free = current, at
    return free, 0


@lru_cache(maxsize=4_096)
def _place(name: str) -> tuple[bytes, int]:
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return digest, int.from_bytes(digest[:2], "big") % _GROUPS * _GROUP_BYTES


@lru_cache(maxsize=4_096)
def network(address: str) -> str:
    """An address, or the network that IPv6 gives a customer whole (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), _IPV6_NETWORK), strict=False))
