"""Merchants' wallet keys: checked when they are handed in, kept under seal, and used to open tokens."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tillgate.core.cards import Wallet
from tillgate.core.instants import Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import Opened, WalletKey
from tillgate.vault.data_keys import Purpose
from tillgate.vault.envelope import Envelope
from tillgate.vault.wallets import apple, curve, google, reading

Key = apple.Key | google.Key
"""A merchant's key in the open."""

_PRODUCTION_VERSION: Final = "ECv2"


class Wallets:
    """Keeps merchants' keys, and opens tokens with them. A private key never comes out."""

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    def keep_apple(
        self,
        *,
        tenant: str,
        id: str,
        now: Instant,
        wall: Instant,
        merchant_id: str,
        certificate: str,
        private_key: str,
        root: str | None,
        is_live: bool,
    ) -> WalletKey:
        """A payment processing certificate with its key, in PEM; without `root`, Apple's own is trusted.

        Raises Refused(PARAMETER_INVALID) naming `certificate`, `private_key`, `merchant_id` or `root`.
        """
        found = _certificate(certificate, "certificate")
        key = _private_key(private_key)
        if _public(found, "certificate") != curve.spki(key.public_key()):
            raise _invalid("private_key", "it is not the key of this certificate")
        _assert_for(found, merchant_id)
        if not apple.is_valid_at(found, wall):
            raise _invalid("certificate", "its time is over, or has not come yet")
        trusted = _certificate(root or apple.ROOT, "root")
        if is_live and trusted.fingerprint(hashes.SHA256()).hex() != apple.ROOT_FINGERPRINT:
            raise _invalid("root", "live tokens lead to Apple Root CA - G3; leave it out")
        return WalletKey(
            tenant=tenant,
            id=id,
            created=now,
            wallet=Wallet.APPLE_PAY,
            merchant_id=merchant_id,
            fingerprint=curve.fingerprint(key.public_key()),
            trust=trusted.public_bytes(serialization.Encoding.DER),
            sealed=self._seal(tenant, id, key),
            expires_at=apple.expires_at(found),
        )

    def keep_google(
        self,
        *,
        tenant: str,
        id: str,
        now: Instant,
        wall: Instant,
        merchant_id: str,
        private_key: str,
        root_keys: str,
        gateway_merchant_id: str | None,
    ) -> WalletKey:
        """A key in PEM, whom tokens are for (`merchant:…`, `gateway:…`; alone, a merchant), and Google's root keys.

        Raises Refused(PARAMETER_INVALID) naming `merchant_id`, `gateway_merchant_id`, `private_key` or `root_keys`.
        """
        recipient = merchant_id if ":" in merchant_id else google.MERCHANT + merchant_id
        if not recipient.startswith((google.MERCHANT, google.GATEWAY)) or not recipient.partition(":")[2]:
            raise _invalid("merchant_id", "it takes merchant:… or gateway:…, as in Google's console")
        if recipient.startswith(google.GATEWAY) and not gateway_merchant_id:
            raise _invalid("gateway_merchant_id", "a gateway's id needs it beside it")
        if recipient.startswith(google.MERCHANT) and gateway_merchant_id:
            raise _invalid("merchant_id", "it takes gateway:… where there is a gateway_merchant_id")
        key = _private_key(private_key)
        roots = _root_keys(root_keys, wall)
        return WalletKey(
            tenant=tenant,
            id=id,
            created=now,
            wallet=Wallet.GOOGLE_PAY,
            merchant_id=recipient,
            fingerprint=curve.fingerprint(key.public_key()),
            trust=msgspec.json.encode(roots),
            sealed=self._seal(tenant, id, key),
            gateway_merchant_id=gateway_merchant_id,
            expires_at=_last(roots),
        )

    async def open(
        self,
        wallet: Wallet,
        token: object,
        keys: Sequence[WalletKey],
        wall: Instant,
        *,
        also: Sequence[Key] = (),
        application_data: bytes | None = None,
    ) -> Opened:
        """What a token holds, as the device wrote it (an object, or its text); `also` are keys in the open.

        Raises Refused(WALLET_NOT_CONFIGURED) where there is no key, and what `apple.open` and `google.open` refuse.
        """
        found: list[Key] = [await self._reveal(key) for key in keys]
        found += also
        if not found:
            raise Refused(Reason.WALLET_NOT_CONFIGURED, "token", wallet=wallet.value)
        given = reading.opened(token)
        if wallet is Wallet.APPLE_PAY:
            return apple.open(given, _of(apple.Key, found), wall, application_data)
        return google.open(given, _of(google.Key, found), wall)

    def _seal(self, tenant: str, id: str, key: curve.PrivateKey) -> bytes:
        return self._envelope.seal(curve.der(key), purpose=Purpose.WALLET, bound_to=(tenant, id))

    async def _reveal(self, kept: WalletKey) -> Key:
        opened = await self._envelope.open_loading(kept.sealed, purpose=Purpose.WALLET, bound_to=(kept.tenant, kept.id))
        private = curve.private_key_of_der(opened)
        if kept.wallet is Wallet.APPLE_PAY:
            return apple.Key(private, apple.digest_of(kept.merchant_id), x509.load_der_x509_certificate(kept.trust))
        roots = msgspec.json.decode(kept.trust, type=google.RootKeys)
        return google.Key(private, kept.merchant_id, roots, kept.gateway_merchant_id)


def _of(type: type[Any], keys: Iterable[Key]) -> tuple[Any, ...]:
    return tuple(key for key in keys if isinstance(key, type))


def _invalid(field: str, problem: str) -> Refused:
    return Refused(Reason.PARAMETER_INVALID, field, problem=problem)


def _certificate(pem: str, field: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, UnicodeEncodeError):
        raise _invalid(field, "it takes a certificate in PEM") from None


def _private_key(pem: str) -> curve.PrivateKey:
    try:
        return curve.private_key_of_pem(pem)
    except ValueError:
        raise _invalid("private_key", "it takes a P-256 key in PEM, without a password") from None


def _public(certificate: x509.Certificate, field: str) -> bytes:
    try:
        return curve.spki(curve.public_key(certificate.public_key()))
    except ValueError:
        raise _invalid(
            field, "it takes a certificate of a P-256 key; RSA certificates are for mainland China"
        ) from None


def _assert_for(certificate: x509.Certificate, merchant_id: str) -> None:
    try:
        merchant = apple.merchant_of(certificate)
    except ValueError:
        raise _invalid("certificate", "it takes an Apple Pay payment processing certificate") from None
    if apple.digest_of(merchant_id) != merchant:
        raise _invalid("merchant_id", "the certificate is for another merchant identifier")


def _root_keys(text: str, wall: Instant) -> google.RootKeys:
    try:
        roots = msgspec.json.decode(text, type=google.RootKeys)
        for root in roots.keys:
            google.trusted_key(root)
            google.expires_at(root)
    except (msgspec.MsgspecError, ValueError, RecursionError, Refused):
        raise _invalid("root_keys", "it takes Google's root signing keys, the JSON as published") from None
    if not any(google.lasts(root, wall) for root in roots.keys if root.protocol_version in google.KEY_BYTES):
        raise _invalid("root_keys", "none of its keys is valid now for ECv2 or ECv1")
    return roots


def _last(roots: google.RootKeys) -> Instant | None:
    """When the last of the keys for today's tokens expires."""
    current = [google.expires_at(root) for root in roots.keys if root.protocol_version == _PRODUCTION_VERSION]
    return max((each for each in current if each is not None), default=None)
