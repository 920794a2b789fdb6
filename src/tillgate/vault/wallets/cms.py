"""CMS: a detached signature (RFC 5652), and the certificates that lead from its signer to a root."""

import datetime
import hashlib
from typing import Any

import msgspec
from asn1crypto import cms
from cryptography import x509
from cryptography.x509 import verification

from tillgate.core.instants import SECOND, Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.vault.wallets import curve
from tillgate.vault.wallets.reading import malformed

_SHA256 = "sha256"
_ECDSA = "sha256_ecdsa"
_MOST_CERTIFICATES = 6

_ANYTHING = verification.ExtensionPolicy.permit_all()
_CERTIFIES = _ANYTHING.require_present(x509.BasicConstraints, verification.Criticality.CRITICAL, None).require_present(
    x509.KeyUsage, verification.Criticality.CRITICAL, None
)


class Signed(msgspec.Struct, frozen=True):
    """A signature as it was read: by whom (issuer in DER, serial number), over what, and when (wall time)."""

    issuer: bytes
    serial: int
    certificates: tuple[x509.Certificate, ...]
    attributes: bytes
    signature: bytes
    digest: bytes
    at: Instant


def read(der: bytes) -> Signed:
    """A signature by one signer over what is not in it, with SHA-256 and ECDSA. Raises WALLET_TOKEN_MALFORMED."""
    try:
        return _read(der)
    except Refused:
        raise
    except Exception:
        # The parser raises whatever comes of what it was given.
        raise malformed("signature is not a CMS signature") from None


def _read(der: bytes) -> Signed:
    content = cms.ContentInfo.load(der, strict=True)
    if content["content_type"].native != "signed_data":
        raise malformed("signature is not a CMS signature")
    data = content["content"]
    signers = data["signer_infos"]
    if len(signers) != 1 or not 1 <= len(data["certificates"]) <= _MOST_CERTIFICATES:
        raise malformed("signature takes one signer, with its certificates")
    inside = data["encap_content_info"]
    if inside["content_type"].native != "data" or inside["content"].native is not None:
        raise malformed("signature is not detached")
    signer = signers[0]
    attributes = _attributes(signer["signed_attrs"])
    named = signer["sid"]
    if (
        named.name != "issuer_and_serial_number"
        or signer["digest_algorithm"]["algorithm"].native != _SHA256
        or signer["signature_algorithm"]["algorithm"].native != _ECDSA
        or attributes["content_type"].native != "data"
    ):
        raise malformed("signature takes SHA-256 and ECDSA, over data")
    return Signed(
        issuer=named.chosen["issuer"].dump(),
        serial=named.chosen["serial_number"].native,
        certificates=tuple([_certificate(each.chosen.dump()) for each in data["certificates"]]),
        # What is signed is the set of attributes as such, not in its place as an implicit field (RFC 5652, 5.4).
        attributes=signer["signed_attrs"].untag().dump(force=True),
        signature=signer["signature"].native,
        digest=attributes["message_digest"].native,
        at=int(attributes["signing_time"].native.timestamp()) * SECOND,
    )


def _certificate(der: bytes) -> x509.Certificate:
    """A certificate of which every part that is looked at later can be read."""
    found = x509.load_der_x509_certificate(der)
    curve.public_key(found.public_key())
    assert (found.issuer, found.subject, found.extensions, found.serial_number) is not None
    return found


def _attributes(given: Any) -> dict[str, Any]:
    """The signed attributes by name, each once with one value."""
    attributes = {each["type"].native: each["values"] for each in given}
    if len(attributes) != len(given) or any(len(values) != 1 for values in attributes.values()):
        raise malformed("signature has an attribute twice")
    return {name: values[0] for name, values in attributes.items()}


def is_over(signed: Signed, content: bytes, by: x509.Certificate) -> bool:
    """Whether a signature is that of a certificate's key over a content."""
    return (
        signed.digest == hashlib.sha256(content).digest()
        and (signed.issuer, signed.serial) == (by.issuer.public_bytes(), by.serial_number)
        and curve.is_signed(signed.attributes, signed.signature, curve.public_key(by.public_key()))
    )


def marked(signed: Signed, mark: str) -> x509.Certificate | None:
    """The one certificate with an extension, by the extension's object identifier."""
    found = [each for each in signed.certificates if has_extension(each, mark)]
    return found[0] if len(found) == 1 else None


def has_extension(certificate: x509.Certificate, identifier: str) -> bool:
    """Whether a certificate has an extension."""
    return any(extension.oid.dotted_string == identifier for extension in certificate.extensions)


def leads(leaf: x509.Certificate, between: x509.Certificate, root: x509.Certificate, wall: Instant) -> bool:
    """Whether a path leads from a leaf over one other certificate to a root, valid at an instant (RFC 5280)."""
    at = datetime.datetime.fromtimestamp(wall // SECOND, datetime.UTC).replace(tzinfo=None)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root]))
        .time(at)
        .max_chain_depth(1)
        .extension_policies(ca_policy=_CERTIFIES, ee_policy=_ANYTHING)
        .build_client_verifier()
    )
    try:
        chain = verifier.verify(leaf, [between]).chain
    except (verification.VerificationError, ValueError):
        return False
    return len(chain) == 3 and chain[1] == between


def refuse_untrusted() -> Refused:
    """The refusal of a token whose signer nobody vouches for."""
    return Refused(Reason.WALLET_SIGNER_UNTRUSTED, "token")
