"""Grants: a person agrees, a client exchanges the code once, refreshes with each token once, and either ends it."""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tillgate.core import authorization_requests, oauth
from tillgate.core.authorization_requests import Request
from tillgate.core.credentials import Credential
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import Client, Code, Grant, OAuthScope, Rejected
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.store import find
from tillgate.store.batches import Conflict

T = TypeVar("T")

Make = Callable[[Grant], Awaitable[T]]
"""What is made of a grant as it will be, before that is written down: if it fails, nothing has happened."""

_PREFIX = "gra_"


async def agree(gateway: Gateway, tenant: Tenant, person: str, request: Request, scopes: frozenset[OAuthScope]) -> str:
    """A person lets a client do this for a merchant: the code, which is good once, for a minute."""
    wall = gateway.clock.wall()
    grant = oauth.agreed(
        gateway.ids.new("gra", wall),
        tenant.id,
        request.client,
        person,
        scopes,
        request.asked_uri,
        request.challenge,
        wall,
    )
    await gateway.store.commit(Decision(save=(grant,)))
    log.info("a client was authorized", client=grant.client, person=person, grant=grant.id, scopes=sorted(scopes))
    return code(gateway, grant)


async def exchange(
    gateway: Gateway, client: Client, code: str, redirect_uri: str | None, verifier: str, make: Make[T]
) -> T:
    """What is made of the grant whose code this is. Raises Rejected(INVALID_GRANT).

    Of any number at once one gets it. A code that is used again takes back everything that came of it.
    """

    def check(grant: Grant) -> None:
        if redirect_uri != grant.redirect_uri:
            raise Rejected(Code.INVALID_GRANT, "The redirect_uri is not the one of the authorization request.")
        hashed = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=")
        if not authorization_requests.is_verifier(verifier) or not hmac.compare_digest(
            challenge, grant.challenge.encode()
        ):
            raise Rejected(Code.INVALID_GRANT, "The code_verifier is not the one of the code_challenge.")

    id, turn = _read_code(code)
    return await _turn(gateway, client, id, turn, code, check, make)


async def refresh(gateway: Gateway, client: Client, token: str, make: Make[T]) -> T:
    """What is made of the grant whose refresh token this is, which is good no more then; see `exchange`."""
    id, turn = _read_refresh_token(token)
    return await _turn(gateway, client, id, turn, token, lambda grant: None, make)


async def own(gateway: Gateway, client: Client, credential: Credential, scopes: frozenset[OAuthScope]) -> Grant:
    """What a client may do in its own name, for an hour."""
    wall = gateway.clock.wall()
    grant = oauth.own(gateway.ids.new("gra", wall), client, credential.digest, scopes, wall)
    await gateway.store.commit(Decision(save=(grant,)))
    return grant


async def of_refresh_token(gateway: Gateway, token: str) -> tuple[Grant, int] | None:
    """The grant whose refresh token this is, and of which turn; None where it is none of ours, or long over."""
    try:
        id, turn = _read_refresh_token(token)
    except Rejected:
        return None
    grant = await _found(gateway, id)
    if grant is None or not hmac.compare_digest(token.encode(), refresh_token(gateway, grant, turn).encode()):
        return None
    return grant, turn


async def of_person(gateway: Gateway, person: str) -> list[Grant]:
    """What somebody lets clients do at the moment, newest first."""
    wall = gateway.clock.wall()
    found = [grant for grant in await find.of_person(gateway.store, Grant, person) if grant.revoked_at is None]
    return [
        grant
        for grant in reversed(found)
        if grant.turn and wall < max(grant.ends_at, grant.used_at + oauth.ACCESS_LASTS)
    ]


async def revoke(gateway: Gateway, grant: Grant, why: str) -> None:
    """Take a grant back with everything that came of it: nothing of it is good any more, everywhere in a second."""
    await _change(gateway, grant, lambda found: oauth.revoked(found, gateway.clock.wall()))
    log.info("a grant was revoked", grant=grant.id, client=grant.client, why=why)


async def revoke_access(gateway: Gateway, grant: Grant, turn: int) -> None:
    """Take one access token of a grant back; its client may refresh."""
    await _change(gateway, grant, lambda found: oauth.without(found, turn, gateway.clock.wall()))
    log.info("an access token was revoked", grant=grant.id, client=grant.client, turn=turn)


def code(gateway: Gateway, grant: Grant) -> str:
    """The code of a grant."""
    return f"ac_{grant.id.removeprefix(_PREFIX)}.{gateway.secrets.grant_proof(grant.id, 0)}"


def refresh_token(gateway: Gateway, grant: Grant, turn: int) -> str:
    """The refresh token of a turn of a grant."""
    return f"rt_{grant.id.removeprefix(_PREFIX)}.{turn}.{gateway.secrets.grant_proof(grant.id, turn)}"


async def _turn(
    gateway: Gateway,
    client: Client,
    id: str,
    turn: int,
    shown: str,
    check: Callable[[Grant], None],
    make: Make[T],
) -> T:
    while True:
        grant, wall = await _found(gateway, id), gateway.clock.wall()
        ours = None if grant is None else (refresh_token(gateway, grant, turn) if turn else code(gateway, grant))
        if grant is None or ours is None or not hmac.compare_digest(shown.encode(), ours.encode()):
            raise Rejected(Code.INVALID_GRANT, "This is unknown, or it expired long ago.")
        if grant.client != client.id:
            raise Rejected(Code.INVALID_GRANT, "This was issued to another client.")
        if oauth.is_used_again(grant, turn):
            log.warning("what is good once was used again", grant=grant.id, client=client.id, turn=turn)
            await revoke(gateway, grant, "used again")
        check(grant)
        turned = oauth.turned(grant, turn, wall)
        made = await make(turned)
        try:
            await gateway.store.commit(Decision(save=(turned,)))
        except Conflict:
            continue
        return made


async def _found(gateway: Gateway, id: str) -> Grant | None:
    return next(iter(await find.anywhere(gateway.store, Grant, id)), None)


async def _change(gateway: Gateway, grant: Grant, how: Callable[[Grant], Grant]) -> None:
    while (found := await _found(gateway, grant.id)) is not None and (changed := how(found)) is not found:
        try:
            await gateway.store.commit(Decision(save=(changed,)))
        except Conflict:
            continue
        return


def _read_code(code: str) -> tuple[str, int]:
    kind, _, rest = code.partition("_")
    id, _, proof = rest.partition(".")
    if kind != "ac" or not proof or not code.isascii():
        raise Rejected(Code.INVALID_GRANT, "This is no code of ours.")
    return _PREFIX + id, 0


def _read_refresh_token(token: str) -> tuple[str, int]:
    kind, _, rest = token.partition("_")
    id, _, rest = rest.partition(".")
    turn, _, proof = rest.partition(".")
    if kind != "rt" or not proof or not token.isascii() or not turn.isdigit() or len(turn) > 9 or int(turn) < 1:
        raise Rejected(Code.INVALID_GRANT, "This is no refresh token of ours.")
    return _PREFIX + id, int(turn)
