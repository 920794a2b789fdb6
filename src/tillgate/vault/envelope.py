"""The envelope: bytes sealed for one purpose and one row, which open for nothing else.

A sealed envelope is a version (1 byte, 1), the data key's id (4 bytes, big-endian), a random nonce (12 bytes)
and the AES-256-GCM ciphertext with its tag (16 bytes). Its associated data are the first five bytes, then, as
`framing` writes them, the purpose and what it is bound to (tenant, row id).
"""

import base64
import struct

from cryptography.exceptions import InvalidTag

from tillgate.vault.data_keys import DataKeys, Purpose, UnknownDataKey
from tillgate.vault.framing import framed
from tillgate.vault.key_encryption import NONCE_BYTES

VERSION = 1

_HEADER = struct.Struct(">BI")
_CIPHERTEXT = _HEADER.size + NONCE_BYTES


class Unsealable(Exception):
    """What was sealed does not open: it was altered or moved elsewhere, or its data key is gone."""


class Envelope:
    """Seals and opens with the data keys in memory: `seal` and `open` take microseconds and no I/O."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    def seal(self, plaintext: bytes, *, purpose: Purpose, bound_to: tuple[str, ...]) -> bytes:
        """An envelope, another one each time; `bound_to` is (tenant, id of the row that will keep it)."""
        key = self._keys.for_sealing(purpose)
        header = _HEADER.pack(VERSION, key.id)
        nonce = self._keys.random(NONCE_BYTES)
        return header + nonce + key.cipher.encrypt(nonce, plaintext, header + framed(purpose, *bound_to))

    def open(self, sealed: bytes, *, purpose: Purpose, bound_to: tuple[str, ...]) -> bytes:
        """The plaintext. Raises Unsealable, and UnknownDataKey where the keys must be loaded first."""
        if len(sealed) < _CIPHERTEXT or sealed[0] != VERSION:
            raise _unsealable(purpose, bound_to)
        cipher = self._keys.for_opening(_HEADER.unpack_from(sealed)[1]).cipher
        about = sealed[: _HEADER.size] + framed(purpose, *bound_to)
        try:
            return cipher.decrypt(sealed[_HEADER.size : _CIPHERTEXT], sealed[_CIPHERTEXT:], about)
        except InvalidTag:
            raise _unsealable(purpose, bound_to) from None

    async def open_loading(self, sealed: bytes, *, purpose: Purpose, bound_to: tuple[str, ...]) -> bytes:
        """Like `open`, but loads the keys where another process made the one needed. Raises Unsealable."""
        try:
            return self.open(sealed, purpose=purpose, bound_to=bound_to)
        except UnknownDataKey:
            await self._keys.load()
        try:
            return self.open(sealed, purpose=purpose, bound_to=bound_to)
        except UnknownDataKey:
            raise _unsealable(purpose, bound_to) from None

    async def reseal(self, sealed: bytes, *, purpose: Purpose, bound_to: tuple[str, ...]) -> bytes:
        """The same content under the data key in use. Raises Unsealable."""
        opened = await self.open_loading(sealed, purpose=purpose, bound_to=bound_to)
        return self.seal(opened, purpose=purpose, bound_to=bound_to)


def beginnings(key_id: int) -> tuple[str, ...]:
    """What the base64 of whatever a data key sealed begins with, and of nothing else: one of these.

    Seven digits hold 42 bits: version and id, and the first two of a nonce.
    """
    header = _HEADER.pack(VERSION, key_id)
    return tuple(base64.b64encode(header + bytes([bits << 6])).decode()[:7] for bits in range(4))


def _unsealable(purpose: Purpose, bound_to: tuple[str, ...]) -> Unsealable:
    return Unsealable(f"{purpose} of {'/'.join(bound_to)} does not open")
