"""The key-encryption key wraps the data keys: it comes from outside or, in a sandbox, lies with the data."""

import base64
import binascii
import contextlib
import hmac
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "TILLGATE_KEY_ENCRYPTION_KEY"
OLD_VARIABLE = "TILLGATE_KEY_ENCRYPTION_KEYS_OLD"
FILE_NAME = "key-encryption-key"

KEY_BYTES = 32
NONCE_BYTES = 12


class KeyUnusable(Exception):
    """A key is missing, is the wrong one, was altered, or is used up; the text says which and what to do."""


class KeyEncryptionKey:
    """The key that wraps every new data key, with the old ones by which data keys were wrapped before.

    `id` tells keys apart, and nothing about them; `comes_from_outside` says that whoever copies the data
    directory does not have the key, without which no real money moves.
    """

    def __init__(self, key: bytes, *, comes_from_outside: bool, old: Iterable[bytes] = ()) -> None:
        self.id = _id(key)
        self.comes_from_outside = comes_from_outside
        self._ciphers = {_id(each): AESGCM(each) for each in (*old, key)}

    def __repr__(self) -> str:
        return f"KeyEncryptionKey({self.id}, comes_from_outside={self.comes_from_outside})"

    def wrap(self, key: bytes, about: bytes, nonce: bytes) -> bytes:
        """A data key by AES-256-GCM, bound to what `about` says of it."""
        return nonce + self._ciphers[self.id].encrypt(nonce, key, about)

    def unwrap(self, wrapped: bytes, about: bytes, wrapped_by: str) -> bytes:
        """A data key as it was before the key-encryption key with id `wrapped_by` wrapped it.

        Raises KeyUnusable where that key was not given, or something was altered.
        """
        if wrapped_by not in self._ciphers:
            raise KeyUnusable(
                f"The data keys are wrapped by key-encryption key {wrapped_by}, "
                f"but the one given is {self.id}. Set {VARIABLE} to the former, or name it in {OLD_VARIABLE}."
            )
        try:
            return self._ciphers[wrapped_by].decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about)
        except (InvalidTag, ValueError):
            raise KeyUnusable(f"A data key under key-encryption key {wrapped_by} was altered.") from None


def load(
    environment: Mapping[str, str], directory: Path, random: Callable[[int], bytes] = os.urandom
) -> KeyEncryptionKey:
    """The key that the environment gives, else the one in the data directory, made at the first start.

    Each is base64 of 32 bytes; commas part the old keys, by which data keys may still be wrapped. Raises
    KeyUnusable for anything else, without showing it.
    """
    old = [_decoded(text, OLD_VARIABLE) for text in environment.get(OLD_VARIABLE, "").split(",") if text.strip()]
    given = environment.get(VARIABLE)
    if given is not None:
        return KeyEncryptionKey(_decoded(given, VARIABLE), comes_from_outside=True, old=old)
    if old:
        raise KeyUnusable(f"{OLD_VARIABLE} is set, but {VARIABLE} is not.")
    return KeyEncryptionKey(_from_file(directory, random), comes_from_outside=False)


def _from_file(directory: Path, random: Callable[[int], bytes]) -> bytes:
    """The key in the directory. Processes that start at once agree on one; a crash leaves no part of one."""
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(directory.parent)
    path = directory / FILE_NAME
    if not path.exists():
        _create(path, base64.b64encode(random(KEY_BYTES)) + b"\n")
    # Whoever made the file: it must outlast everything that will be sealed.
    _sync(directory)
    return _decoded(path.read_text(encoding="utf-8", errors="replace"), str(path))


def _create(path: Path, content: bytes) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # has mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces the key of a process that was first.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyUnusable(f"{source} does not hold base64 of {KEY_BYTES} bytes (openssl rand -base64 {KEY_BYTES}).")
    return key


def _id(key: bytes) -> str:
    return hmac.digest(key, b"tillgate key-encryption key", "sha256")[:8].hex()
