"""Apple Pay: payment tokens in the format EC_v1 (Apple, Payment Token Format Reference)."""

import hashlib
import hmac
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillgate.core.cards import Wallet
from tillgate.core.instants import SECOND, Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import SIGNED_WITHIN, Opened
from tillgate.vault.wallets import cms, curve, reading
from tillgate.vault.wallets.reading import malformed, unsupported

LEAF: Final = "1.2.840.113635.100.6.29"
INTERMEDIATE: Final = "1.2.840.113635.100.6.2.14"
"""Extensions that mark what signs tokens, and what vouches for it."""

MERCHANT: Final = "1.2.840.113635.100.6.32"
"""The extension of a merchant's certificate with the SHA-256 of its merchant identifier, in hex digits."""

ROOT: Final = """-----BEGIN CERTIFICATE-----
MIICQzCCAcmgAwIBAgIILcX8iNLFS5UwCgYIKoZIzj0EAwMwZzEbMBkGA1UEAwwS
QXBwbGUgUm9vdCBDQSAtIEczMSYwJAYDVQQLDB1BcHBsZSBDZXJ0aWZpY2F0aW9u
IEF1dGhvcml0eTETMBEGA1UECgwKQXBwbGUgSW5jLjELMAkGA1UEBhMCVVMwHhcN
MTQwNDMwMTgxOTA2WhcNMzkwNDMwMTgxOTA2WjBnMRswGQYDVQQDDBJBcHBsZSBS
b290IENBIC0gRzMxJjAkBgNVBAsMHUFwcGxlIENlcnRpZmljYXRpb24gQXV0aG9y
aXR5MRMwEQYDVQQKDApBcHBsZSBJbmMuMQswCQYDVQQGEwJVUzB2MBAGByqGSM49
AgEGBSuBBAAiA2IABJjpLz1AcqTtkyJygRMc3RCV8cWjTnHcFBbZDuWmBSp3ZHtf
TjjTuxxEtX/1H7YyYl3J6YRbTzBPEVoA/VhYDKX1DyxNB0cTddqXl5dvMVztK517
IDvYuVTZXpmkOlEKMaNCMEAwHQYDVR0OBBYEFLuw3qFYM4iapIqZ3r6966/ayySr
MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMDA2gA
MGUCMQCD6cHEFl4aXTQY2e3v9GwOAEZLuN+yRhHFD/3meoyhpmvOwgPUnPWTxnS4
at+qIxUCMG1mihDK1A3UT82NQz60imOlM27jbdoXt2QfyFMm+YhidDkLF1vLUagM
6BgD56KyKA==
-----END CERTIFICATE-----
"""
"""Apple Root CA - G3, to which every real token's signature leads."""

ROOT_FINGERPRINT: Final = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"
"""The SHA-256 of that certificate, as Apple publishes it."""

_IV: Final = bytes(16)


class Key(msgspec.Struct, frozen=True):
    """A merchant's payment processing key, the SHA-256 of its merchant identifier, and the root to trust."""

    private: curve.PrivateKey
    merchant: bytes
    root: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """By which tokens name the key that they are for."""
        return curve.fingerprint(self.private.public_key())


class _Header(msgspec.Struct, rename="camel"):
    ephemeral_public_key: str
    public_key_hash: str
    transaction_id: str
    application_data: str | None = None


class _Token(msgspec.Struct):
    version: str
    data: str
    signature: str
    header: _Header


class _Authentication(msgspec.Struct, rename="camel"):
    online_payment_cryptogram: str | None = None
    eci_indicator: str | None = None


class _Payment(msgspec.Struct, rename="camel"):
    application_primary_account_number: str
    application_expiration_date: str
    payment_data_type: str
    payment_data: _Authentication
    cardholder_name: str | None = None


def open(given: dict[str, Any], keys: tuple[Key, ...], wall: Instant, application_data: bytes | None = None) -> Opened:
    """What a token holds, which one of a merchant's keys opens; `application_data` is what the request put in.

    Raises Refused with the reason, in this order: WALLET_TOKEN_MALFORMED or _UNSUPPORTED, _NOT_FOR_MERCHANT,
    WALLET_SIGNER_UNTRUSTED, WALLET_SIGNATURE_INVALID, WALLET_TOKEN_EXPIRED, WALLET_APPLICATION_DATA_DIFFERS,
    WALLET_DECRYPTION_FAILED.
    """
    token = _read(given)
    header = token.header
    key = next((key for key in keys if hmac.compare_digest(key.fingerprint, header.public_key_hash)), None)
    ephemeral = reading.of_base64(header.ephemeral_public_key, "header.ephemeralPublicKey")
    data = reading.of_base64(token.data, "data")
    transaction = reading.of_hex(header.transaction_id, "header.transactionId")
    application = reading.of_hex(header.application_data, "header.applicationData") if header.application_data else b""
    signed = cms.read(reading.of_base64(token.signature, "signature"))
    if key is None:
        raise Refused(Reason.WALLET_TOKEN_NOT_FOR_MERCHANT, "token")
    _verify(signed, ephemeral + data + transaction + application, key.root, wall)
    if application_data is not None and not hmac.compare_digest(hashlib.sha256(application_data).digest(), application):
        raise Refused(Reason.WALLET_APPLICATION_DATA_DIFFERS, "token")
    return _opened(_decrypted(key, ephemeral, data), transaction.hex())


