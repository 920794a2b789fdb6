"""An operator's commands about merchants' keys for Apple Pay and Google Pay: what they take, do and show."""

from collections.abc import Awaitable, Callable

import msgspec

from tillgate.core.cards import Wallet
from tillgate.core.instants import Instant
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import MOST_KEYS, WalletKey
from tillgate.flows import wallets
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.wallets import AppleKey, GoogleKey, Render
from tillgate.store.lists import Cursor


class Add(msgspec.Struct, forbid_unknown_fields=True):
    """Take in a key."""

    key: AppleKey | GoogleKey
    merchant: str = DEMO_SHOP.id


class List(msgspec.Struct, forbid_unknown_fields=True):
    """List a merchant's keys."""

    merchant: str = DEMO_SHOP.id


class Remove(msgspec.Struct, forbid_unknown_fields=True):
    """Forget a key."""

    id: str
    merchant: str = DEMO_SHOP.id


class Shown(msgspec.Struct):
    """A key as an operator sees it, without its private part."""

    id: str
    wallet: Wallet
    merchant_id: str
    public_key_hash: str
    created: Instant
    expires_at: Instant | None


async def add(gateway: Gateway, tenant: Tenant, given: Add) -> Shown:
    """Raises what flows.wallets.add refuses."""
    return await _changed(lambda render: wallets.add(gateway, _caller(tenant), None, given.key, render))


async def every(gateway: Gateway, tenant: Tenant, given: List) -> list[Shown]:
    """All keys that a merchant has, newest first."""
    found = await wallets.page(gateway, _caller(tenant), Cursor(len(Wallet) * MOST_KEYS))
    return [_shown(key) for key in found.records]


async def remove(gateway: Gateway, tenant: Tenant, given: Remove) -> Shown:
    """Raises Refused(NOT_FOUND)."""
    return await _changed(lambda render: wallets.remove(gateway, _caller(tenant), None, given.id, render))


def told(refused: Refused) -> str:
    """Why a command was refused, in a sentence that says what to do."""
    if refused.reason is Reason.NOT_FOUND:
        return f"There is no wallet key {refused.detail.get('id')}; `tillgate wallets list` names a merchant's."
    name = (refused.field or "").rpartition(".")[2].replace("_", "-").replace("private-key", "key")
    return f"--{name} cannot be used: {refused.detail.get('problem', refused.reason.value)}."


def _caller(tenant: Tenant) -> Caller:
    return Caller(tenant, "system:operator", "commands", "")


async def _changed(change: Callable[[Render], Awaitable[Answer]]) -> Shown:
    """The key that a flow changes: it tells of it to whoever is to show it."""
    seen: list[WalletKey] = []

    async def note(key: WalletKey) -> Answer:
        seen.append(key)
        return Answer(200, b"")

    await change(note)
    return _shown(seen[-1])


def _shown(key: WalletKey) -> Shown:
    return Shown(key.id, key.wallet, key.merchant_id, key.fingerprint, key.created, key.expires_at)
