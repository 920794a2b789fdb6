"""Google Pay: payment method tokens ECv1 and ECv2 (Google, Payment data cryptography for merchants)."""

import hmac
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillgate.core.cards import Wallet
from tillgate.core.instants import MILLISECOND, Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import Opened
from tillgate.vault.wallets import curve, reading
from tillgate.vault.wallets.reading import malformed, unsupported

SENDER: Final = "Google"

KEY_BYTES: Final = {"ECv1": 16, "ECv2": 32}
"""The versions taken, with the length of each of their two symmetric keys."""

GATEWAY: Final = "gateway:"
MERCHANT: Final = "merchant:"
"""What a recipient's id begins with, by who it is."""

_IV: Final = bytes(16)

_PROGRESS: Final = (
    Reason.WALLET_SIGNER_UNTRUSTED,
    Reason.WALLET_SIGNATURE_INVALID,
    Reason.WALLET_TOKEN_EXPIRED,
    Reason.WALLET_DECRYPTION_FAILED,
    Reason.WALLET_TOKEN_NOT_FOR_MERCHANT,
)
"""How far a key got with a token, by the reason why it got no further."""


class RootKey(msgspec.Struct, frozen=True, rename="camel"):
    """One of Google's root signing keys, as Google publishes them; its expiration in milliseconds."""

    key_value: str
    protocol_version: str
    key_expiration: str | None = None


class RootKeys(msgspec.Struct, frozen=True):
    """The set that Google publishes."""

    keys: tuple[RootKey, ...]


class Key(msgspec.Struct, frozen=True):
    """A recipient's key: whom tokens are for (`merchant:…`, `gateway:…`), and whose roots to trust."""

    private: curve.PrivateKey
    recipient: str
    roots: RootKeys
    gateway_merchant_id: str | None = None


class _Intermediate(msgspec.Struct, rename="camel"):
    signed_key: str
    signatures: list[str]


class _Token(msgspec.Struct, rename="camel"):
    protocol_version: str
    signature: str
    signed_message: str
    intermediate_signing_key: _Intermediate | None = None


class _SignedKey(msgspec.Struct, rename="camel"):
    key_value: str
    key_expiration: str


class _SignedMessage(msgspec.Struct, rename="camel"):
    encrypted_message: str
    ephemeral_public_key: str
    tag: str


class _Details(msgspec.Struct, rename="camel"):
    expiration_month: int
    expiration_year: int
    auth_method: str | None = None
    pan: str | None = None
    cryptogram: str | None = None
    eci_indicator: str | None = None
    # The names of these in ECv1.
    dpan: str | None = None
    cryptogram_v1: str | None = msgspec.field(default=None, name="3dsCryptogram")
    eci_v1: str | None = msgspec.field(default=None, name="3dsEciIndicator")


class _Message(msgspec.Struct, rename="camel"):
    message_id: str
    message_expiration: str
    payment_method_details: _Details
    gateway_merchant_id: str | None = None


def open(given: dict[str, Any], keys: tuple[Key, ...], wall: Instant) -> Opened:
    """What a token holds, which one of a merchant's keys opens.

    Raises Refused with the reason, in this order: WALLET_TOKEN_MALFORMED or _UNSUPPORTED, WALLET_SIGNER_UNTRUSTED,
    WALLET_SIGNATURE_INVALID (a token for another recipient has this too: whom it is for is only in what was signed),
    WALLET_TOKEN_EXPIRED, WALLET_DECRYPTION_FAILED, WALLET_TOKEN_NOT_FOR_MERCHANT.
    """
    token = _read(given)
    refusals: list[Refused] = []
    for key in keys:
        try:
            return _open(token, key, wall)
        except Refused as refused:
            if refused.reason not in _PROGRESS:
                raise
            refusals.append(refused)
    raise max(refusals, key=lambda refused: _PROGRESS.index(refused.reason))


def _read(given: dict[str, Any]) -> _Token:
    # What a page gets from Google's script has the token proper as text in `tokenizationData.token`.
    if isinstance(tokenization := given.get("tokenizationData"), dict):
        given = reading.opened(tokenization.get("token"))
    version = given.get("protocolVersion")
    if not isinstance(version, str) or not version:
        raise malformed("it has no protocolVersion")
    if version == "ECv2SigningOnly":
        raise unsupported("ECv2SigningOnly does not encrypt the card; ask for ECv2")
    if version not in KEY_BYTES:
        raise unsupported("its protocolVersion is neither ECv2 nor ECv1")
    return reading.shaped(given, _Token)


def _open(token: _Token, key: Key, wall: Instant) -> Opened:
    signature = reading.of_base64(token.signature, "signature")
    signed = joined(SENDER, key.recipient, token.protocol_version, token.signed_message)
    if not any(curve.is_signed(signed, signature, by) for by in _signers(token, key.roots, wall)):
        raise Refused(Reason.WALLET_SIGNATURE_INVALID, "token")
    inner = reading.json(token.signed_message, _SignedMessage, "signedMessage")
    plaintext = _decrypted(inner, key.private, KEY_BYTES[token.protocol_version])
    message = reading.json(plaintext, _Message, "what it holds")
    if milliseconds(message.message_expiration) <= wall:
        raise Refused(Reason.WALLET_TOKEN_EXPIRED, "token")
    if key.recipient.startswith(GATEWAY) and message.gateway_merchant_id != key.gateway_merchant_id:
        raise Refused(Reason.WALLET_TOKEN_NOT_FOR_MERCHANT, "token")
    return _opened(message)


