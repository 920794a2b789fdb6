"""Wallet keys on the wire: what opens a merchant's wallet tokens. A private key goes in and never comes out."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tillgate.core.cards import Wallet
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import WalletKey
from tillgate.flows import wallets
from tillgate.flows.gateway import Answer
from tillgate.flows.wallets import AppleKey, GoogleKey
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import messages
from tillgate.surfaces.v1.forms import ListGiven, ListShown, ShortText, list_shown
from tillgate.surfaces.v1.free_text import OPAQUE
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_Pem = Annotated[str, Meta(max_length=16 * 1024), OPAQUE]
_RootKeys = Annotated[dict[str, Any] | Annotated[str, Meta(max_length=64 * 1024)], OPAQUE]


class AppleKeyGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payment processing certificate with its key, in PEM; test tokens may lead to a `root` of your own."""

    merchant_id: ShortText
    certificate: _Pem
    private_key: _Pem
    root: _Pem | None = None

    def __repr__(self) -> str:
        return "AppleKeyGiven(…)"

    def parse(self) -> AppleKey:
        """The key, to be checked."""
        return AppleKey(self.merchant_id, self.certificate, self.private_key, self.root)


class GoogleKeyGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key in PEM, whom its tokens are for, and the root signing keys as Google publishes them."""

    merchant_id: ShortText
    private_key: _Pem
    root_keys: _RootKeys
    gateway_merchant_id: ShortText | None = None

    def __repr__(self) -> str:
        return "GoogleKeyGiven(…)"

    def parse(self) -> GoogleKey:
        """The key, to be checked."""
        roots = self.root_keys if isinstance(self.root_keys, str) else messages.encode(self.root_keys).decode()
        return GoogleKey(self.merchant_id, self.private_key, roots, self.gateway_merchant_id)


class WalletKeyGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new key, for the wallet that `type` names."""

    type: Wallet
    apple_pay: AppleKeyGiven | None = None
    google_pay: GoogleKeyGiven | None = None

    def parse(self) -> AppleKey | GoogleKey:
        """What the type names. Raises Refused(PARAMETER_MISSING) without it, PARAMETER_INVALID for another's."""
        for other in Wallet:
            if other is not self.type and getattr(self, other.value) is not None:
                raise Refused(Reason.PARAMETER_INVALID, other.value, problem=f"it excludes type {self.type.value}")
        given: AppleKeyGiven | GoogleKeyGiven | None = getattr(self, self.type.value)
        if given is None:
            raise Refused(Reason.PARAMETER_MISSING, self.type.value)
        return given.parse()


class WalletKeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key for one wallet, without its private part."""

    id: str
    object: str = "wallet_key"
    type: Wallet
    merchant_id: str
    gateway_merchant_id: str | None
    public_key_hash: str
    expires_at: int | None
    created: int
    livemode: bool


class WalletKeyDeletedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is no more."""

    id: str
    object: str = "wallet_key"
    deleted: bool = True


def show(key: WalletKey, *, livemode: bool) -> WalletKeyShown:
    """A key in this API's form."""
    return WalletKeyShown(
        id=key.id,
        type=key.wallet,
        merchant_id=key.merchant_id,
        gateway_merchant_id=key.gateway_merchant_id,
        public_key_hash=key.fingerprint,
        expires_at=None if key.expires_at is None else unix_seconds(key.expires_at),
        created=unix_seconds(key.created),
        livemode=livemode,
    )


def _shown(call: Call, key: WalletKey) -> WalletKeyShown:
    return show(key, livemode=call.tenant.is_live)


@operation("POST", "/v1/wallet_keys", Scope.ALL, WalletKeyGiven, WalletKeyShown)
async def create(call: Call) -> Reply:
    """Add a key with which Apple Pay or Google Pay tokens are opened. In test mode the sandbox's need none."""

    async def render(key: WalletKey) -> Answer:
        return await answer(call, _shown(call, key))

    return answered(await wallets.add(call.gateway, call.caller, call.key, call.given.parse(), render))


@operation("GET", "/v1/wallet_keys", Scope.ALL, ListGiven, ListShown[WalletKeyShown])
async def page(call: Call) -> Reply:
    """Wallet keys, newest first, without their private parts."""
    found = await wallets.page(call.gateway, call.caller, call.given.cursor("wk"))
    return await shown(call, list_shown(found, "/v1/wallet_keys", lambda key: _shown(call, key)))


@operation("GET", "/v1/wallet_keys/{id}", Scope.ALL, Nothing, WalletKeyShown)
async def fetch(call: Call) -> Reply:
    """One wallet key, without its private part."""
    return await shown(call, _shown(call, await wallets.fetch(call.gateway, call.caller, call.id)))


@operation("DELETE", "/v1/wallet_keys/{id}", Scope.ALL, Nothing, WalletKeyDeletedShown)
async def delete(call: Call) -> Reply:
    """Remove a wallet key. Tokens for it are not taken any more."""

    async def render(key: WalletKey) -> Answer:
        return await answer(call, WalletKeyDeletedShown(id=key.id))

    return answered(await wallets.remove(call.gateway, call.caller, call.key, call.id, render))


OPERATIONS = (create, page, fetch, delete)
