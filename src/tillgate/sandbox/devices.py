"""The sandbox's devices: they make wallets' tokens as real ones would, for merchants of test mode.

What a tenant's devices sign with is derived from a key of the vault's, so that it is the same in every process and
kept nowhere. Nothing real trusts it: to be opened, a token has to lead to the sandbox's own roots.
"""

import base64
import datetime
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

import msgspec
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from tillgate.core.cards import Brand, Card, brand
from tillgate.core.instants import DAY, MILLISECOND, SECOND, Instant
from tillgate.vault.wallets import apple, curve, google

MERCHANT_ID: Final = "merchant.sandbox"
RECIPIENT: Final = google.MERCHANT + "sandbox"
"""What the sandbox's merchants are called by their wallets."""

MESSAGE_LASTS: Final = 7 * DAY
"""How long Google's messages last."""

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SIGNING: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_FROM: Final = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL: Final = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
_SENT_ECI: Final = {Brand.MASTERCARD: "02"}
"""What says that a card's holder was authenticated; every brand but one writes it in one way."""

_encode = msgspec.json.Encoder().encode


class Devices:
    """Every phone and watch that pays in the sandbox.

    `digest` gives 32 bytes that are the same for the same texts and that nobody guesses; `random(n)` n random bytes.
    """

    def __init__(self, digest: Callable[..., bytes], random: Callable[[int], bytes]) -> None:
        self._digest = digest
        self._random = random

    def apple_key(self, tenant: str) -> apple.Key:
        """With what a tenant opens its devices' Apple Pay tokens."""
        root = self._certificate(tenant, "apple root", "apple root", [], is_authority=True)
        return apple.Key(self._private(tenant, "apple merchant"), apple.digest_of(MERCHANT_ID), root)

    def google_key(self, tenant: str) -> google.Key:
        """With what a tenant opens its devices' Google Pay tokens."""
        value = _base64(curve.spki(self._private(tenant, "google root").public_key()))
        expiration = str(int(_UNTIL.timestamp()) * 1000)
        roots = tuple(google.RootKey(value, version, expiration) for version in google.KEY_BYTES)
        return google.Key(self._private(tenant, "google merchant"), RECIPIENT, google.RootKeys(roots))

    def apple_pay(
        self, tenant: str, card: Card, wall: Instant, application_data: bytes | None = None
    ) -> dict[str, Any]:
        """What Apple's script gives a page for a card (`ApplePayPaymentToken`)."""
        key = self.apple_key(tenant)
        transaction = self._random(32)
        ephemeral = self._ephemeral()
        point = curve.spki(ephemeral.public_key())
        secret = curve.shared_secret(ephemeral, key.private.public_key())
        data = AESGCM(apple.symmetric_key(secret, key.merchant)).encrypt(bytes(16), self._apple_card(card), None)
        application = hashlib.sha256(application_data).digest() if application_data is not None else b""
        header = {
            "ephemeralPublicKey": _base64(point),
            "publicKeyHash": key.fingerprint,
            "transactionId": transaction.hex(),
        }
        if application:
            header["applicationData"] = application.hex()
        signature = self._signature(tenant, point + data + transaction + application, wall)
        payment = {"version": "EC_v1", "data": _base64(data), "signature": _base64(signature), "header": header}
        owner = brand(card.number)
        method = {"displayName": f"{owner.value.title()} {card.number.last4}", "network": owner.value.title()}
        return {
            "paymentData": payment,
            "paymentMethod": {**method, "type": "credit"},
            "transactionIdentifier": transaction.hex(),
        }

    def google_pay(
        self, tenant: str, card: Card, wall: Instant, version: str = "ECv2", *, is_tokenized: bool = True
    ) -> dict[str, Any]:
        """What Google's script gives a page for a card (`PaymentMethodData`); its token is text."""
        key = self.google_key(tenant)
        ephemeral = self._ephemeral()
        point = curve.point(ephemeral.public_key())
        secret = curve.shared_secret(ephemeral, key.private.public_key())
        encrypting, authenticating = google.symmetric_keys(secret, point, google.KEY_BYTES[version])
        encrypted = google.crypted(encrypting, self._google_card(card, wall, version, is_tokenized))
        message = _text(
            {
                "encryptedMessage": _base64(encrypted),
                "ephemeralPublicKey": _base64(point),
                "tag": _base64(hmac.digest(authenticating, encrypted, "sha256")),
            }
        )
        signer, token = self._google_signer(tenant, wall, version)
        signed = google.joined(google.SENDER, RECIPIENT, version, message)
        token |= {
            "protocolVersion": version,
            "signature": _base64(signer.sign(signed, _SIGNING)),
            "signedMessage": message,
        }
        info = {"cardNetwork": brand(card.number).value.upper(), "cardDetails": card.number.last4}
        return {"type": "CARD", "info": info, "tokenizationData": {"type": "DIRECT", "token": _text(token)}}

    def _google_signer(self, tenant: str, wall: Instant, version: str) -> tuple[curve.PrivateKey, dict[str, Any]]:
        """Who signs a message, and what says that a root allowed it: nothing in ECv1, where the root itself signs."""
        root = self._private(tenant, "google root")
        if version == "ECv1":
            return root, {}
        between = self._private(tenant, "google intermediate")
        value = _base64(curve.spki(between.public_key()))
        key = _text({"keyValue": value, "keyExpiration": str((wall + DAY) // MILLISECOND)})
        signature = root.sign(google.joined(google.SENDER, version, key), _SIGNING)
        return between, {"intermediateSigningKey": {"signedKey": key, "signatures": [_base64(signature)]}}

    def _apple_card(self, card: Card) -> bytes:
        return _encode(
            {
                "applicationPrimaryAccountNumber": card.number.digits,
                "applicationExpirationDate": f"{card.exp_year % 100:02}{card.exp_month:02}28",
                "currencyCode": "840",
                "transactionAmount": 0,
                "deviceManufacturerIdentifier": "040010030273",
                "paymentDataType": "3DSecure",
                "paymentData": {"onlinePaymentCryptogram": self._cryptogram(), "eciIndicator": _eci(card)},
                **({"cardholderName": card.name} if card.name else {}),
            }
        )

    def _google_card(self, card: Card, wall: Instant, version: str, is_tokenized: bool) -> bytes:
        details: dict[str, Any] = {"expirationMonth": card.exp_month, "expirationYear": card.exp_year}
        proof = {"cryptogram": self._cryptogram(), "eciIndicator": _eci(card)}
        if version == "ECv1" and is_tokenized:
            details |= {"dpan": card.number.digits, "authMethod": "3DS"}
            details |= {"3dsCryptogram": proof["cryptogram"], "3dsEciIndicator": proof["eciIndicator"]}
        elif is_tokenized:
            details |= {"pan": card.number.digits, "authMethod": "CRYPTOGRAM_3DS", **proof}
        else:
            details |= {"pan": card.number.digits, **({"authMethod": "PAN_ONLY"} if version == "ECv2" else {})}
        return _encode(
            {
                "messageId": _base64(self._random(48)),
                "messageExpiration": str((wall + MESSAGE_LASTS) // MILLISECOND),
                "paymentMethod": "TOKENIZED_CARD" if version == "ECv1" and is_tokenized else "CARD",
                "paymentMethodDetails": details,
            }
        )

    def _cryptogram(self) -> str:
        return _base64(self._random(20))

    def _ephemeral(self) -> curve.PrivateKey:
        return _scalar(self._random(32))

    def _private(self, tenant: str, role: str) -> curve.PrivateKey:
        return _scalar(self._digest("sandbox wallet", tenant, role))

    def _certificate(
        self, tenant: str, role: str, issuer: str, marks: list[str], *, is_authority: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(role))
            .issuer_name(_name(issuer))
            .public_key(self._private(tenant, role).public_key())
            .serial_number(int.from_bytes(self._digest("sandbox serial", tenant, role)[:16], "big") >> 1 | 1)
            .not_valid_before(_FROM)
            .not_valid_after(_UNTIL)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(_usage(is_authority), critical=True)
        )
        for mark in marks:
            value = x509.UnrecognizedExtension(x509.ObjectIdentifier(mark), b"\x05\x00")
            builder = builder.add_extension(value, critical=False)
        return builder.sign(self._private(tenant, issuer), hashes.SHA256(), ecdsa_deterministic=True)

    def _signature(self, tenant: str, content: bytes, wall: Instant) -> bytes:
        """A detached CMS signature over a content, with the certificates that lead to the tenant's root."""
        between = self._certificate(tenant, "apple intermediate", "apple root", [apple.INTERMEDIATE], is_authority=True)
        leaf = self._certificate(tenant, "apple leaf", "apple intermediate", [apple.LEAF], is_authority=False)
        at = datetime.datetime.fromtimestamp(wall // SECOND, datetime.UTC)
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
                cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(at)})]}),
                cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
            ]
        )
        first, second = (
            asn1_x509.Certificate.load(each.public_bytes(serialization.Encoding.DER)) for each in (leaf, between)
        )
        named = {"issuer": first.issuer, "serial_number": first.serial_number}
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": {"issuer_and_serial_number": named},
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signed_attrs": attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signature": self._private(tenant, "apple leaf").sign(attributes.dump(), _SIGNING),
            }
        )
        data = cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
                "encap_content_info": {"content_type": "data"},
                "certificates": [first, second],
                "signer_infos": [signer],
            }
        )
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def _scalar(seed: bytes) -> curve.PrivateKey:
    return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def _name(role: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sandbox {role}")])


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _eci(card: Card) -> str:
    return _SENT_ECI.get(brand(card.number), "05")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _text(value: object) -> str:
    return _encode(value).decode()
