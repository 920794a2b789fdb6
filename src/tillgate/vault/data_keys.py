"""Data keys: one in use per purpose, wrapped by the key-encryption key where stored, unwrapped in memory."""

import enum
import hmac
import os
from collections.abc import Callable
from typing import NoReturn, Protocol

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillgate.core.instants import DAY, Duration, Instant
from tillgate.vault.framing import framed
from tillgate.vault.key_encryption import KEY_BYTES, NONCE_BYTES, KeyEncryptionKey, KeyUnusable

KEY_LASTS: Duration = 30 * DAY
"""How long a data key seals; it opens for ever."""

SEALINGS_PER_KEY = 2**30
"""How often one process seals with a data key before it makes a fresh one.

Two random nonces of 96 bits among n are the same with odds of n²/2⁹⁷: 2⁻³⁷ for one process, 2⁻²⁹ for sixteen.
"""

MOST_SEALINGS = 2**32
"""Where sealing stops, if the fresh key does not come (NIST SP 800-38D, section 8.3)."""


class Purpose(enum.StrEnum):
    """What a data key is for. Nothing sealed for one purpose opens for another."""

    CARD = "card"
    CVC = "cvc"
    REPLY = "reply"
    WALLET = "wallet"
    FINGERPRINT = "fingerprint"
    IDEMPOTENCY = "idempotency"
    WEBHOOK = "webhook"
    BANK_ACCOUNT = "bank_account"
    SIGNING = "signing"
    MAIL = "mail"
    EVIDENCE = "evidence"
    LINK = "link"
    """Signs links to pages (vault.links), and seals nothing."""


PERMANENT = frozenset({Purpose.FINGERPRINT, Purpose.IDEMPOTENCY})
"""Purposes of keys that digest and do not seal: with another key, what is the same would look different."""


SEALING = tuple(purpose for purpose in Purpose if purpose not in PERMANENT)
"""Purposes of keys that seal, or sign links, and that others take the place of."""


class DataKey(msgspec.Struct, frozen=True, kw_only=True):
    """A data key as it is stored: `wrapped` by the key-encryption key with id `kek_id`.

    `created` is wall time; `purpose` is a text, so that a process reads the keys of a newer one.
    """

    id: int
    purpose: str
    wrapped: bytes
    kek_id: str
    created: Instant


class KeyStore(Protocol):
    """Where data keys are kept."""

    async def load(self) -> list[DataKey]:
        """All of them, in any order."""

    async def add(self, key: DataKey) -> DataKey:
        """Store a key durably, or leave the one that has its id already; give the one that is there now."""

    async def replace(self, was: DataKey, now: DataKey) -> None:
        """Store a key in place of what it was, unless it is that no more."""

    async def remove(self, key: DataKey) -> None:
        """Forget a key for good."""


class UnknownDataKey(Exception):
    """No data key with this id was loaded."""


class SealingKey:
    """An unwrapped data key that seals, and how often it did in this process."""

    __slots__ = ("cipher", "created", "id", "sealings")

    def __init__(self, id: int, secret: bytes, created: Instant) -> None:
        self.id = id
        self.cipher = AESGCM(secret)
        self.created = created
        self.sealings = 0

    def is_worn_at(self, wall: Instant) -> bool:
        """Whether it is time for a fresh key."""
        return self.sealings >= SEALINGS_PER_KEY or wall - self.created >= KEY_LASTS


