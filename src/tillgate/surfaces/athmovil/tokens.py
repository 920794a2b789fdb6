"""auth_token: what its merchant is given with a ticket, and takes the money with (ath_movil.md, auth_token)."""

from collections.abc import Mapping
from typing import Any, Final

from tillgate.core import phone_wallets
from tillgate.core.instants import SECOND, Instant, unix_seconds
from tillgate.flows.signing_keys import Signer
from tillgate.http.exchange import Request
from tillgate.surfaces.athmovil.errors import Wrong
from tillgate.vault.signing import Unverified

LASTS_SECONDS: Final = 900
ISSUER: Final = "Process Payment"
PERMISSION: Final = "customer.business.ecommerce.authorization:write"
_LONGEST: Final = 4_096


async def issue(signer: Signer, ticket: str, wall: Instant) -> str:
    """A token that names one ticket."""
    now = unix_seconds(wall)
    return await signer.sign(
        {
            "sub": ticket,
            "fiId": "",
            "nbf": now,
            "azp": [],
            "permissions": [PERMISSION],
            "iss": ISSUER,
            "scopes": [PERMISSION],
            "iat": now,
            "exp": now + LASTS_SECONDS,
        }
    )


async def ticket(signer: Signer, request: Request, wall: Instant) -> str:
    """The number of the ticket that a request's token names.

    Raises Wrong(token.invalid.header) without one, BTRA_0017 for one that is not ours, token.expired.
    """
    header = request.header("authorization")
    if header is None or not header.strip():
        raise Wrong("token.invalid.header")
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or len(token) > _LONGEST:
        raise Wrong("BTRA_0017")
    try:
        claims = await signer.read(token.strip())
    except Unverified:
        raise Wrong("BTRA_0017") from None
    if not _is_ours(claims) or unix_seconds(wall) < claims["nbf"]:
        raise Wrong("BTRA_0017")
    if unix_seconds(wall) >= claims["exp"]:
        raise Wrong("token.expired", _written(claims["exp"] * SECOND))
    return str(claims["sub"])


def _is_ours(claims: Mapping[str, Any]) -> bool:
    times = [claims.get(name) for name in ("nbf", "exp")]
    return (
        claims.get("iss") == ISSUER
        and claims.get("permissions") == [PERMISSION]
        and isinstance(claims.get("sub"), str)
        and all(type(time) is int for time in times)
    )


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _written(instant: Instant) -> str:
    """`Fri Oct 28 15:21:00 AST 2022`, whatever the machine's language."""
    local = phone_wallets.local(instant)
    return f"{_DAYS[local.weekday()]} {_MONTHS[local.month - 1]} {local:%d %H:%M:%S} AST {local.year}"
