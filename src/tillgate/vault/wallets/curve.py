"""P-256, on which both wallets agree upon secrets and sign."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

_SHA256 = ec.ECDSA(hashes.SHA256())


def private_key_of_pem(pem: str) -> PrivateKey:
    """A private key as files hold it. Raises ValueError, without the key, for anything but an open P-256 key."""
    try:
        return _private(serialization.load_pem_private_key(pem.encode(), None))
    except (ValueError, TypeError, UnicodeEncodeError):
        raise ValueError("not a P-256 key in PEM, without a password") from None


def private_key_of_der(der: bytes) -> PrivateKey:
    """A private key as `der` wrote it."""
    return _private(serialization.load_der_private_key(der, None))


def der(key: PrivateKey) -> bytes:
    """A private key as bytes (PKCS #8)."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_key_of_der(der: bytes) -> PublicKey:
    """A public key as X.509 writes it (SubjectPublicKeyInfo). Raises ValueError for anything but P-256."""
    return public_key(serialization.load_der_public_key(der))


def public_key_of_point(point: bytes) -> PublicKey:
    """A public key as an uncompressed point. Raises ValueError for what is not on the curve."""
    if len(point) != 65 or point[0] != 4:
        raise ValueError("not an uncompressed point")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def public_key(key: object) -> PublicKey:
    """A key, if it is a public one of P-256. Raises ValueError for any other."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")
    return key


def spki(key: PublicKey) -> bytes:
    """A public key as X.509 writes it."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def point(key: PublicKey) -> bytes:
    """A public key as an uncompressed point."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def fingerprint(key: PublicKey) -> str:
    """By which a key is known: the SHA-256 of its SubjectPublicKeyInfo, in base64."""
    return base64.b64encode(hashlib.sha256(spki(key)).digest()).decode()


def shared_secret(own: PrivateKey, other: PublicKey) -> bytes:
    """What both sides find, and nobody else (ECDH): 32 bytes."""
    return own.exchange(ec.ECDH(), other)


def is_signed(message: bytes, signature: bytes, by: PublicKey) -> bool:
    """Whether a signature (ECDSA with SHA-256, in DER) is a key's over a message."""
    try:
        by.verify(signature, message, _SHA256)
    except InvalidSignature:
        return False
    return True


def _private(key: object) -> PrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")
    return key
