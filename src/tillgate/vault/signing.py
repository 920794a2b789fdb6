"""Signing: RS256 tokens and the keys for them, read by keys that are known alone."""

from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

_ALGORITHM = "RS256"
_BITS = 2048


class Pair(msgspec.Struct, frozen=True):
    """A fresh key pair: the RFC 7638 thumbprint of the public half, that half as a JWK, and the private one as PEM."""

    id: str
    public: dict[str, str]
    private: bytes

    def __repr__(self) -> str:
        return f"Pair({self.id})"


class Unverified(Exception):
    """A token that no known key signed, or of another form than ours."""


def generate() -> Pair:
    """A key pair; it takes a moment."""
    key = RSAKey.generate_key(_BITS)
    id = key.thumbprint()
    public = {name: str(value) for name, value in key.as_dict(private=False).items() if name in ("kty", "n", "e")}
    return Pair(id, {**public, "kid": id, "use": "sig", "alg": _ALGORITHM}, key.as_pem(private=True))


def sign(private: RSAKey, id: str, claims: Mapping[str, Any], typ: str = "JWT") -> str:
    """A token with these claims."""
    return jwt.encode({"kid": id, "typ": typ, "alg": _ALGORITHM}, dict(claims), private, algorithms=[_ALGORITHM])


def private_key(pem: bytes) -> RSAKey:
    """The private half of a pair, ready to sign."""
    return RSAKey.import_key(pem)


def key_id(token: str) -> str:
    """The key that a token says to be signed with. Raises Unverified where it says none."""
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as wrong:
        raise Unverified from wrong
    if header.get("alg") != _ALGORITHM or not isinstance(header.get("kid"), str):
        raise Unverified
    return str(header["kid"])


def read(token: str, public: Mapping[str, str], typ: str = "JWT") -> dict[str, Any]:
    """The claims of a token that this key signed. Raises Unverified."""
    try:
        found = jwt.decode(token, RSAKey.import_key(dict(public)), algorithms=[_ALGORITHM])
    except (JoseError, ValueError) as wrong:
        raise Unverified from wrong
    if found.header.get("typ") != typ:
        raise Unverified
    return dict(found.claims)