def _read(given: dict[str, Any]) -> _Token:
    # What a page gets from Apple's script has the token proper in `paymentData`.
    inner = given.get("paymentData", given)
    if not isinstance(inner, dict):
        raise malformed("paymentData is not an object")
    version = inner.get("version")
    if version == "RSA_v1":
        raise unsupported("RSA_v1 is used in mainland China only; ask for EC_v1 (an elliptic curve certificate)")
    if version != "EC_v1":
        raise unsupported("its version is not EC_v1") if isinstance(version, str) else malformed("it has no version")
    return reading.shaped(inner, _Token)


def _verify(signed: cms.Signed, content: bytes, root: x509.Certificate, wall: Instant) -> None:
    leaf, intermediate = cms.marked(signed, LEAF), cms.marked(signed, INTERMEDIATE)
    if leaf is None or intermediate is None or not cms.leads(leaf, intermediate, root, wall):
        raise cms.refuse_untrusted()
    if not cms.is_over(signed, content, leaf):
        raise Refused(Reason.WALLET_SIGNATURE_INVALID, "token")
    if abs(wall - signed.at) > SIGNED_WITHIN:
        raise Refused(Reason.WALLET_TOKEN_EXPIRED, "token")


def symmetric_key(secret: bytes, merchant: bytes) -> bytes:
    """The key of a token: NIST SP 800-56A, 5.8.1, with SHA-256, for AES-256-GCM, from Apple to a merchant."""
    return hashlib.sha256(b"\0\0\0\x01" + secret + b"\x0did-aes256-GCM" + b"Apple" + merchant).digest()


def _decrypted(key: Key, ephemeral: bytes, data: bytes) -> bytes:
    try:
        secret = curve.shared_secret(key.private, curve.public_key_of_der(ephemeral))
        return AESGCM(symmetric_key(secret, key.merchant)).decrypt(_IV, data, None)
    except (InvalidTag, ValueError):
        raise Refused(Reason.WALLET_DECRYPTION_FAILED, "token") from None


def _opened(plaintext: bytes, transaction: str) -> Opened:
    payment = reading.json(plaintext, _Payment, "what it holds")
    if payment.payment_data_type != "3DSecure":
        raise unsupported("it holds EMV data; ask for the merchant capability supports3DS")
    date = payment.application_expiration_date
    if not (len(date) == 6 and date.isascii() and date.isdigit()):
        raise malformed("it holds no card")
    authentication = payment.payment_data
    card = reading.card(
        payment.application_primary_account_number,
        int(date[2:4]),
        2000 + int(date[:2]),
        name=payment.cardholder_name,
        cryptogram=authentication.online_payment_cryptogram,
        eci=authentication.eci_indicator,
    )
    return Opened(Wallet.APPLE_PAY, transaction, card, is_tokenized=True)


def merchant_of(certificate: x509.Certificate) -> bytes:
    """The SHA-256 of the merchant identifier that a certificate is for. Raises ValueError where it says none."""
    for extension in certificate.extensions:
        if extension.oid.dotted_string == MERCHANT and isinstance(extension.value, x509.UnrecognizedExtension):
            # A string of 64 characters, in DER: its tag and its length come first.
            found = bytes.fromhex(extension.value.value[-64:].decode("ascii"))
            if len(found) == 32:
                return found
    raise ValueError("not a payment processing certificate")


def digest_of(merchant_id: str) -> bytes:
    """The SHA-256 of a merchant identifier, by which certificates and keys name the merchant."""
    return hashlib.sha256(merchant_id.encode()).digest()


def is_valid_at(certificate: x509.Certificate, wall: Instant) -> bool:
    """Whether a certificate's time has come and is not over."""
    return int(certificate.not_valid_before_utc.timestamp()) * SECOND <= wall < expires_at(certificate)


def expires_at(certificate: x509.Certificate) -> Instant:
    """When a certificate's time is over."""
    return int(certificate.not_valid_after_utc.timestamp()) * SECOND
