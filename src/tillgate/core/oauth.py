"""OAuth 2: which clients there are, what they may ask for, and how one grant goes from its code to its last token."""

import enum
from typing import Final

import msgspec

from tillgate.core import redirects
from tillgate.core.credentials import ALL_SCOPES, Credential
from tillgate.core.instants import DAY, HOUR, SECOND, Duration, Instant
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.records import Record, evolve


class OAuthScope(enum.StrEnum):
    """What an access token is good for (checkout.md, OAuth 2)."""

    APPLICATIONS = "applications"
    PAYMENTS = "payments"
    ACCOUNT = "account"
    OFFLINE_ACCESS = "offline_access"
    """Nothing by itself: with it there is a refresh token."""


class GrantType(enum.StrEnum):
    """How a client gets tokens (RFC 6749, 4.1, 4.4 and 6)."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105


class Code(enum.StrEnum):
    """What was wrong with a request, as the wire has it (RFC 6749, 4.1.2.1 and 5.2)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    ACCESS_DENIED = "access_denied"


class Rejected(Exception):
    """A request that gets an error; `detail` is a sentence in printable ASCII without quotation marks."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


CODE_LASTS: Final[Duration] = 60 * SECOND
ACCESS_LASTS: Final[Duration] = HOUR
REFRESH_LASTS: Final[Duration] = 30 * DAY
"""How long a refresh token waits to be used."""

GRANT_LASTS: Final[Duration] = 365 * DAY
"""After how long a person is asked again, however often a client refreshes."""

REMEMBERED_FOR: Final[Duration] = DAY
"""How long a grant that is over is kept, so that who uses it once more is noticed."""

ALL_GRANT_TYPES: Final = frozenset(GrantType)
MACHINE_SCOPES: Final = frozenset(OAuthScope) - {OAuthScope.OFFLINE_ACCESS}


class Client(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A program that was registered by a merchant. A public one (RFC 6749, 2.1) has no secret; others have credentials.

    `scopes` is the most that it may ask for, `redirect_uris` where people are sent back to, and `by_loopback` that any
    address of the person's own machine is one as well.
    """

    created: Instant
    name: str
    scopes: frozenset[OAuthScope]
    grant_types: frozenset[GrantType]
    redirect_uris: tuple[str, ...] = ()
    is_public: bool = False
    by_loopback: bool = False
    removed_at: Instant | None = None

    def redirect_uri(self, asked: str | None) -> str | None:
        """Where to send somebody back to; None where that is nowhere this client is registered with."""
        if asked is None:
            return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None
        if any(redirects.same(registered, asked) for registered in self.redirect_uris):
            return asked
        return asked if self.by_loopback and redirects.is_loopback(asked) else None

    def require(self, grant_type: GrantType) -> None:
        """Raises Rejected where this client does not get tokens so."""
        if grant_type not in self.grant_types:
            raise Rejected(Code.UNAUTHORIZED_CLIENT, f"This client is not registered for {grant_type.value}.")


DEMO_CLIENT: Final = Client(
    tenant=DEMO_SHOP.id,
    id="your_client_id",
    created=0,
    name="Demo Client",
    scopes=frozenset(OAuthScope),
    grant_types=ALL_GRANT_TYPES,
    by_loopback=True,
)
"""The sandbox's client, with the id that the documents print. It exists by definition, on the machine itself only."""


def of_credential(credential: Credential, name: str) -> Client:
    """A client that was only ever given an id and a secret: it has what it was given for itself, and asks nobody."""
    return Client(
        tenant=credential.tenant,
        id=credential.id,
        created=credential.created,
        name=name,
        scopes=MACHINE_SCOPES if credential.scopes == ALL_SCOPES else frozenset(),
        grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}),
    )


def scopes(text: str | None, most: frozenset[OAuthScope]) -> frozenset[OAuthScope]:
    """What is asked for, or all of it where nothing is (RFC 6749, 3.3). Raises Rejected(INVALID_SCOPE)."""
    names = (text or "").split(" ")
    asked = frozenset(OAuthScope(name) for name in names if name in set(OAuthScope))
    if text and len(asked) != len(set(names)):
        raise Rejected(Code.INVALID_SCOPE, f"The scopes are {' '.join(OAuthScope)}, separated by single spaces.")
    if not text:
        asked = most
    if asked - most:
        raise Rejected(Code.INVALID_SCOPE, f"This client may ask for: {written(most) or 'nothing'}.")
    if not asked:
        raise Rejected(Code.INVALID_SCOPE, "This client may ask for no scope here.")
    return asked


