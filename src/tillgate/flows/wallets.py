"""Wallets: what a device sent, opened once with the merchant's keys; and those keys, taken in, listed and removed."""

from collections.abc import Callable
from typing import Any

import msgspec

from tillgate.core import wallets
from tillgate.core.cards import Wallet
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Mode
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import Opened, WalletKey
from tillgate.flows import changes, records
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.sandbox.devices import Devices
from tillgate.store import find, lists
from tillgate.store.lists import Cursor, Page
from tillgate.vault.wallets import apple, google

Render = changes.Render[WalletKey]
RenderToken = changes.Render[dict[str, Any]]


class WalletToken(msgspec.Struct, frozen=True):
    """What a device sent: an object, or its text. `application_data` is what an Apple Pay request had put in."""

    wallet: Wallet
    token: Any
    application_data: bytes | None = None


class AppleKey(msgspec.Struct, frozen=True, tag="apple"):
    """A payment processing certificate with its private key, in PEM; without `root`, Apple's own."""

    merchant_id: str
    certificate: str
    private_key: str
    root: str | None = None


class GoogleKey(msgspec.Struct, frozen=True, tag="google"):
    """A private key in PEM, whom its tokens are for, and the root keys that Google publishes (JSON)."""

    merchant_id: str
    private_key: str
    root_keys: str
    gateway_merchant_id: str | None = None


async def add(gateway: Gateway, caller: Caller, key: Key | None, given: AppleKey | GoogleKey, render: Render) -> Answer:
    """Take in a key. Raises Refused(PARAMETER_INVALID) naming what is wrong with it, also where there are too many."""

    async def decide(occasion: Occasion) -> tuple[WalletKey, Decision]:
        wallet = Wallet.APPLE_PAY if isinstance(given, AppleKey) else Wallet.GOOGLE_PAY
        if len(await keys(gateway, caller, wallet)) >= wallets.MOST_KEYS:
            problem = f"there are {wallets.MOST_KEYS} keys of this wallet; remove one first"
            raise Refused(Reason.PARAMETER_INVALID, "type", problem=problem)
        try:
            kept = _kept(gateway, caller, given, occasion)
        except Refused as refused:
            raise _about(wallet, refused) from None
        return kept, Decision(save=(kept,))

    return await changes.make(gateway, caller, key, decide, render)


def _kept(gateway: Gateway, caller: Caller, given: AppleKey | GoogleKey, occasion: Occasion) -> WalletKey:
    tenant, id = caller.tenant.id, occasion.mint("wk")
    if isinstance(given, AppleKey):
        return gateway.wallets.keep_apple(
            tenant=tenant,
            id=id,
            now=occasion.now,
            wall=occasion.wall,
            is_live=caller.tenant.is_live,
            **msgspec.structs.asdict(given),
        )
    return gateway.wallets.keep_google(
        tenant=tenant, id=id, now=occasion.now, wall=occasion.wall, **msgspec.structs.asdict(given)
    )


async def keys(gateway: Gateway, caller: Caller, wallet: Wallet) -> tuple[WalletKey, ...]:
    """A merchant's keys for one wallet, newest first."""
    found = await lists.page(
        gateway.store, WalletKey, caller.tenant.id, Cursor(wallets.MOST_KEYS), where={"wallet": wallet.value}
    )
    return found.records


async def page(gateway: Gateway, caller: Caller, cursor: Cursor) -> Page[WalletKey]:
    """A merchant's keys for all wallets, newest first."""
    return await lists.page(gateway.store, WalletKey, caller.tenant.id, cursor)


async def fetch(gateway: Gateway, caller: Caller, key_id: str) -> WalletKey:
    """A merchant's key. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, WalletKey, key_id, "wallet_key")


async def remove(gateway: Gateway, caller: Caller, key: Key | None, key_id: str, render: Render) -> Answer:
    """Forget a key: no token is opened with it any more."""

    async def decide(occasion: Occasion) -> tuple[WalletKey, Decision]:
        kept = await fetch(gateway, caller, key_id)
        return kept, Decision(remove=(kept,))

    return await changes.make(gateway, caller, key, decide, render)


async def opened(gateway: Gateway, caller: Caller, given: WalletToken, occasion: Occasion) -> Opened:
    """What a device's token holds. In test mode the sandbox's devices need no key.

    Raises what vault.wallets.keys.Wallets.open refuses, and Refused(WALLET_TOKEN_REPLAYED) for one taken before.
    """
    tenant = caller.tenant
    try:
        found = await gateway.wallets.open(
            given.wallet,
            given.token,
            await keys(gateway, caller, given.wallet),
            occasion.wall,
            also=_sandbox(gateway.devices, tenant.id, given.wallet) if tenant.mode is Mode.TEST else (),
            application_data=given.application_data,
        )
    except Refused as refused:
        raise _about(given.wallet, refused) from None
    if await find.alias(gateway.store, tenant.id, wallets.TOKEN, wallets.token_name(found)) is not None:
        raise _about(given.wallet, Refused(Reason.WALLET_TOKEN_REPLAYED, "token"))
    return found


async def of_device(
    gateway: Gateway, caller: Caller, key: Key | None, mint: Callable[[], dict[str, Any]], render: RenderToken
) -> Answer:
    """What a device of the sandbox's gives a page, another one each time; a repeat under a key gets the same."""
    if key is None:
        return await render(mint())

    async def decide(occasion: Occasion) -> tuple[dict[str, Any], Decision]:
        return mint(), Decision()

    return await changes.make(gateway, caller, key, decide, render)


def keep(
    gateway: Gateway, caller: Caller, opened: Opened, occasion: Occasion, *, with_cryptogram: bool = True
) -> tuple[PaymentMethod, Decision]:
    """The card as a record, and the claim by which nobody else takes the token.

    A cryptogram that goes to a bank at once is not kept.
    """
    card = opened.card if with_cryptogram else msgspec.structs.replace(opened.card, cryptogram=None, eci=None)
    method = gateway.cards.keep(
        card,
        tenant=caller.tenant.id,
        id=occasion.mint("pm"),
        now=occasion.now,
        wall=occasion.wall,
        wallet=opened.summary,
    )
    return method, Decision(name=(wallets.claim(opened, method),))


def _about(wallet: Wallet, refused: Refused) -> Refused:
    """A refusal that names its field as requests do: `apple_pay.token`."""
    return Refused(refused.reason, f"{wallet.value}.{refused.field}", **refused.detail)


def _sandbox(devices: Devices, tenant: str, wallet: Wallet) -> tuple[apple.Key] | tuple[google.Key]:
    return (devices.apple_key(tenant),) if wallet is Wallet.APPLE_PAY else (devices.google_key(tenant),)
