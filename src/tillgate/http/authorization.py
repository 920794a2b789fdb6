"""Authorization: what the header of that name says, by the schemes Bearer (RFC 6750) and Basic (RFC 7617)."""

import base64
import binascii

from tillgate.core.reasons import Reason, Refused
from tillgate.http.exchange import Request


def secret(request: Request) -> str:
    """The key or access token of a request: Bearer, or the user name of Basic, whose password is empty.

    Raises Refused(CREDENTIAL_MISSING) where there is none of either, Refused(CREDENTIAL_INVALID) for a Basic that
    cannot be read or has a password: nothing here is proved by two secrets.
    """
    scheme, given = _given(request)
    if scheme == "bearer" and given:
        return given
    if scheme != "basic" or not given:
        raise Refused(Reason.CREDENTIAL_MISSING)
    user, password = basic(request) or ("", "")
    if not user or password:
        raise Refused(Reason.CREDENTIAL_INVALID)
    return user


def is_basic(request: Request) -> bool:
    """Whether the request authenticates by Basic, readable or not."""
    return _given(request)[0] == "basic"


def basic(request: Request) -> tuple[str, str] | None:
    """User name and password, or None for what cannot be read."""
    try:
        user, colon, password = base64.b64decode(_given(request)[1], validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def _given(request: Request) -> tuple[str, str]:
    scheme, _, given = (request.header("authorization") or "").partition(" ")
    return scheme.lower(), given.strip()