def written(scopes: frozenset[OAuthScope]) -> str:
    """Scopes as the wire has them."""
    return " ".join(scope.value for scope in OAuthScope if scope in scopes)


class Spent(msgspec.Struct, frozen=True):
    """An access token that was taken back before its time: which of its grant's, and until when that matters."""

    turn: int
    until: Instant


class Grant(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a client may do for a merchant: in the name of a person who agreed, or without `person` in its own.

    A client's own is good for as long as the `credential` is (its digest) with which it came.

    Its tokens follow each other in turns: with the code of turn 0 there is the access token of turn 1 and, if it may be
    refreshed, the refresh token of turn 1, with which there are those of turn 2. Nothing else is good twice. None of
    this is kept: each names its grant and turn, and proves itself (vault.secrets).
    """

    client: str
    created: Instant
    scopes: frozenset[OAuthScope]
    used_at: Instant
    person: str | None = None
    credential: str | None = None
    redirect_uri: str | None = None
    challenge: str = ""
    turn: int = 0
    spent: tuple[Spent, ...] = ()
    revoked_at: Instant | None = None

    @property
    def is_refreshable(self) -> bool:
        """Whether there are refresh tokens."""
        return self.person is not None and OAuthScope.OFFLINE_ACCESS in self.scopes

    @property
    def ends_at(self) -> Instant:
        """When nothing more comes of it by itself; what was given out last may be good for longer."""
        if self.turn == 0:
            return self.created + CODE_LASTS
        return min(self.used_at + REFRESH_LASTS, self.created + GRANT_LASTS) if self.is_refreshable else self.used_at

    @property
    def erase_at(self) -> Instant:
        """When it may be forgotten."""
        over = self.revoked_at if self.revoked_at is not None else self.ends_at
        return max(over, self.used_at + ACCESS_LASTS) + REMEMBERED_FOR

    def is_good(self, turn: int) -> bool:
        """Whether the access token of a turn was not taken back."""
        return self.revoked_at is None and all(spent.turn != turn for spent in self.spent)


def agreed(
    id: str,
    tenant: str,
    client: Client,
    person: str,
    scopes: frozenset[OAuthScope],
    redirect_uri: str | None,
    challenge: str,
    wall: Instant,
) -> Grant:
    """A person has agreed: the grant of which the client gets the code. `redirect_uri` is as it was asked for."""
    return Grant(
        tenant=tenant,
        id=id,
        client=client.id,
        created=wall,
        used_at=wall,
        scopes=scopes,
        person=person,
        redirect_uri=redirect_uri,
        challenge=challenge,
    )


def own(id: str, client: Client, credential: str, scopes: frozenset[OAuthScope], wall: Instant) -> Grant:
    """A client's own grant, with its one access token."""
    return Grant(
        tenant=client.tenant,
        id=id,
        client=client.id,
        created=wall,
        used_at=wall,
        scopes=scopes - {OAuthScope.OFFLINE_ACCESS},
        credential=credential,
        turn=1,
    )


def is_used_again(grant: Grant, turn: int) -> bool:
    """Whether what is good once was used before: whoever has it then, somebody has it who should not."""
    return turn < grant.turn


def turned(grant: Grant, turn: int, wall: Instant) -> Grant:
    """The grant once its code (turn 0), or its refresh token, is used. Raises Rejected(INVALID_GRANT)."""
    if grant.revoked_at is not None or turn != grant.turn or wall >= grant.ends_at:
        what = "code" if turn == 0 else "refresh token"
        raise Rejected(Code.INVALID_GRANT, f"This {what} is used, expired or revoked.")
    return evolve(grant, turn=turn + 1, used_at=wall)


def revoked(grant: Grant, wall: Instant) -> Grant:
    """The grant once it is taken back with everything that came of it. The first time counts."""
    return grant if grant.revoked_at is not None else evolve(grant, revoked_at=wall)


def without(grant: Grant, turn: int, wall: Instant) -> Grant:
    """The grant once one of its access tokens is taken back; those that are over by themselves are no longer listed."""
    if grant.person is None:
        return revoked(grant, wall)
    still = tuple(spent for spent in grant.spent if spent.until > wall and spent.turn != turn)
    return evolve(grant, spent=(*still, Spent(turn, wall + ACCESS_LASTS)))