class DigestKey:
    """An unwrapped data key that digests by HMAC-SHA256."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def digest(self, *parts: str | bytes) -> bytes:
        """32 bytes that are the same for the same parts, and without the key tell nothing of them."""
        return hmac.digest(self._secret, framed(*parts), "sha256")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key stays in the memory of its process")


class DataKeys:
    """All data keys, unwrapped. `turn_over` comes first, and every hour or so again.

    `random(n)` gives n random bytes.
    """

    def __init__(self, store: KeyStore, kek: KeyEncryptionKey, random: Callable[[int], bytes] = os.urandom) -> None:
        self.random = random
        self._store = store
        self._kek = kek
        self._stored: dict[int, DataKey] = {}
        self._sealing: dict[int, SealingKey] = {}
        self._newest: dict[str, SealingKey] = {}
        self._digesting: dict[str, DigestKey] = {}
        self._signing: list[bytes] = []

    async def load(self) -> None:
        """Take in what other processes have added.

        Raises KeyUnusable where the key-encryption key does not fit.
        """
        for key in sorted(await self._store.load(), key=lambda key: key.id):
            self._learn(key)

    async def turn_over(self, wall: Instant) -> None:
        """Load the keys, and make the ones that are missing or worn. Raises KeyUnusable like `load`."""
        await self.load()
        while (purpose := self._due(wall)) is not None:
            # Another process may have been first, with this key or one for another purpose: look again.
            self._learn(await self._store.add(self._fresh(purpose, wall)))

    async def renew(self, wall: Instant) -> list[DataKey]:
        """A fresh key for every purpose that seals, in use from now on; what was sealed before opens as it did.

        Other processes go on with the keys that they have until their next `load`.
        """
        await self.load()
        return [await self._renewed(purpose, wall) for purpose in SEALING]

    async def rewrap(self) -> int:
        """Store the keys that an old key-encryption key wraps as the present one wraps them; how many there were."""
        await self.load()
        rewrapped = self.rewrapped()
        for key in rewrapped:
            await self._store.replace(self._stored[key.id], key)
        await self.load()
        return len(rewrapped)

    async def remove(self, key: DataKey) -> None:
        """Forget a key under which nothing is sealed any more. Raises ValueError for one that is in use."""
        if key.purpose in PERMANENT or key.id == self.in_use(Purpose(key.purpose)):
            raise ValueError(f"data key {key.id} is in use")
        await self._store.remove(key)
        self._stored.pop(key.id, None)

    @property
    def kek_id(self) -> str:
        """Which key-encryption key wraps new keys."""
        return self._kek.id

    @property
    def stored(self) -> list[DataKey]:
        """All keys as of the last `load`, oldest first."""
        return [self._stored[id] for id in sorted(self._stored)]

    def in_use(self, purpose: Purpose) -> int:
        """The id of the key that seals for a purpose."""
        return self._newest[purpose].id

    def for_sealing(self, purpose: Purpose) -> SealingKey:
        """The key in use for a purpose, this use counted. Raises KeyUnusable where it may seal no more."""
        key = self._newest[purpose]
        if key.sealings >= MOST_SEALINGS:
            raise KeyUnusable(f"Data key {key.id} has sealed {MOST_SEALINGS} times and no fresh one was made.")
        key.sealings += 1
        return key

    def for_opening(self, id: int) -> SealingKey:
        """The key with this id. Raises UnknownDataKey, maybe only until the next `load`."""
        try:
            return self._sealing[id]
        except KeyError:
            raise UnknownDataKey(id) from None

    def for_digests(self, purpose: Purpose) -> DigestKey:
        """The key for a permanent purpose."""
        return self._digesting[purpose]

    @property
    def for_links(self) -> tuple[bytes, ...]:
        """What signs links, and what did before, the newest first."""
        return tuple(reversed(self._signing))

    def rewrapped(self) -> list[DataKey]:
        """The keys that an old key-encryption key wraps, as the present one wraps them.

        Once they are stored in place of the others, the old one can go.
        """
        return [
            self._wrapped(key.id, key.purpose, self._unwrapped(key), key.created)
            for key in self._stored.values()
            if key.kek_id != self._kek.id
        ]

    def _due(self, wall: Instant) -> Purpose | None:
        for purpose in Purpose:
            if purpose in PERMANENT:
                if purpose not in self._digesting:
                    return purpose
            elif purpose not in self._newest or self._newest[purpose].is_worn_at(wall):
                return purpose
        return None

    async def _renewed(self, purpose: Purpose, wall: Instant) -> DataKey:
        former = self.in_use(purpose)
        while self.in_use(purpose) == former:
            self._learn(await self._store.add(self._fresh(purpose, wall)))
        return self._stored[self.in_use(purpose)]

    def _fresh(self, purpose: Purpose, wall: Instant) -> DataKey:
        return self._wrapped(max(self._stored, default=0) + 1, purpose, self.random(KEY_BYTES), wall)

    def _learn(self, key: DataKey) -> None:
        """Take in one key; they come in the order of their ids, so that a purpose's last is its newest."""
        known = key.id in self._stored
        self._stored[key.id] = key
        if known:
            return
        secret = self._unwrapped(key)
        if key.purpose in PERMANENT:
            self._digesting.setdefault(key.purpose, DigestKey(secret))
            return
        self._sealing[key.id] = self._newest[key.purpose] = SealingKey(key.id, secret, key.created)
        if key.purpose == Purpose.LINK:
            self._signing.append(secret)

    def _wrapped(self, id: int, purpose: str, secret: bytes, created: Instant) -> DataKey:
        wrapped = self._kek.wrap(secret, _about(id, purpose, created), self.random(NONCE_BYTES))
        return DataKey(id=id, purpose=purpose, wrapped=wrapped, kek_id=self._kek.id, created=created)

    def _unwrapped(self, key: DataKey) -> bytes:
        return self._kek.unwrap(key.wrapped, _about(key.id, key.purpose, key.created), key.kek_id)


def _about(id: int, purpose: str, created: Instant) -> bytes:
    """What a wrapped key is bound to, so that nobody passes one off as another, or an old one as new."""
    return framed("data key", str(id), purpose, str(created))