def _signers(token: _Token, roots: RootKeys, wall: Instant) -> list[curve.PublicKey]:
    """Who may have signed the message: Google's roots, or since ECv2 a key that one of them signed, for a while."""
    version = token.protocol_version
    trusted = [trusted_key(root) for root in roots.keys if root.protocol_version == version and lasts(root, wall)]
    if version == "ECv1":
        return trusted
    between = token.intermediate_signing_key
    if between is None:
        raise malformed("it has no intermediateSigningKey")
    signed = joined(SENDER, version, between.signed_key)
    signatures = [reading.of_base64(each, "intermediateSigningKey.signatures") for each in between.signatures[:8]]
    if not any(curve.is_signed(signed, each, root) for root in trusted for each in signatures):
        raise Refused(Reason.WALLET_SIGNER_UNTRUSTED, "token")
    key = reading.json(between.signed_key, _SignedKey, "intermediateSigningKey.signedKey")
    if milliseconds(key.key_expiration) <= wall:
        raise Refused(Reason.WALLET_TOKEN_EXPIRED, "token")
    try:
        return [curve.public_key_of_der(reading.of_base64(key.key_value, "keyValue"))]
    except ValueError:
        raise malformed("intermediateSigningKey is not a P-256 key") from None


def lasts(root: RootKey, wall: Instant) -> bool:
    """Whether a root key may still be gone by; only those of ECv1 may have no expiration."""
    over = expires_at(root)
    return root.protocol_version == "ECv1" if over is None else over > wall


def expires_at(root: RootKey) -> Instant | None:
    """When a root key's time is over, where it says so. Raises WALLET_TOKEN_MALFORMED."""
    return None if root.key_expiration is None else milliseconds(root.key_expiration)


def trusted_key(root: RootKey) -> curve.PublicKey:
    """A root key as such. Raises ValueError for one that is not on P-256, Refused where it is not base64."""
    return curve.public_key_of_der(reading.of_base64(root.key_value, "keyValue"))


def joined(*parts: str) -> bytes:
    """What is signed: each part behind its length in bytes, four of them, little-endian."""
    encoded = [part.encode() for part in parts]
    return b"".join([piece for part in encoded for piece in (len(part).to_bytes(4, "little"), part)])


def symmetric_keys(secret: bytes, ephemeral: bytes, key_bytes: int) -> tuple[bytes, bytes]:
    """The keys that encrypt and authenticate a message: HKDF (RFC 5869) with SHA-256 and no salt."""
    both = HKDF(hashes.SHA256(), 2 * key_bytes, None, SENDER.encode()).derive(ephemeral + secret)
    return both[:key_bytes], both[key_bytes:]


def crypted(key: bytes, text: bytes) -> bytes:
    """A message encrypted, or decrypted: AES in counter mode from zero, since each key is used once."""
    cipher = Cipher(algorithms.AES(key), modes.CTR(_IV)).encryptor()
    return cipher.update(text) + cipher.finalize()


def _decrypted(message: _SignedMessage, private: curve.PrivateKey, key_bytes: int) -> bytes:
    encrypted = reading.of_base64(message.encrypted_message, "encryptedMessage")
    ephemeral = reading.of_base64(message.ephemeral_public_key, "ephemeralPublicKey")
    tag = reading.of_base64(message.tag, "tag")
    try:
        secret = curve.shared_secret(private, curve.public_key_of_point(ephemeral))
    except ValueError:
        raise malformed("ephemeralPublicKey is not a point of P-256") from None
    encrypting, authenticating = symmetric_keys(secret, ephemeral, key_bytes)
    if not hmac.compare_digest(hmac.digest(authenticating, encrypted, "sha256"), tag):
        raise Refused(Reason.WALLET_DECRYPTION_FAILED, "token")
    return crypted(encrypting, encrypted)


def milliseconds(text: str) -> Instant:
    """A time as Google writes it, in milliseconds since the epoch. Raises WALLET_TOKEN_MALFORMED."""
    if not (len(text) <= 15 and text.isascii() and text.isdigit()):
        raise malformed("an expiration is not in milliseconds")
    return int(text) * MILLISECOND


def _opened(message: _Message) -> Opened:
    details = message.payment_method_details
    cryptogram = details.cryptogram or details.cryptogram_v1
    number = details.dpan or details.pan
    if number is None or not 0 < len(message.message_id) <= 255:
        raise malformed("it holds no card")
    if details.auth_method == "CRYPTOGRAM_3DS" and cryptogram is None:
        raise malformed("it holds no cryptogram")
    card = reading.card(
        number,
        details.expiration_month,
        details.expiration_year,
        name=None,
        cryptogram=cryptogram,
        eci=details.eci_indicator or details.eci_v1,
    )
    is_tokenized = details.dpan is not None or details.auth_method == "CRYPTOGRAM_3DS"
    return Opened(Wallet.GOOGLE_PAY, message.message_id, card, is_tokenized)
