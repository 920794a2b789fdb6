"""Signing keys: made before they are needed, kept under seal, shown to everybody, and known for a while."""

import asyncio
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import RSAKey

from tillgate.core import signing_keys
from tillgate.core.decisions import Decision
from tillgate.core.instants import MINUTE, Duration, Instant
from tillgate.core.signing_keys import EVERYBODYS, SigningKey
from tillgate.flows.gateway import Gateway
from tillgate.store import lists
from tillgate.store.batches import Conflict, Taken
from tillgate.store.lists import Cursor
from tillgate.vault import signing
from tillgate.vault.signing import Unverified

KNOWN_FOR: Duration = MINUTE
"""How long a process goes by what it read; a token of an unknown key has it read again."""

_ALL = Cursor(100)


class Signer:
    """Signs what is for one use, and reads it again. Any number of processes share its keys.

    `typ` is what its tokens call themselves, so that none is taken for one of another use.
    """

    def __init__(self, gateway: Gateway, use: str, typ: str = "JWT") -> None:
        self._gateway = gateway
        self._use = use
        self._typ = typ
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at: Instant = 0
        self._private: dict[str, RSAKey] = {}
        self._turning = asyncio.Lock()

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        await self._known()
        key = signing_keys.signing(self._keys, self._gateway.clock.wall())
        assert key is not None, "a first key signs at once"
        if key.id not in self._private:
            pem = await self._gateway.secrets.open_signing_key(key.tenant, key.id, key.sealed)
            self._private[key.id] = signing.private_key(pem)
        return signing.sign(self._private[key.id], key.id, claims, self._typ)

    async def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of these keys signed, whatever they say. Raises signing.Unverified."""
        id = signing.key_id(token)
        await self._known()
        key = self._find(id)
        if key is None:
            await self._load()
            key = self._find(id)
        if key is None:
            raise Unverified
        return signing.read(token, key.public, self._typ)

    async def public(self) -> list[dict[str, str]]:
        """The public halves of all keys, also of those that sign later or did before (RFC 7517)."""
        await self._known()
        return [key.public for key in self._keys]

    async def turn_over(self) -> int:
        """Make the next key where it is due, and forget those that are of no use any more; how many changed."""
        async with self._turning:
            await self._load()
            wall = self._gateway.clock.wall()
            worn = signing_keys.worn(self._keys, wall)
            made = [await self._fresh(wall)] if signing_keys.is_next_due(self._keys, wall) else []
            if not made and not worn:
                return 0
            try:
                await self._gateway.store.commit(Decision(save=tuple(made), remove=tuple(worn)))
            except (Conflict, Taken):
                return 0
            finally:
                await self._load()
            return len(made) + len(worn)

    async def _known(self) -> None:
        wall = self._gateway.clock.wall()
        if not self._keys or wall >= self._read_at + KNOWN_FOR:
            await self._load()
        if signing_keys.signing(self._keys, wall) is None or signing_keys.is_next_due(self._keys, wall):
            await self.turn_over()

    async def _load(self) -> None:
        found = await lists.page(self._gateway.store, SigningKey, EVERYBODYS, _ALL)
        self._keys = tuple(key for key in found.records if key.use == self._use)
        self._read_at = self._gateway.clock.wall()

    def _find(self, id: str) -> SigningKey | None:
        return next((key for key in self._keys if key.id == id), None)

    async def _fresh(self, wall: Instant) -> SigningKey:
        pair = await asyncio.to_thread(signing.generate)
        return SigningKey(
            tenant=EVERYBODYS,
            id=pair.id,
            created=wall,
            use=self._use,
            public=pair.public,
            sealed=self._gateway.secrets.seal_signing_key(EVERYBODYS, pair.id, pair.private),
            signs_from=wall + signing_keys.ANNOUNCED_FOR if self._keys else wall,
        )
