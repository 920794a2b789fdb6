"""Access tokens on the wire: this API's own form, and OAuth's grant to clients (RFC 6749, 4.4)."""

import re
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from tillgate.core.credentials import ACCESS_TOKEN_LASTS, ALL_SCOPES, MANAGERS_SCOPES, Credential, Scope
from tillgate.core.instants import SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import access_tokens
from tillgate.http import authorization
from tillgate.http.exchange import Headers, Reply
from tillgate.http.problems import Malformed
from tillgate.surfaces.v1 import errors, messages, mistakes
from tillgate.surfaces.v1.forms import ShortText, Text
from tillgate.surfaces.v1.operations import Visit, open_operation

EVERYTHING: Final = "v1"
"""The scope that is all of this API, as a secret key has it."""

_GRANT: Final = "client_credentials"
_UNCACHED: Final[Headers] = ((b"pragma", b"no-cache"),)
_ASK_BASIC: Final[Headers] = ((b"www-authenticate", b'Basic realm="Tillgate"'),)

_OAUTH_CODES: Final = {
    Reason.CLIENT_INVALID: "invalid_client",
    Reason.LIVE_MODE_UNAVAILABLE: "unauthorized_client",
    Reason.SCOPE_MISSING: "invalid_scope",
}
_OAUTH_CODES_OF_FIELDS: Final = {"grant_type": "unsupported_grant_type", "scope": "invalid_scope"}


class AccessTokenGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a client proves itself with, here or by HTTP Basic, and what it asks for: all that it may do, or less."""

    grant_type: ShortText | None = None
    client_id: ShortText | None = None
    client_secret: ShortText | None = None
    scope: Text | None = None

    def __repr__(self) -> str:
        return "AccessTokenGiven(…)"


class AccessTokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """An access token, to be sent as `Authorization: Bearer`."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    scope: str


class OAuthErrorShown(msgspec.Struct, frozen=True):
    """An error as OAuth has it (RFC 6749, 5.2)."""

    error: str
    error_description: str


@open_operation("POST", "/v1/auth/token", AccessTokenGiven, AccessTokenShown, OAuthErrorShown)
async def create(visit: Visit) -> Reply:
    """Exchange a client's id and secret for an access token (payment_gateway.txt, Generating an API Key).

    A form, or a request with HTTP Basic, is OAuth's `client_credentials` grant, and gets OAuth's errors.
    """
    is_oauth = messages.is_form(visit.request) or authorization.is_basic(visit.request)
    try:
        return await _create(visit, is_oauth=is_oauth)
    except (Refused, Malformed) as wrong:
        if not is_oauth:
            raise
        return _oauth_error(wrong)


async def _create(visit: Visit, *, is_oauth: bool) -> Reply:
    try:
        given = messages.read(messages.body(visit.request, AccessTokenGiven), AccessTokenGiven)
        _check_grant(given, is_oauth=is_oauth)
        id, secret = _proof(visit, given)
        client, tenant = await visit.directory.client(id, secret, on_this_machine=visit.request.is_local)
    except (Refused, Malformed):
        visit.limits.count_stranger(visit.request)
        raise
    visit.request.tenant = tenant.id
    visit.limits.count(visit.request, tenant.counted_as, tenant.rate_limit.a_minute)
    scopes = _scopes(given.scope, client)
    token = AccessTokenShown(
        access_token=await access_tokens.grant(visit.gateway, client, scopes),
        expires_in=ACCESS_TOKEN_LASTS // SECOND,
        scope=_written(scopes),
    )
    return Reply(200, messages.encode(token), _UNCACHED)


def _check_grant(given: AccessTokenGiven, *, is_oauth: bool) -> None:
    if given.grant_type is None and is_oauth:
        raise Refused(Reason.PARAMETER_MISSING, "grant_type")
    if given.grant_type not in (None, _GRANT):
        raise Refused(Reason.PARAMETER_INVALID, "grant_type", problem=f"it takes {_GRANT}")


def _proof(visit: Visit, given: AccessTokenGiven) -> tuple[str, str]:
    """The client's id and secret, from one place only (RFC 6749, 2.3)."""
    if not authorization.is_basic(visit.request):
        if given.client_id is None or given.client_secret is None:
            raise Refused(Reason.PARAMETER_MISSING, "client_id" if given.client_id is None else "client_secret")
        return given.client_id, given.client_secret
    if given.client_secret is not None:
        raise Refused(Reason.PARAMETER_INVALID, "client_secret", problem="it is in the Authorization header already")
    found = authorization.basic(visit.request)
    if found is None:
        raise Refused(Reason.CLIENT_INVALID)
    id, secret = map(unquote_plus, found)
    if given.client_id not in (None, id):
        raise Refused(Reason.PARAMETER_INVALID, "client_id", problem="the Authorization header has another")
    return id, secret


def _scopes(asked: str | None, client: Credential) -> frozenset[Scope]:
    if not client.scopes:
        raise Refused(Reason.SCOPE_MISSING, None, scope=EVERYTHING)
    if asked is None or not asked.split():
        return client.scopes
    if EVERYTHING in (names := asked.split()):
        return ALL_SCOPES
    known = {scope.value: scope for scope in Scope if scope not in ALL_SCOPES | MANAGERS_SCOPES}
    if unknown := [name for name in names if name not in known]:
        raise Refused(Reason.PARAMETER_INVALID, "scope", problem=f"there is no scope '{mistakes.shown(unknown[0])}'")
    return frozenset(known[name] for name in names)


def _written(scopes: frozenset[Scope]) -> str:
    return EVERYTHING if Scope.ALL in scopes else " ".join(sorted(scopes))


def _oauth_error(wrong: Refused | Malformed) -> Reply:
    code = "invalid_request"
    if isinstance(wrong, Refused):
        code = _OAUTH_CODES.get(wrong.reason, code)
        if wrong.reason is Reason.PARAMETER_INVALID:
            code = _OAUTH_CODES_OF_FIELDS.get(wrong.field or "", code)
    # A description holds printable ASCII without quotation marks and backslashes.
    plain = re.sub(r"[^ !#-\[\]-~]", "?", errors.described(wrong).replace('"', "'"))
    if code == "invalid_client":
        return Reply(401, messages.encode(OAuthErrorShown(code, plain)), _UNCACHED + _ASK_BASIC)
    return Reply(400, messages.encode(OAuthErrorShown(code, plain)), _UNCACHED)


OPERATIONS = (create,)
