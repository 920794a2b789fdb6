"""Makes the recorded tokens anew: `python -m tests.vault.recording`.

It goes by the letter of the formats (Apple, Payment Token Format Reference; Google, Payment data cryptography for
merchants) and uses nothing of Tillgate's, so that what opens its tokens has read the same documents. Every key in it
is its own, and good for nothing else.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent / "recorded_tokens"
MERCHANT = "merchant.example.books"
RECIPIENT = "merchant:12345678901234567890"
SIGNED_AT = 1_414_439_563
DAY = 86_400

LEAF, INTERMEDIATE = "1.2.840.113635.100.6.29", "1.2.840.113635.100.6.2.14"
MERCHANTS = "1.2.840.113635.100.6.32"

Private = ec.EllipticCurvePrivateKey


def _key() -> Private:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: Private) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _spki(key: Private) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def _point(key: Private) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _certificate(
    name: str, key: Private, issuer: str, signer: Private, marks: dict[str, bytes], days: tuple[float, float]
) -> x509.Certificate:
    is_authority = name.endswith("CA")
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_at(days[0]))
        .not_valid_after(_at(days[1]))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(_usage(is_authority), critical=True)
    )
    for mark, value in marks.items():
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), value)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    allowed = {"digital_signature": not is_authority, "key_cert_sign": is_authority, "crl_sign": is_authority}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(**allowed, **dict.fromkeys((*others, "encipher_only", "decipher_only"), False))


def _at(days: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(SIGNED_AT + days * DAY, datetime.UTC)


def _loosened(der: bytes, depth: int) -> bytes:
    """The same in BER, with the indefinite lengths that devices write, for so many levels from the outside."""
    if not depth or not der[0] & 0x20:
        return der
    contents, parts = der[len(der) - _size(der)[0] :], b""
    while contents:
        size = sum(_size(contents))
        parts += _loosened(contents[:size], depth - 1)
        contents = contents[size:]
    return bytes([der[0], 0x80]) + parts + b"\0\0"


def _size(der: bytes) -> tuple[int, int]:
    """How long the contents of what comes first are, and what stands before them."""
    if der[1] < 0x80:
        return der[1], 2
    count = der[1] & 0x7F
    return int.from_bytes(der[2 : 2 + count], "big"), 2 + count


def _signature(content: bytes, leaf: x509.Certificate, between: x509.Certificate, key: Private) -> bytes:
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(_at(0))})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
        ]
    )
    whole_certificates = (each.public_bytes(serialization.Encoding.DER) for each in (leaf, between))
    first, second = map(asn1_x509.Certificate.load, whole_certificates)
    signer = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": first.issuer, "serial_number": first.serial_number}},
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signature": key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
    }
    data = {
        "version": "v1",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": "data"},
        "certificates": [first, second],
        "signer_infos": [cms.SignerInfo(signer)],
    }
    whole = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)})
    return _loosened(whole.dump(), 4)


def apple_pay() -> dict[str, Any]:
    """As in tests.vault.recorded."""
    root, between, leaf = _key(), _key(), _key()
    roots = _certificate("Test Root CA", root, "Test Root CA", root, {}, (-200, 9_000))
    betweens = _certificate("Test CA", between, "Test Root CA", root, {INTERMEDIATE: b"\x05\x00"}, (-170, 5_000))
    leaves = _certificate("test signer", leaf, "Test CA", between, {LEAF: b"\x05\x00"}, (-100, 1_700))

    def token(merchant: str, key: Private, card: dict[str, Any]) -> dict[str, Any]:
        ephemeral, transaction = _key(), os.urandom(32)
        shared = ephemeral.exchange(ec.ECDH(), key.public_key())
        info = b"\x0did-aes256-GCM" + b"Apple" + hashlib.sha256(merchant.encode()).digest()
        secret = ConcatKDFHash(hashes.SHA256(), 32, info).derive(shared)
        data = AESGCM(secret).encrypt(bytes(16), json.dumps(card).encode(), None)
        content = _spki(ephemeral) + data + transaction
        header = {
            "transactionId": transaction.hex(),
            "ephemeralPublicKey": _text(_spki(ephemeral)),
            "publicKeyHash": _text(hashlib.sha256(_spki(key)).digest()),
        }
        signature = _text(_signature(content, leaves, betweens, leaf))
        return {"version": "EC_v1", "data": _text(data), "signature": signature, "header": header}

    key, other = _key(), _key()
    cryptogram = _text(os.urandom(20))
    card = {
        "applicationPrimaryAccountNumber": "4109370251004320",
        "applicationExpirationDate": "200731",
        "currencyCode": "840",
        "transactionAmount": 100,
        "deviceManufacturerIdentifier": "040010030273",
        "paymentDataType": "3DSecure",
        "paymentData": {"onlinePaymentCryptogram": cryptogram, "eciIndicator": "5"},
    }
    digest = hashlib.sha256(MERCHANT.encode()).hexdigest().upper().encode()
    mark = {MERCHANTS: b"\x0c\x40" + digest}
    certificate = _certificate(f"Merchant ID: {MERCHANT}", key, "Test CA", between, mark, (-2, 758))
    return {
        "wall_seconds": SIGNED_AT,
        "merchant_id": MERCHANT,
        "expires_seconds": SIGNED_AT + 758 * DAY,
        "root": roots.public_bytes(serialization.Encoding.PEM).decode(),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "private_key": _pem(key),
        "opened": {
            "number": card["applicationPrimaryAccountNumber"],
            "exp_month": 7,
            "exp_year": 2020,
            "cryptogram": cryptogram,
            "eci": "05",
        },
        "token": token(MERCHANT, key, card),
        "another_merchants": {"wall_seconds": SIGNED_AT, "token": token("merchant.example.other", other, card)},
    }


def _hkdf(secret: bytes, size: int) -> bytes:
    """RFC 5869 with SHA-256, a salt of zeros, and "Google" as its information."""
    pseudorandom = hmac.digest(bytes(32), secret, "sha256")
    found, block, number = b"", b"", 0
    while len(found) < size:
        number += 1
        block = hmac.digest(pseudorandom, block + b"Google" + bytes([number]), "sha256")
        found += block
    return found[:size]


def _joined(*parts: str) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4, "little") + part.encode() for part in parts)


def google_pay() -> dict[str, Any]:
    """As in tests.vault.recorded."""
    key, root, between = _key(), _key(), _key()
    expires = str((SIGNED_AT + 9_000 * DAY) * 1000)

    def token(version: str, opened: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
        message = {
            "messageId": opened["messageId"],
            "messageExpiration": str((SIGNED_AT + 7 * DAY) * 1000),
            "paymentMethod": "TOKENIZED_CARD" if "dpan" in details else "CARD",
            "paymentMethodDetails": {
                "expirationMonth": opened["expirationMonth"],
                "expirationYear": opened["expirationYear"],
                **details,
            },
        }
        ephemeral, size = _key(), 16 if version == "ECv1" else 32
        keys = _hkdf(_point(ephemeral) + ephemeral.exchange(ec.ECDH(), key.public_key()), 2 * size)
        encryptor = Cipher(algorithms.AES(keys[:size]), modes.CTR(bytes(16))).encryptor()
        encrypted = encryptor.update(json.dumps(message).encode()) + encryptor.finalize()
        signed = json.dumps(
            {
                "encryptedMessage": _text(encrypted),
                "ephemeralPublicKey": _text(_point(ephemeral)),
                "tag": _text(hmac.digest(keys[size:], encrypted, "sha256")),
            }
        )
        whole: dict[str, Any] = {"protocolVersion": version, "signedMessage": signed}
        signer = root
        if version == "ECv2":
            signer = between
            value = {"keyValue": _text(_spki(between)), "keyExpiration": str((SIGNED_AT + 8 * DAY) * 1000)}
            named = json.dumps(value)
            vouched = root.sign(_joined("Google", version, named), ec.ECDSA(hashes.SHA256()))
            whole["intermediateSigningKey"] = {"signedKey": named, "signatures": [_text(vouched)]}
        over = _joined("Google", RECIPIENT, version, signed)
        return {**whole, "signature": _text(signer.sign(over, ec.ECDSA(hashes.SHA256())))}

    card = {"pan": "4895370012003478", "expirationMonth": 12, "expirationYear": 2025}
    proof = {"cryptogram": _text(os.urandom(20)), "eciIndicator": "07"}
    made: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("ECv2", {**card, **proof}, {"pan": card["pan"], "authMethod": "CRYPTOGRAM_3DS", **proof}),
        (
            "ECv1",
            {**card, **proof},
            {
                "dpan": card["pan"],
                "authMethod": "3DS",
                "3dsCryptogram": proof["cryptogram"],
                "3dsEciIndicator": proof["eciIndicator"],
            },
        ),
        ("ECv1", {**card, "cryptogram": None, "eciIndicator": None}, {"pan": card["pan"]}),
    ]
    tokens = []
    for version, opened, details in made:
        known = {**opened, "messageId": _text(os.urandom(48))}
        tokens.append({"wall_seconds": SIGNED_AT, "opened": known, "token": token(version, known, details)})
    versions = [{"protocolVersion": "ECv1"}, {"protocolVersion": "ECv2", "keyExpiration": expires}]
    return {
        "private_key": _pem(key),
        "recipient": RECIPIENT,
        "root_keys": {"keys": [{"keyValue": _text(_spki(root)), **version} for version in versions]},
        "tokens": tokens,
    }


if __name__ == "__main__":
    for name, made in (("apple_pay", apple_pay()), ("google_pay", google_pay())):
        (HERE / f"{name}.json").write_text(json.dumps(made, indent=2) + "\n")
