"""Wallets: what devices send in place of a card, and the keys with which a merchant reads it."""

from typing import Final

import msgspec

from tillgate.core.cards import Card, Wallet, WalletSummary
from tillgate.core.decisions import Alias
from tillgate.core.instants import MINUTE, Duration, Instant
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.records import Record

SIGNED_WITHIN: Final[Duration] = 5 * MINUTE
"""How far a token's signing time may be from ours: Apple's format says a few minutes."""

TOKEN: Final = "wallet_token"  # noqa: S105
"""The kind of alias that keeps a device's token from being taken twice."""

MOST_KEYS: Final = 20
"""How many keys a tenant may have at once; a token is tried with each key of its wallet."""


class WalletKey(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A merchant's key for one wallet, and whom the tokens that it opens have to be signed by.

    `merchant_id` is Apple's merchant identifier, or Google's recipient (`merchant:…`, `gateway:…`); `fingerprint` the
    SHA-256 of the public key (SubjectPublicKeyInfo) in base64, as Apple's tokens name it; `trust` Apple's root
    certificate (DER) or Google's root signing keys (JSON); `sealed` the private key.
    """

    created: Instant
    wallet: Wallet
    merchant_id: str
    fingerprint: str
    trust: bytes
    sealed: bytes
    gateway_merchant_id: str | None = None
    expires_at: Instant | None = None


class Opened(msgspec.Struct, frozen=True):
    """What a token held, once it was verified and decrypted. `token_id` is the device's name for it.

    `is_tokenized` says that the number is the device's own and not the one printed on the card.
    """

    wallet: Wallet
    token_id: str
    card: Card
    is_tokenized: bool

    @property
    def summary(self) -> WalletSummary:
        """What a card shows of the wallet that it came from."""
        return WalletSummary(self.wallet, self.card.number.last4 if self.is_tokenized else None)


def token_name(opened: Opened) -> str:
    """By which a token is known again within a tenant."""
    return f"{opened.wallet.value}:{opened.token_id}"


def claim(opened: Opened, method: PaymentMethod) -> Alias:
    """The mark that a token was taken; it refuses the decision of whoever brings the same token again."""
    return Alias(method.tenant, TOKEN, token_name(opened), method.id)
